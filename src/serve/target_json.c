/* SPDX-License-Identifier: Apache-2.0 */
/* Members of a target, written and read. */
#include "serve/target_json.h"

#include <string.h>

#include "base/str.h"
#include "base/timefmt.h"

void
target_json_write(struct jsonw *w, const struct health *h)
{
	jsonw_begin(w, NULL, '{');
	jsonw_str(w, "target", h->target);
	jsonw_str(w, "state", health_state_name(h->state));
	jsonw_time(w, "since_at", h->since_at);
	jsonw_time(w, "until_at", h->until_at);
	jsonw_opt(w, "reason", h->reason);
	jsonw_int(w, "waiting", (int64_t)h->waiting);
	jsonw_int(w, "under_way", (int64_t)h->under_way);
	jsonw_int(w, "failures", h->failures);
	jsonw_time(w, "last_ok_at", h->last_ok_at);
	jsonw_time(w, "last_error_at", h->last_error_at);
	jsonw_opt(w, "last_error", h->last_error);
	jsonw_end(w, '}');
}

static int
parse_state(const char *name, enum health_state *out)
{
	int i;

	for (i = 0; name != NULL && i < HEALTH_STATES; i++) {
		if (str_eq(health_state_name((enum health_state)i), name)) {
			*out = (enum health_state)i;
			return 0;
		}
	}
	return -1;
}

/* Not there: 0. */
static int
get_time(const struct json *j, const char *key, int64_t *out)
{
	const struct json *at = json_get(j, key);

	*out = 0;
	if (at == NULL)
		return 0;
	return json_str(at) != NULL ? timefmt_parse_iso(json_str(at), out) : -1;
}

static int
get_count(const struct json *j, const char *key, size_t *out)
{
	int64_t n;

	if (json_i64(json_get(j, key), &n) == -1 || n < 0)
		return -1;
	*out = (size_t)n;
	return 0;
}

int
target_json_parse(const struct json *j, struct health *out, struct error *err)
{
	size_t failures = 0;

	memset(out, 0, sizeof(*out));
	out->target = json_get_str(j, "target");
	if (str_empty(out->target) ||
	    parse_state(json_get_str(j, "state"), &out->state) == -1 ||
	    get_count(j, "waiting", &out->waiting) == -1 ||
	    get_count(j, "under_way", &out->under_way) == -1 ||
	    get_count(j, "failures", &failures) == -1 ||
	    get_time(j, "since_at", &out->since_at) == -1 ||
	    get_time(j, "until_at", &out->until_at) == -1 ||
	    get_time(j, "last_ok_at", &out->last_ok_at) == -1 ||
	    get_time(j, "last_error_at", &out->last_error_at) == -1)
		return err_set(err, ERR_PROTOCOL,
		    "the service tells of a target what cannot be read");
	out->failures = (unsigned)failures;
	out->reason = json_get_str(j, "reason");
	out->last_error = json_get_str(j, "last_error");
	return 0;
}
