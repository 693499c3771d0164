/* SPDX-License-Identifier: Apache-2.0 */
/* GET /v1/jobs/ID/result-url: where the bytes can be had without a key. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/jsonw.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/presign.h"
#include "engine/site.h"
#include "serve/api_call.h"
#include "serve/intake.h"

/* A session token of some kB, escaped. */
#define ANSWER_MAX ((size_t)128 * 1024)

struct asked {
	struct job *job;
	struct presign *presign;
};

static void
asked_free(void *work)
{
	struct asked *a = work;

	presign_cancel(a->presign);
	job_free(a->job);
	free(a);
}

static void
on_signed(const struct presigned *p, const struct error *err, void *arg)
{
	struct api_call *c = arg;
	struct asked *a = c->work;
	struct jsonw w;
	struct buf b;

	a->presign = NULL;
	if (err != NULL) {
		api_refuse_err(c, 502, "bad_gateway", err);
		return;
	}
	buf_init(&b, ANSWER_MAX);
	jsonw_init(&w, &b);
	jsonw_begin(&w, NULL, '{');
	jsonw_str(&w, "job", a->job->id);
	jsonw_str(&w, "url", p->url);
	jsonw_time(&w, "expires_at", p->expires_at);
	jsonw_int(&w, "valid_s", p->valid_s);
	jsonw_end(&w, '}');
	buf_putc(&b, '\n');
	api_reply_json(c, 200, &b);
	hash_wipe(b.data, b.len);
	buf_done(&b);
}

static void
start(struct api_call *c, struct asked *a, bool late, int64_t valid_s)
{
	const struct service *service = c->api->service;
	const struct job *job = a->job;
	struct presign_options o = {
	    .uri = late ? job->late_location : job->result_location,
	    .etag = late ? job->late_etag : job->result_etag,
	    .valid_s = valid_s,
	};
	struct engine_policy policy;
	struct error err;

	intake_policy(service->conf, job->spec.endpoint, &policy);
	o.owner = policy.bucket_owner;
	if (sites_get(service->sites, job->spec.region, &o.site, &err) == -1 ||
	    presign_start(&o, on_signed, c, &a->presign, &err) == -1)
		api_refuse_err(c, 502, "bad_gateway", &err);
}

static void
on_found(struct job **jobs, size_t n, const struct error *err, void *arg)
{
	struct api_call *c = arg;
	struct job *job = n > 0 ? jobs[0] : NULL;
	int64_t valid_s = PRESIGN_DEFAULT_S;
	struct asked *a;
	struct error ignored;
	bool late;

	if (!api_back_with(c, job, err)) {
		job_free(job);
		return;
	}
	a = xcalloc(1, sizeof(*a));
	a->job = job;
	c->work = a;
	c->work_free = asked_free;
	late = api_result_late(c);
	api_query_i64(
	    &c->query, "expires", 1, PRESIGN_MAX_S, &valid_s, &ignored);
	if (api_result_there(c, job, late))
		start(c, a, late, valid_s);
}

void
api_result_url(struct api_call *c)
{
	int64_t valid_s;
	struct error err;

	if (api_query_i64(
		&c->query, "expires", 1, PRESIGN_MAX_S, &valid_s, &err) == -1) {
		api_refuse_err(c, 400, "bad_parameter", &err);
		return;
	}
	if (api_result_asked(c))
		store_find(c->api->service->store, c->id, false, on_found,
		    api_hold(c));
}
