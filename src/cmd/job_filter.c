/* SPDX-License-Identifier: Apache-2.0 */
/* From options to a question of jobs. */
#include "cmd/job_filter.h"

#include "base/mem.h"
#include "cmd/filter.h"
#include "job/tags.h"

#define AT(field) offsetof(struct job_filter_options, field)
const struct cmd_option job_filter_cmd_options[] = {
    {"state", 0, OPT_TEXT, AT(state), "STATE",
	"queued, pending or done: only these"},
    {"outcome", 0, OPT_TEXT, AT(outcome), "OUTCOME",
	"ok, failed, expired or cancelled: only these"},
    {"endpoint", 'e', OPT_TEXT, AT(endpoint), "ENDPOINT",
	"only of this endpoint"},
    {"tag", 0, OPT_TEXT, AT(tag), "TAG", "only with this tag"},
    {"since", 0, OPT_TEXT, AT(since), "TIME",
	"made then or later; 2h: two hours ago"},
    {"until", 0, OPT_TEXT, AT(until), "TIME", "made before then"},
    {"error", 0, OPT_TEXT, AT(error), "TEXT",
	"only where the error or its code holds this"},
};
const size_t job_filter_cmd_options_len = ARRAY_LEN(job_filter_cmd_options);

bool
job_filter_none(const struct job_filter_options *o)
{
	return o->state == NULL && o->outcome == NULL && o->endpoint == NULL &&
	    o->tag == NULL && o->since == NULL && o->until == NULL &&
	    o->error == NULL;
}

static int
check(const struct store_query *q, struct error *err)
{
	if (q->tag != NULL && !tag_ok(q->tag)) {
		err_set(
		    err, ERR_USAGE, "--tag \"%.80s\": that is no tag", q->tag);
		return err_hint(
		    err, "One tag, 1 to 64 of A-Z a-z 0-9 . _ : / = + @ -");
	}
	if (q->until_at != 0 && q->until_at <= q->since_at)
		return err_set(
		    err, ERR_USAGE, "--until: that is not behind --since");
	if (store_query_check(q, err) == 0)
		return 0;
	return err_hint(err,
	    "States are queued, pending and done; outcomes ok, failed, "
	    "expired and cancelled.");
}

int
job_filter_query(const struct job_filter_options *o, struct store_query *out,
    struct error *err)
{
	struct store_query q = {
	    .state = o->state,
	    .outcome = o->outcome,
	    .endpoint = o->endpoint,
	    .tag = o->tag,
	    .note = o->error,
	};

	if (filter_time("since", o->since, &q.since_at, err) == -1 ||
	    filter_time("until", o->until, &q.until_at, err) == -1 ||
	    check(&q, err) == -1)
		return -1;
	*out = q;
	return 0;
}
