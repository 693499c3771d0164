/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /v1/jobs/ID/result: the bytes, or those of one range, out of S3 into a
 * file without a name, and on to the peer. A few at a time; the others wait
 * their turn.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/discard.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/fetch.h"
#include "engine/site.h"
#include "serve/api_call.h"
#include "serve/api_input.h"
#include "serve/api_range.h"
#include "serve/intake.h"

#define FETCHES_MAX 16
#define TYPE_MAX 255
#define TYPE_DEFAULT "application/octet-stream"

struct result {
	struct api_call *call;
	struct job *job;
	bool late; /* the one that came after the job had expired */
	bool ranged; /* a 206, of the bytes from `begin` on and before `end` */
	int64_t begin, end;
	int fd;
	bool queued;
	bool counted;
	struct fetch *fetch;
};

static void next_post(struct api *api);

static void
result_free(void *work)
{
	struct result *r = work;
	struct api *api = r->call->api;

	fetch_cancel(r->fetch);
	discard_fd(r->fd);
	job_free(r->job);
	if (r->queued)
		TAILQ_REMOVE(&api->queue, r->call, queued);
	if (r->counted) {
		api->fetching--;
		next_post(api);
	}
	free(r);
}

/* --- the answer ----------------------------------------------------- */

/* What a model says of its result goes into a header only if it is a type. */
static bool
is_type(const char *s)
{
	const char *p;
	unsigned slashes = 0;

	if (s == NULL || strlen(s) > TYPE_MAX || !str_is_alnum(*s))
		return false;
	for (p = s; *p != '\0'; p++) {
		if (*p < 0x20 || *p > 0x7e)
			return false;
		if (*p == '/')
			slashes++;
	}
	return slashes == 1 && p[-1] != '/';
}

/* A strong one, as a field of ours can have it. */
static bool
is_etag(const char *s)
{
	size_t len = s != NULL ? strlen(s) : 0, i;

	if (len < 2 || s[0] != '"' || s[len - 1] != '"')
		return false;
	for (i = 1; i < len - 1; i++) {
		if (s[i] <= 0x20 || s[i] > 0x7e || s[i] == '"')
			return false;
	}
	return true;
}

static const char *
location_of(const struct result *r)
{
	return r->late ? r->job->late_location : r->job->result_location;
}

static const char *
etag_of(const struct result *r)
{
	return r->late ? r->job->late_etag : r->job->result_etag;
}

static int64_t
size_of(const struct result *r)
{
	return r->late ? r->job->late_size : r->job->result_size;
}

/* All of it is asked for: its checksum can be looked at, too. */
static bool
is_whole(const struct result *r)
{
	return !r->ranged || (r->begin == 0 && r->end == size_of(r));
}

/* Without a strong ETag, or a length, nobody could put parts together. */
static bool
has_parts(const struct result *r)
{
	return is_etag(etag_of(r)) && size_of(r) >= 0;
}

static void
add_range(struct headers *h, const struct result *r)
{
	if (has_parts(r))
		headers_add(h, "Accept-Ranges", "bytes");
	if (r->ranged)
		headers_addf(h, "Content-Range", "bytes %lld-%lld/%lld",
		    (long long)r->begin, (long long)r->end - 1,
		    (long long)size_of(r));
}

static void
send_result(struct api_call *c, int take_fd, int64_t size)
{
	const struct result *r = c->work;
	const struct job *job = r->job;
	const char *type = r->late ? job->late_type : job->result_type;
	struct headers h;

	headers_init(&h);
	headers_add(&h, "Content-Type", is_type(type) ? type : TYPE_DEFAULT);
	headers_addf(&h, "Content-Disposition",
	    "attachment; filename=\"%s.out\"", job->id);
	headers_add(&h, "Content-Security-Policy", "sandbox");
	if (is_etag(etag_of(r)))
		headers_add(&h, "ETag", etag_of(r));
	add_range(&h, r);
	api_reply_file(c, r->ranged ? 206 : 200, &h, take_fd, size);
	headers_done(&h);
}

/* --- the bytes ------------------------------------------------------ */

static void
refuse_fetch(struct api_call *c, const struct error *err)
{
	const struct result *r = c->work;
	struct error e = *err;

	if (e.code == ERR_IO) {
		api_refuse_store(c, &e);
		return;
	}
	err_prefix(&e, "%s", location_of(r));
	api_refuse_err(c, 502, "bad_gateway", &e);
}

static void
on_fetched(const struct error *err, void *arg)
{
	struct api_call *c = arg;
	struct result *r = c->work;
	struct stat st;
	int fd = r->fd;

	r->fetch = NULL;
	if (err != NULL) {
		refuse_fetch(c, err);
		return;
	}
	if (fstat(fd, &st) == -1)
		abort();
	r->fd = -1;
	send_result(c, fd, st.st_size);
}

