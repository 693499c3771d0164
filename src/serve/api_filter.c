/* SPDX-License-Identifier: Apache-2.0 */
/* From parameters to a question of jobs, deliveries or attempts. */
#include "serve/api_filter.h"

#include "base/mem.h"
#include "base/timefmt.h"
#include "deliver/class.h"
#include "deliver/payload.h"
#include "job/tags.h"

/* Of HTTP, or the status that a process ends with. */
#define STATUS_MAX 999

static int
take_time(
    const struct api_call *c, const char *name, int64_t *out, struct error *err)
{
	const char *value = api_query_get(&c->query, name);

	if (value == NULL || timefmt_parse_rfc3339(value, out) == 0)
		return 0;
	err_set(err, ERR_USAGE, "%s \"%s\": that is no instant", name, value);
	return err_hint(
	    err, "Write it as 2026-03-04T05:06:07Z; a '+' is %%2B in a query.");
}

static int
take_times(const struct api_call *c, struct store_query *q, struct error *err)
{
	bool ends = api_query_get(&c->query, "until") != NULL;

	if (take_time(c, "since", &q->since_at, err) == -1 ||
	    take_time(c, "until", &q->until_at, err) == -1)
		return -1;
	if (ends && q->until_at <= q->since_at)
		return err_set(err, ERR_USAGE,
		    "until \"%s\": that is not behind since",
		    api_query_get(&c->query, "until"));
	return 0;
}

static int
take_status(const struct api_call *c, struct store_query *q, struct error *err)
{
	int64_t status = 0;

	if (api_query_i64(&c->query, "status", 0, STATUS_MAX, &status, err) ==
	    -1)
		return -1;
	q->by_status = api_query_get(&c->query, "status") != NULL;
	q->status = (int)status;
	return 0;
}

int
api_filter_deliveries(
    const struct api_call *c, struct store_query *q, struct error *err)
{
	static const char *const states[] = {
	    "waiting", "delivered", "dead", NULL};

	q->target = api_query_get(&c->query, "target");
	q->job = api_query_get(&c->query, "job");
	q->note = api_query_get(&c->query, "error");
	if (q->job != NULL && !jobid_ok(q->job))
		return err_set(
		    err, ERR_USAGE, "job \"%s\": that is no id", q->job);
	if (api_query_word(&c->query, "state", states, &q->state, err) == -1 ||
	    api_query_word(&c->query, "event", payload_event_types, &q->event,
		err) == -1 ||
	    take_times(c, q, err) == -1)
		return -1;
	return take_status(c, q, err);
}

int
api_filter_jobs(
    const struct api_call *c, struct store_query *q, struct error *err)
{
	static const char *const states[] = {"queued", "pending", "done", NULL};
	static const char *const outcomes[] = {
	    "ok", "failed", "expired", "cancelled", NULL};

	q->endpoint = api_query_get(&c->query, "endpoint");
	q->tag = api_query_get(&c->query, "tag");
	q->note = api_query_get(&c->query, "error");
	if (q->tag != NULL && !tag_ok(q->tag)) {
		err_set(err, ERR_USAGE, "tag \"%s\": that is no tag", q->tag);
		return err_hint(err,
		    "One tag, 1 to 64 of A-Z a-z 0-9 . _ : / = + @ -; a '+' "
		    "is %%2B in a query.");
	}
	if (api_query_word(&c->query, "state", states, &q->state, err) == -1 ||
	    api_query_word(&c->query, "outcome", outcomes, &q->outcome, err) ==
		-1)
		return -1;
	return take_times(c, q, err);
}

static int
take_class(const struct api_call *c, struct store_query *q, struct error *err)
{
	const char *name = api_query_get(&c->query, "class");
	enum deliver_class class;
	struct buf list;

	q->error_class = name;
	if (name == NULL || deliver_class_parse(name, &class) == 0)
		return 0;
	buf_init(&list, sizeof(err->text));
	deliver_class_list(&list);
	err_set(
	    err, ERR_USAGE, "class \"%s\": it is one of %s", name, list.data);
	buf_done(&list);
	return -1;
}

int
api_filter_attempts(
    const struct api_call *c, struct store_query *q, struct error *err)
{
	static const char *const outcomes[] = {
	    "open", "ok", "failed", "interrupted", NULL};

	if (api_query_word(&c->query, "outcome", outcomes, &q->outcome, err) ==
		-1 ||
	    take_class(c, q, err) == -1 || take_times(c, q, err) == -1)
		return -1;
	return take_status(c, q, err);
}

bool
api_filter_none(const struct api_call *c, const char *const *names)
{
	for (; *names != NULL; names++) {
		if (api_query_get(&c->query, *names) != NULL)
			return false;
	}
	return true;
}
