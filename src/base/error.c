/* SPDX-License-Identifier: Apache-2.0 */
/* Errors as values: set where they happen, prefixed on the way up. */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

void
error_clear(struct error *err)
{
	memset(err, 0, sizeof(*err));
}

/*
 * Text from outside may hold line ends and worse; an error is one line that a
 * terminal can show.
 */
static void __attribute__((format(printf, 3, 0)))
format_line(char *out, size_t size, const char *fmt, va_list ap)
{
	vsnprintf(out, size, fmt, ap);
	str_defang(out);
}

/* As much of s as fits. */
static void
append(char *out, size_t size, const char *s)
{
	size_t len = strlen(out), n = strnlen(s, size - 1 - len);

	memcpy(out + len, s, n);
	out[len + n] = '\0';
}

static void __attribute__((format(printf, 3, 0)))
set_text(struct error *err, enum error_code code, const char *fmt, va_list ap)
{
	char text[sizeof(err->text)];

	/* The arguments may point into the old error. */
	format_line(text, sizeof(text), fmt, ap);
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

	va_start(ap, fmt);
	set_text(err, code, fmt, ap);
	va_end(ap);
	err->sys_errno = saved;
	append(err->text, sizeof(err->text), ": ");
	append(err->text, sizeof(err->text), strerror(saved));
	return -1;
}

bool
err_no_room(const struct error *err)
{
	return err->sys_errno == ENOSPC || err->sys_errno == EDQUOT ||
	    err->sys_errno == EFBIG;
}

int
err_prefix(struct error *err, const char *fmt, ...)
{
	char text[sizeof(err->text)];
	va_list ap;

	va_start(ap, fmt);
	format_line(text, sizeof(text), fmt, ap);
	va_end(ap);
	append(text, sizeof(text), ": ");
	append(text, sizeof(text), err->text);
	memcpy(err->text, text, sizeof(text));
	return -1;
}

int
err_hint(struct error *err, const char *fmt, ...)
{
	char hint[sizeof(err->hint)];
	va_list ap;

	va_start(ap, fmt);
	format_line(hint, sizeof(hint), fmt, ap);
	va_end(ap);
	memcpy(err->hint, hint, sizeof(hint));
	return -1;
}

char *
err_words(const struct error *err)
{
	return xasprintf(
	    "%s%s%s", err->text, err->hint[0] != '\0' ? ". " : "", err->hint);
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
	case ERR_EXISTS:
		return "exists";
	case ERR_STORE:
		return "store";
	case ERR_DAMAGED:
		return "damaged";
	}
	abort();
}
