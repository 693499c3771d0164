/* SPDX-License-Identifier: Apache-2.0 */
/* All that match, as many in a request as are done well within its time. */
#include "cmd/remote_bulk.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "base/timefmt.h"
#include "cmd/remote_query.h"

#define TIMEOUT_MS 60000
#define ONCE 5000

struct progress {
	const struct remote_bulk *b;
	struct remote_bulk_end end;
	char next[DELIVERY_ID_SIZE]; /* "": that were all */
	int64_t until_at; /* where the first answer says that it ends; or 0 */
};

static int
no_count(struct error *err)
{
	return err_set(
	    err, ERR_PROTOCOL, "the service does not say how many it took");
}

/* A count that may be missing. */
static int
take_count(const struct json *answer, const char *name, int64_t *n)
{
	const struct json *j = json_get(answer, name);

	*n = 0;
	if (j == NULL)
		return 0;
	return json_i64(j, n) == -1 || *n < 0 ? -1 : 0;
}

static int
take_made(
    const struct remote_bulk *b, const struct json *answer, struct error *err)
{
	const struct json *j = json_first(json_get(answer, "jobs"));

	for (; j != NULL; j = json_next(j)) {
		if (json_str(j) == NULL || !jobid_ok(json_str(j)))
			return no_count(err);
		if (b->made != NULL)
			b->made(json_str(j), b->arg);
	}
	return 0;
}

/* `next` must be another place than the last one, or it might never end. */
static int
take_answer(const struct json *answer, void *out, struct error *err)
{
	struct progress *p = out;
	const char *next = json_get_str(answer, "next");
	const char *name = p->b->dry_run ? "matched" : p->b->done;
	const char *until = json_get_str(answer, "until");
	int64_t n, skipped;

	if (json_get(answer, name) == NULL ||
	    take_count(answer, name, &n) == -1 ||
	    take_count(answer, "skipped", &skipped) == -1)
		return no_count(err);
	if (next != NULL &&
	    (n + skipped == 0 || str_eq(next, p->next) ||
		(!delivery_id_ok(next) && !jobid_ok(next))))
		return no_count(err);
	if (until != NULL && timefmt_parse_rfc3339(until, &p->until_at) == -1)
		return no_count(err);
	p->end.n += n;
	p->end.skipped += skipped;
	snprintf(p->next, sizeof(p->next), "%s", next != NULL ? next : "");
	return take_made(p->b, answer, err);
}

static void
write_path(const struct progress *p, int64_t most, struct buf *path)
{
	const struct remote_bulk *b = p->b;
	struct store_query jobs;
	char limit[32];

	snprintf(limit, sizeof(limit), "%lld", (long long)most);
	buf_puts(path, b->path);
	if (b->jobs != NULL) {
		jobs = *b->jobs;
		if (p->until_at != 0)
			jobs.until_at = p->until_at;
		remote_job_query(path, &jobs);
	} else {
		remote_delivery_query(path, b->deliveries);
	}
	remote_parameter(path, "limit", limit);
	remote_parameter(path, "dry_run", b->dry_run ? "true" : NULL);
	remote_parameter(path, "again", b->again ? "true" : NULL);
	remote_parameter(path, "after", p->next[0] != '\0' ? p->next : NULL);
}

static int
ask_some(struct app *app, int64_t most, struct progress *p, struct error *err)
{
	struct client_request request = {
	    .method = "POST",
	    .timeout_ms = TIMEOUT_MS,
	    .once = true,
	};
	struct buf path;
	int rc;

	buf_init(&path, REMOTE_QUERY_MAX);
	write_path(p, most, &path);
	request.path = path.data;
	rc = path.overflow
	    ? err_set(err, ERR_USAGE, "what is asked for is too long")
	    : remote_ask(app, &request, take_answer, p, err);
	buf_done(&path);
	return rc;
}

int
remote_bulk(struct app *app, const struct remote_bulk *b,
    struct remote_bulk_end *out, struct error *err)
{
	struct progress p = {.b = b};
	int64_t left;
	int rc;

	do {
		left = b->limit > 0 ? b->limit - p.end.n - p.end.skipped : ONCE;
		rc = ask_some(app, left < ONCE ? left : ONCE, &p, err);
	} while (rc == 0 && p.next[0] != '\0' &&
	    (b->limit == 0 || p.end.n + p.end.skipped < b->limit));
	*out = p.end;
	return rc;
}
