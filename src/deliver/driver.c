/* SPDX-License-Identifier: Apache-2.0 */
/* Targets, and what all drivers do with the words of foreign programs. */
#include "deliver/driver.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

struct target *
target_new(const struct target_options *o, const struct deliver_driver *driver,
    void *take_self)
{
	struct target *t = xcalloc(1, sizeof(*t));

	t->refs = 1;
	t->name = xstrdup(o->name);
	t->payload = o->payload;
	t->format = o->format;
	t->inline_max = o->inline_max;
	t->url_valid_s = o->url_valid_s;
	t->schedule = o->schedule;
	t->max_in_flight = o->max_in_flight;
	t->rate = o->rate;
	t->breaker_failures = o->breaker_failures;
	t->breaker_max_ms = o->breaker_max_ms;
	t->driver = driver;
	t->self = take_self;
	return t;
}

struct target *
target_ref(struct target *t)
{
	t->refs++;
	return t;
}

void
target_unref(struct target *t)
{
	if (t == NULL || --t->refs > 0)
		return;
	t->driver->free(t->self);
	free(t->name);
	free(t);
}

const char *
deliver_verdict_name(enum deliver_verdict verdict)
{
	static const char *const names[] = {
	    [DELIVER_OK] = "ok",
	    [DELIVER_RETRY] = "retry",
	    [DELIVER_DEAD] = "dead",
	    [DELIVER_GONE] = "gone",
	};

	return names[verdict];
}

/* A sequence that the end of `s` cut in two is left out. */
static size_t
without_cut_sequence(const char *s, size_t len)
{
	size_t back;

	for (back = 1; back <= 3 && back <= len; back++) {
		unsigned char c = (unsigned char)s[len - back];
		size_t want = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;

		if (c >= 0xc0)
			return back < want ? len - back : len;
		if (c < 0x80)
			return len;
	}
	return len;
}

/* A reference's body has a presigned URL: without that it opens nothing. */
static void
mask_signatures(char *text)
{
	static const char name[] = "X-Amz-Signature";
	size_t len;

	while ((text = strcasestr(text, name)) != NULL) {
		text += strlen(name);
		if (strncasecmp(text, "%3d", 3) == 0)
			text += 3;
		else
			text += strspn(text, "=: \"'");
		len = strspn(text, "0123456789abcdefABCDEF");
		memset(text, '*', len);
	}
}

char *
deliver_text(const void *data, size_t len)
{
	char *text, *p;

	if (len > ATTEMPT_RESPONSE_MAX)
		len = ATTEMPT_RESPONSE_MAX;
	if (len == ATTEMPT_RESPONSE_MAX)
		len = without_cut_sequence(data, len);
	if (len == 0)
		return NULL;
	text = xmalloc(len + 1);
	memcpy(text, data, len);
	text[len] = '\0';
	while ((p = memchr(text, '\0', len)) != NULL)
		*p = ' ';
	str_defang(text);
	mask_signatures(text);
	return text;
}
