/* SPDX-License-Identifier: Apache-2.0 */
/* Server-sent events, as awaitd writes them: lines end in LF. */
#include "cmd/sse.h"

#include <string.h>

#include "base/str.h"

#define EVENT_MAX ((size_t)1 << 20)

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
}

/* An event is over; one without data only moves the place. */
static int
dispatch(struct sse *s, sse_fn *fn, void *arg, struct error *err)
{
	int rc = 0;

	if (s->data.len > 0)
		rc = fn(s->data.data, s->data.len, arg, err);
	buf_clear(&s->data);
	/* Not before it was taken: it comes again where that failed. */
	if (rc == 0)
		memcpy(s->last_id, s->id, sizeof(s->last_id));
	return rc;
}

static const char *
value_of(const char *line, const char *name)
{
	size_t len = strlen(name);

	if (!str_starts(line, name) || line[len] != ':')
		return NULL;
	return line + len + 1 + (line[len + 1] == ' ');
}

static int
take_line(struct sse *s, sse_fn *fn, void *arg, struct error *err)
{
	const char *line = s->line.data, *value;

	if (*line == '\0')
		return dispatch(s, fn, arg, err);
	value = value_of(line, "id");
	if (value != NULL && strlen(value) < sizeof(s->id))
		memcpy(s->id, value, strlen(value) + 1);
	value = value_of(line, "data");
	if (value == NULL)
		return 0;
	if (s->data.len > 0)
		buf_putc(&s->data, '\n');
	buf_puts(&s->data, value);
	return 0;
}

int
sse_feed(struct sse *s, const char *bytes, size_t len, sse_fn *fn, void *arg,
    struct error *err)
{
	const char *end;
	size_t n;

	while (len > 0) {
		end = memchr(bytes, '\n', len);
		n = end != NULL ? (size_t)(end - bytes) : len;
		buf_append(&s->line, bytes, n);
		if (s->line.overflow || s->data.overflow)
			return err_set(err, ERR_PROTOCOL,
			    "an event is larger than any should be");
		if (end == NULL)
			return 0;
		if (take_line(s, fn, arg, err) == -1)
			return -1;
		buf_clear(&s->line);
		bytes += n + 1;
		len -= n + 1;
	}
	return 0;
}
