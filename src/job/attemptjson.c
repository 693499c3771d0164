/* SPDX-License-Identifier: Apache-2.0 */
/* An attempt as JSON, and back. */
#include "job/attemptjson.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "job/jobjson.h"

/* --- writing -------------------------------------------------------- */

/* "Name: value\n" for each. */
static void
write_fields(struct jsonw *w, const char *name, const char *text)
{
	char *copy = xstrdup(text), *rest = copy, *line, *value;

	jsonw_begin(w, name, '[');
	while ((line = strsep(&rest, "\n")) != NULL) {
		value = strstr(line, ": ");
		if (value == NULL)
			continue;
		*value = '\0';
		jsonw_begin(w, NULL, '{');
		jsonw_str(w, "name", line);
		jsonw_str(w, "value", value + 2);
		jsonw_end(w, '}');
	}
	jsonw_end(w, ']');
	free(copy);
}

void
attemptjson_write(struct jsonw *w, const struct attempt_entry *e, bool full)
{
	const struct attempt *a = &e->a;

	jsonw_begin(w, NULL, '{');
	jsonw_str(w, "delivery", e->delivery);
	jsonw_str(w, "job", e->job);
	jsonw_str(w, "target", e->target);
	jsonw_str(w, "event", e->event);
	jobjson_write_attempt(w, a);
	if (e->next_attempt_at != 0)
		jsonw_time(w, "next_attempt_at", e->next_attempt_at);
	jsonw_opt(w, "verdict", e->verdict);
	if (full && a->request_headers != NULL)
		write_fields(w, "request_headers", a->request_headers);
	if (full && a->response_headers != NULL)
		write_fields(w, "response_headers", a->response_headers);
	jsonw_end(w, '}');
}

/* --- reading -------------------------------------------------------- */

static int
bad(struct error *err, const char *name)
{
	return err_set(err, ERR_PROTOCOL,
	    "the member \"%s\" is not what it should be", name);
}

static int
read_field(struct buf *b, const struct json *item)
{
	const char *name = json_get_str(item, "name");
	const char *value = json_get_str(item, "value");

	if (name == NULL || value == NULL || strchr(name, '\n') != NULL ||
	    strchr(value, '\n') != NULL)
		return -1;
	return buf_printf(b, "%s: %s\n", name, value);
}

/* NULL where there are none. */
static int
read_fields(
    const struct json *j, const char *name, char **out, struct error *err)
{
	const struct json *list = json_get(j, name), *item;
	struct buf b;
	int rc = 0;

	if (list == NULL)
		return 0;
	if (!json_is_array(list))
		return bad(err, name);
	buf_init(&b, ATTEMPT_HEADERS_MAX);
	for (item = json_first(list); item != NULL && rc == 0;
	     item = json_next(item))
		rc = read_field(&b, item);
	if (rc == 0 && b.len > 0) {
		*out = buf_take(&b);
		return 0;
	}
	buf_done(&b);
	return rc == 0 ? 0 : bad(err, name);
}

static int
read_entry(const struct json *j, struct attempt_entry *e, struct error *err)
{
	const char *delivery = json_get_str(j, "delivery");
	const char *job = json_get_str(j, "job");
	const char *next = json_get_str(j, "next_attempt_at");

	if (delivery == NULL || !delivery_id_ok(delivery))
		return bad(err, "delivery");
	if (job == NULL || !jobid_ok(job))
		return bad(err, "job");
	memcpy(e->delivery, delivery, DELIVERY_ID_SIZE);
	memcpy(e->job, job, JOBID_SIZE);
	e->target = xstrdup_or_null(json_get_str(j, "target"));
	e->event = xstrdup_or_null(json_get_str(j, "event"));
	e->verdict = xstrdup_or_null(json_get_str(j, "verdict"));
	if (e->target == NULL || e->event == NULL)
		return bad(err, e->target == NULL ? "target" : "event");
	if (next != NULL &&
	    timefmt_parse_rfc3339(next, &e->next_attempt_at) == -1)
		return bad(err, "next_attempt_at");
	if (jobjson_parse_attempt(j, &e->a, err) == -1 ||
	    read_fields(j, "request_headers", &e->a.request_headers, err) == -1)
		return -1;
	return read_fields(j, "response_headers", &e->a.response_headers, err);
}

int
attemptjson_parse(
    const struct json *j, struct attempt_entry **out, struct error *err)
{
	struct attempt_entry *e = xcalloc(1, sizeof(*e));

	if (read_entry(j, e, err) == -1) {
		attempt_entry_free(e);
		return -1;
	}
	*out = e;
	return 0;
}
