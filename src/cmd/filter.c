/* SPDX-License-Identifier: Apache-2.0 */
/* From options to the parameters of a question. */
#include "cmd/filter.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"

#define AT(field) offsetof(struct filter_options, field)
const struct cmd_option filter_cmd_options[] = {
    {"state", 0, OPT_TEXT, AT(state), "STATE",
	"waiting, delivered or dead: only these"},
    {"target", 0, OPT_TEXT, AT(target), "TARGET",
	"only to this one, such as 'webhook hook'"},
    {"job", 0, OPT_TEXT, AT(job), "JOB", "only of this job"},
    {"event", 0, OPT_TEXT, AT(event), "EVENT",
	"only these, such as inference.failed"},
    {"since", 0, OPT_TEXT, AT(since), "TIME",
	"made then or later (dead: ended); 2h: ago"},
    {"until", 0, OPT_TEXT, AT(until), "TIME", "the same, before then"},
    {"error", 0, OPT_TEXT, AT(error), "TEXT",
	"only where the note holds this text"},
    {"status", 0, OPT_TEXT, AT(status), "NUMBER",
	"only where the last attempt ended with it"},
};
const size_t filter_cmd_options_len = ARRAY_LEN(filter_cmd_options);

bool
filter_none(const struct filter_options *o)
{
	return o->state == NULL && o->target == NULL && o->job == NULL &&
	    o->event == NULL && o->since == NULL && o->until == NULL &&
	    o->error == NULL && o->status == NULL;
}

int
filter_time(const char *name, const char *text, int64_t *out, struct error *err)
{
	int64_t at, span;

	if (text == NULL)
		return 0;
	if (str_to_duration_ms(text, &span) == 0 && span >= 0) {
		at = clock_wall_ms() - span;
	} else if (timefmt_parse_rfc3339(text, &at) == -1) {
		err_set(
		    err, ERR_USAGE, "--%s \"%s\": that is no time", name, text);
		return err_hint(err,
		    "Write a span, such as 2h for two hours ago, or an "
		    "instant, such as 2026-03-04T05:06:07Z.");
	}
	/* 0 would be no filter. */
	*out = at > 1 ? at : 1;
	return 0;
}

static int
take_time(const char *name, const char *text, char out[TIMEFMT_ISO_SIZE],
    const char **value, struct error *err)
{
	int64_t at;

	if (text == NULL)
		return 0;
	if (filter_time(name, text, &at, err) == -1)
		return -1;
	timefmt_iso(at, out);
	*value = out;
	return 0;
}

int
filter_query(const struct filter_options *o, struct filter *f,
    struct remote_query *out, struct error *err)
{
	struct remote_query q = {
	    .state = o->state,
	    .target = o->target,
	    .job = o->job,
	    .event = o->event,
	    .error = o->error,
	    .status = o->status,
	};

	if (take_time("since", o->since, f->since, &q.since, err) == -1 ||
	    take_time("until", o->until, f->until, &q.until, err) == -1)
		return -1;
	*out = q;
	return 0;
}
