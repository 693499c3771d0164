/* SPDX-License-Identifier: Apache-2.0 */
/* Server-sent events, whoever wrote them. */
#include "cmd/sse.h"

#include <string.h>

#define EVENT_MAX ((size_t)1 << 20)
#define BOM "\xef\xbb\xbf"

static int
too_large(struct error *err)
{
	return err_set(
	    err, ERR_PROTOCOL, "an event is larger than any should be");
}

void
sse_init(struct sse *s)
{
	memset(s, 0, sizeof(*s));
	buf_init(&s->line, EVENT_MAX);
	buf_init(&s->data, EVENT_MAX);
}

void
sse_done(struct sse *s)
{
	buf_done(&s->line);
	buf_done(&s->data);
}

void
sse_restart(struct sse *s)
{
	buf_clear(&s->line);
	buf_clear(&s->data);
	memcpy(s->id, s->last_id, sizeof(s->id));
	s->begun = false;
	s->cr = false;
}

/* An event is over; one that says nothing only moves the place. */
static int
dispatch(struct sse *s, sse_fn *fn, void *arg, struct error *err)
{
	int rc = 0;

	if (s->data.len > 1) {
		buf_truncate(&s->data, s->data.len - 1);
		rc = fn(s->data.data, s->data.len, arg, err);
	}
	buf_clear(&s->data);
	/* Not before it was taken: it comes again where that failed. */
	if (rc == 0)
		memcpy(s->last_id, s->id, sizeof(s->last_id));
	return rc;
}

/* It goes back in a header, and is shown: one that cannot is none. */
static void
take_id(struct sse *s, const char *value, size_t len)
{
	size_t i;

	if (len >= sizeof(s->id))
		return;
	for (i = 0; i < len; i++) {
		if (value[i] < ' ' || value[i] > '~')
			return;
	}
	memcpy(s->id, value, len);
	s->id[len] = '\0';
}

static bool
is_field(const char *line, size_t len, const char *name)
{
	return len == strlen(name) && memcmp(line, name, len) == 0;
}

static int
take_line(struct sse *s, sse_fn *fn, void *arg, struct error *err)
{
	const char *line = s->line.data, *end = line + s->line.len, *value;
	size_t len;

	if (!s->begun && s->line.len >= 3 && memcmp(line, BOM, 3) == 0)
		line += 3;
	s->begun = true;
	if (line == end)
		return dispatch(s, fn, arg, err);
	value = memchr(line, ':', (size_t)(end - line));
	len = (size_t)((value != NULL ? value : end) - line);
	/* A name alone has an empty value. */
	value = value != NULL ? value + 1 : end;
	if (value < end && *value == ' ')
		value++;
	if (is_field(line, len, "id")) {
		take_id(s, value, (size_t)(end - value));
	} else if (is_field(line, len, "data")) {
		buf_append(&s->data, value, (size_t)(end - value));
		buf_putc(&s->data, '\n');
	}
	return 0;
}

/* Up to the line's end, which is LF, CR or both. */
static size_t
line_len(const char *bytes, size_t len)
{
	size_t n;

	for (n = 0; n < len && bytes[n] != '\n' && bytes[n] != '\r'; n++)
		;
	return n;
}

int
sse_feed(struct sse *s, const char *bytes, size_t len, sse_fn *fn, void *arg,
    struct error *err)
{
	size_t n;

	for (; len > 0; bytes += n, len -= n) {
		/* The second half of CR LF, wherever a read cut it. */
		n = s->cr && *bytes == '\n';
		s->cr = false;
		if (n > 0)
			continue;
		n = line_len(bytes, len);
		buf_append(&s->line, bytes, n);
		if (s->line.overflow)
			return too_large(err);
		if (n == len)
			return 0;
		s->cr = bytes[n++] == '\r';
		if (take_line(s, fn, arg, err) == -1)
			return -1;
		if (s->data.overflow)
			return too_large(err);
		buf_clear(&s->line);
	}
	return 0;
}
