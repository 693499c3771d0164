/* SPDX-License-Identifier: Apache-2.0 */
/* Errors as values: set where they happen, prefixed on the way up. */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
error_clear(struct error *err)
{
	memset(err, 0, sizeof(*err));
}

/* Text from outside may hold line ends; an error is one line. */
static void
flatten(char *s)
{
	for (; *s != '\0'; s++) {
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			*s = ' ';
	}
}

static void
set_text(struct error *err, enum error_code code, const char *fmt, va_list ap)
{
	char text[sizeof(err->text)];

	/* The arguments may point into the old error. */
	vsnprintf(text, sizeof(text), fmt, ap);
	flatten(text);
	error_clear(err);
	err->code = code;
	memcpy(err->text, text, sizeof(text));
}

int
err_set(struct error *err, enum error_code code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_text(err, code, fmt, ap);
	va_end(ap);
	return -1;
}

int
err_set_errno(struct error *err, enum error_code code, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;
	size_t len;

	va_start(ap, fmt);
	set_text(err, code, fmt, ap);
	va_end(ap);
	len = strlen(err->text);
	snprintf(
	    err->text + len, sizeof(err->text) - len, ": %s", strerror(saved));
	return -1;
}

int
err_prefix(struct error *err, const char *fmt, ...)
{
	char old[sizeof(err->text)];
	va_list ap;
	size_t len;

	memcpy(old, err->text, sizeof(old));
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	flatten(err->text);
	len = strlen(err->text);
	snprintf(err->text + len, sizeof(err->text) - len, ": %s", old);
	return -1;
}

int
err_hint(struct error *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err->hint, sizeof(err->hint), fmt, ap);
	va_end(ap);
	flatten(err->hint);
	return -1;
}

const char *
error_code_name(enum error_code code)
{
	switch (code) {
	case ERR_NONE:
		return "none";
	case ERR_USAGE:
		return "usage";
	case ERR_CONFIG:
		return "config";
	case ERR_IO:
		return "io";
	case ERR_NET:
		return "net";
	case ERR_PROTOCOL:
		return "protocol";
	case ERR_AUTH:
		return "auth";
	case ERR_NOT_FOUND:
		return "not-found";
	case ERR_THROTTLED:
		return "throttled";
	case ERR_REFUSED:
		return "refused";
	case ERR_REMOTE:
		return "remote";
	case ERR_TIMEOUT:
		return "timeout";
	case ERR_CANCELLED:
		return "cancelled";
	case ERR_LIMIT:
		return "limit";
	case ERR_BUSY:
		return "busy";
	case ERR_STORE:
		return "store";
	}
	abort();
}