static void
start_fetch(struct api_call *c)
{
	const struct service *service = c->api->service;
	struct result *r = c->work;
	const struct job *job = r->job;
	struct fetch_options o = {
	    .loop = service->loop,
	    .uri = location_of(r),
	    .etag = etag_of(r),
	    .size = size_of(r),
	    .own_file = true,
	};
	struct engine_policy policy;
	struct error err;

	intake_policy(service->conf, job->spec.endpoint, &policy);
	o.owner = policy.bucket_owner;
	if (!is_whole(r)) {
		o.begin = r->begin;
		o.end = r->end;
	}
	c->api->fetching++;
	r->counted = true;
	if (sites_get(service->sites, job->spec.region, &o.site, &err) == -1) {
		api_refuse_err(c, 502, "bad_gateway", &err);
		return;
	}
	if (file_open_nameless(service->folder, false, &r->fd, &err) == -1) {
		api_refuse_store(c, &err);
		return;
	}
	o.fd = r->fd;
	if (fetch_start(&o, on_fetched, c, &r->fetch, &err) == -1)
		refuse_fetch(c, &err);
}

static void
run_next(void *arg)
{
	struct api *api = arg;
	struct api_call *c;

	while (api->fetching < FETCHES_MAX &&
	    (c = TAILQ_FIRST(&api->queue)) != NULL) {
		struct result *r = c->work;

		TAILQ_REMOVE(&api->queue, c, queued);
		r->queued = false;
		start_fetch(c);
	}
}

/* Later: the call that makes room is being freed. */
static void
next_post(struct api *api)
{
	if (!TAILQ_EMPTY(&api->queue))
		loop_post(api->service->loop, run_next, api);
}

static void
fetch_in_turn(struct api_call *c)
{
	struct result *r = c->work;

	if (c->api->fetching < FETCHES_MAX) {
		start_fetch(c);
		return;
	}
	r->queued = true;
	TAILQ_INSERT_TAIL(&c->api->queue, c, queued);
}

/* --- the part of it ------------------------------------------------- */

/* False: there is no such part, and that was answered. */
static bool
take_range(struct api_call *c)
{
	struct result *r = c->work;
	int64_t size = size_of(r);

	if (!has_parts(r))
		return true;
	switch (api_range_read(
	    http_headers(c->x), etag_of(r), size, &r->begin, &r->end)) {
	case API_RANGE_WHOLE:
		return true;
	case API_RANGE_PART:
		r->ranged = true;
		return true;
	case API_RANGE_BEYOND:
		break;
	}
	c->whole = size;
	api_refuse(c, 416, "range_not_satisfiable",
	    "the result has %lld bytes, and none of them is in that range",
	    (long long)size);
	return false;
}

/* --- the job -------------------------------------------------------- */

/* The model's own words are longer than an error of ours may be. */
static void
refuse_outcome(struct api_call *c, const struct job *job)
{
	const char *words = job->error_text != NULL ? job->error_text : "";
	char *detail = xasprintf("the job ended as %s%s%s",
	    job_outcome_name(job->outcome), *words != '\0' ? ": " : "", words);
	struct problem p = {
	    .status = 409,
	    .code = "no_result",
	    .detail = detail,
	    .hint = job->late_at != 0 ? "A result came late: ask with "
					"?late=true."
				      : NULL,
	};

	api_problem(c, &p);
	free(detail);
}

bool
api_result_there(struct api_call *c, const struct job *job, bool late)
{
	if (job->state != JOB_DONE)
		api_refuse(c, 409, "not_done", "the job is %s",
		    job_state_name(job->state));
	else if (late && job->late_at == 0)
		api_refuse(c, 409, "no_result", "no result came late");
	else if (!late && job->outcome != OUTCOME_OK)
		refuse_outcome(c, job);
	else
		return true;
	return false;
}

bool
api_result_late(const struct api_call *c)
{
	const char *late = api_query_get(&c->query, "late");

	return late != NULL && str_eq(late, "true");
}

static void
take_job(struct api_call *c, struct job *job)
{
	struct result *r = xcalloc(1, sizeof(*r));

	r->call = c;
	r->job = job;
	r->fd = -1;
	r->late = api_result_late(c);
	c->work = r;
	c->work_free = result_free;
	if (!api_result_there(c, job, r->late))
		return;
	if (str_eq(http_method(c->x), "HEAD"))
		send_result(c, -1, size_of(r));
	else if (take_range(c))
		fetch_in_turn(c);
}

static void
on_found(struct job **jobs, size_t n, const struct error *err, void *arg)
{
	struct api_call *c = arg;
	struct job *job = n > 0 ? jobs[0] : NULL;

	if (!api_back_with(c, job, err))
		job_free(job);
	else
		take_job(c, job);
}

bool
api_result_asked(struct api_call *c)
{
	static const char *const answers[] = {"true", "false", NULL};
	const char *late = NULL;
	struct error err;

	if (api_query_word(&c->query, "late", answers, &late, &err) == -1) {
		api_refuse_err(c, 400, "bad_parameter", &err);
		return false;
	}
	if (!jobid_ok(c->id)) {
		api_not_found(c);
		return false;
	}
	memcpy(c->job, c->id, JOBID_SIZE);
	return true;
}

void
api_result(struct api_call *c)
{
	if (!api_result_asked(c))
		return;
	store_find(c->api->service->store, c->id, false, on_found, api_hold(c));
}
