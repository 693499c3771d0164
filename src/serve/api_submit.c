/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a checked request to a job on disk. Nothing is written before every
 * check passed, and 201 is only said of what the store has.
 */
#include "serve/api_submit.h"

#include <stdlib.h>
#include <string.h>

#include "base/crash.h"
#include "base/discard.h"
#include "base/mem.h"
#include "base/str.h"
#include "deliver/callback.h"
#include "job/route.h"
#include "serve/intake.h"

#define JSON_BODY_MAX ((size_t)256 << 10)
#define KEY_MAX 255

/* --- the work ------------------------------------------------------- */

static void
submit_free(void *work)
{
	struct api_submit *s = work;

	api_asked_done(&s->asked);
	api_input_done(&s->input);
	buf_done(&s->text);
	/* Of a job that the engine never had; else the file is its own. */
	if (s->job != NULL && s->job->spec.input_spooled)
		discard_path(s->job->spec.input_path);
	job_free(s->job);
	free(s->key);
	free(s->digest);
	free(s);
}

static int
take_key(struct api_call *c, struct api_submit *s)
{
	const struct headers *h = http_headers(c->x);
	const char *key = headers_get(h, "Idempotency-Key"), *p;

	if (key == NULL)
		return 0;
	for (p = key; *p >= 0x20 && *p <= 0x7e; p++)
		continue;
	if (headers_count(h, "Idempotency-Key") > 1 || *p != '\0' || p == key ||
	    p - key > KEY_MAX) {
		api_refuse(c, 400, "bad_parameter",
		    "\"Idempotency-Key\" must be one field of 1 to %d "
		    "printable ASCII characters",
		    KEY_MAX);
		return -1;
	}
	s->key = xstrdup(key);
	return 0;
}

struct api_submit *
api_submit_new(struct api_call *c)
{
	struct api_submit *s;

	if (api_refuse_write(c))
		return NULL;
	s = xcalloc(1, sizeof(*s));
	api_input_init(&s->input, c->api->service->folder);
	buf_init(&s->text, JSON_BODY_MAX);
	c->work = s;
	c->work_free = submit_free;
	return take_key(c, s) == 0 ? s : NULL;
}

void
api_submit(struct api_call *c)
{
	if (headers_get(http_headers(c->x), "Awaitd-Endpoint") != NULL)
		api_submit_raw(c);
	else
		api_submit_json(c);
}

/* --- checks --------------------------------------------------------- */

static int
refuse_asked(struct api_call *c, const struct error *err)
{
	api_refuse_err(c, 422, "invalid_request", err);
	return -1;
}

static const struct conf_endpoint *
endpoint_of(const struct api_call *c)
{
	const struct api_submit *s = c->work;

	return conf_endpoint(c->api->service->conf, s->asked.endpoint);
}

static int
check_route(const struct conf *conf, const char *item, struct error *err)
{
	struct route route;
	int rc = 0;

	if (route_parse(item, &route) == -1) {
		err_set(err, ERR_USAGE, "deliver: \"%s\" is no route", item);
		return err_hint(err,
		    "Behind a target there can be \" on success\", "
		    "\" on failure\" or \" on both\".");
	}
	if (!conf_has_target(conf, route.target)) {
		rc = err_set(err, ERR_USAGE,
		    "deliver: there is no target \"%s\"", route.target);
		conf_hint_targets(conf, route.target, err);
	}
	route_done(&route);
	return rc;
}

static int
check_callback(const struct conf_webhook *c, const char *url, struct error *err)
{
	const struct callback_rules rules = {
	    .allow = (const char *const *)c->allow.v,
	    .networks = (const char *const *)c->allow_networks.v,
	};

	return url != NULL ? callback_check(url, &rules, err) : 0;
}

static int
check_targets(struct api_call *c, const struct api_submit *s)
{
	const struct conf *conf = c->api->service->conf;
	struct error err;
	size_t i;
	int rc = check_callback(&conf->callback, s->asked.callback_url, &err);

	for (i = 0; i < s->asked.ndeliver && rc == 0; i++)
		rc = check_route(conf, s->asked.deliver[i], &err);
	if (rc == -1)
		api_refuse_err(c, 400, s->code, &err);
	return rc;
}

/* An input whose bytes come here goes inline, or to a place of ours. */
static int
check_way(struct api_call *c, int64_t size)
{
	const struct api_submit *s = c->work;
	const struct conf_endpoint *e = endpoint_of(c);
	struct error err;

	/* What is in a file already stays there, whatever is read meanwhile. */
	if (e->input_prefix != NULL ||
	    (!s->input.to_file && intake_inline(e, size)))
		return 0;
	intake_no_prefix(e, size, &err);
	err_hint(&err,
	    "Set input_prefix = s3://bucket/path in [endpoint %s] of the "
	    "configuration, so that it can be uploaded.",
	    s->asked.endpoint);
	return refuse_asked(c, &err);
}

static void
choose_targets(struct api_call *c, const struct api_submit *s)
{
	const struct conf_list *list = &endpoint_of(c)->deliver;

	s->job->spec.deliver = s->asked.chosen
	    ? api_asked_targets(s->asked.deliver, s->asked.ndeliver)
	    : api_asked_targets(list->v, list->n);
	s->job->spec.callback_url = xstrdup_or_null(s->asked.callback_url);
}

int
api_submit_prepare(struct api_call *c, int64_t size)
{
	const struct service *service = c->api->service;
	struct api_submit *s = c->work;
	struct intake in;
	struct error err;

	if (check_targets(c, s) == -1)
		return -1;
	api_asked_intake(&s->asked, &in);
	s->job = job_new();
	s->job->spec.input_location = xstrdup_or_null(s->asked.input_location);
	intake_fill(&s->job->spec, &in, service->conf, endpoint_of(c));
	if (s->asked.input_location != NULL)
		s->job->spec.input = INPUT_LOCATION;
	if (intake_check(s->job, &err) == -1 ||
	    intake_region(&s->job->spec, service->sites, endpoint_of(c),
		service->region, service->profile, &err) == -1)
		return refuse_asked(c, &err);
	choose_targets(c, s);
	if (s->asked.input_location != NULL)
		return 0;
	/* A length that is not known yet may be a small one. */
	s->input.to_file = !intake_inline(endpoint_of(c), size < 0 ? 1 : size);
	return check_way(c, size < 0 ? 1 : size);
}

/* --- the input ------------------------------------------------------ */

static void
refuse_input(struct api_call *c, const struct error *err)
{
	if (err->code == ERR_LIMIT)
		api_refuse_err(c, 413, "too_large", err);
	else
		api_refuse_store(c, err);
}

int
api_submit_input(struct api_call *c, const void *data, size_t len)
{
	struct api_submit *s = c->work;
	struct error err;

	if (api_input_grows(&s->input, len) &&
	    check_way(c, s->input.size + (int64_t)len) == -1)
		return -1;
	if (api_input_take(&s->input, data, len, &err) == 0)
		return 0;
	refuse_input(c, &err);
	return -1;
}

/* The job begins now: the transfer may have taken its time. */
static void
renew_id(struct job *job)
{
	jobid_new(job->id);
	job->created_at = jobid_time(job->id);
}

void
api_submit_finish(struct api_call *c)
{
	struct api_submit *s = c->work;
	struct error err;
	char *digest;

	/* The configuration may have been read again meanwhile. */
	s->input.to_file |= !intake_inline(endpoint_of(c), s->input.size);
	if (s->input.to_file && check_way(c, s->input.size) == -1)
		return;
	renew_id(s->job);
	if (api_input_end(&s->input, s->job, endpoint_of(c)->input_prefix,
		&digest, &err) == -1) {
		refuse_input(c, &err);
		return;
	}
	if (intake_check(s->job, &err) == -1)
		refuse_asked(c, &err);
	else
		api_submit_go(c, digest);
	free(digest);
}

/* --- into the store ------------------------------------------------- */

static void look_up(struct api_call *c);

static void
on_stored(const struct job *job, const struct error *err, void *arg)
{
	struct api_call *c = arg;
	struct api_submit *s = c->work;

	c->waiter = NULL;
	if (job != NULL)
		crash_point("C2");
	if (!api_back(c))
		return;
	if (job != NULL)
		api_reply_job(c, 201, job);
	else if (err->code == ERR_EXISTS && s->key != NULL)
		look_up(c);
	else
		api_refuse_store(c, err);
}

static void
submit(struct api_call *c)
{
	struct api_submit *s = c->work;
	struct job *job = s->job;
	char id[JOBID_SIZE];

	if (api_refuse_write(c))
		return;
	memcpy(id, job->id, sizeof(id));
	s->job = NULL;
	s->submitted = true;
	engine_submit(c->api->service->engine, job);
	api_wait(c, id, WAIT_STORED, -1, on_stored);
}

/* --- the idempotency key -------------------------------------------- */

static void
answer_known(
    struct api_call *c, const struct store_key *key, const struct job *known)
{
	const struct api_submit *s = c->work;

	if (!str_eq(key->hash, s->digest))
		api_refuse(c, 409, "idempotency_key_reused",
		    "another request was made with this Idempotency-Key, "
		    "for job %s",
		    key->job_id);
	else if (known == NULL)
		api_refuse(c, 410, "job_forgotten",
		    "job %s was made of this request, and was forgotten at "
		    "the end of its retention",
		    key->job_id);
	else
		api_reply_job(c, 200, known);
}

/* The key is kept longer than its job may be. */
static void
on_known(const struct store_key *key, struct job *take_job,
    const struct error *err, void *arg)
{
	struct api_call *c = arg;
	struct api_submit *s = c->work;

	if (!api_back(c))
		;
	else if (err != NULL)
		api_refuse_store(c, err);
	else if (key != NULL)
		answer_known(c, key, take_job);
	else if (s->submitted)
		api_refuse(c, 503, "unavailable",
		    "this Idempotency-Key has just been forgotten");
	else
		submit(c);
	job_free(take_job);
}

static void
look_up(struct api_call *c)
{
	const struct api_submit *s = c->work;

	store_find_idempotency(
	    c->api->service->store, s->key, on_known, api_hold(c));
}

static void
replace(char **at, const char *value)
{
	free(*at);
	*at = xstrdup(value);
}

void
api_submit_go(struct api_call *c, const char *input)
{
	struct api_submit *s = c->work;

	api_submit_trace(http_headers(c->x), &s->job->spec);
	crash_point("C1");
	if (s->key == NULL) {
		submit(c);
		return;
	}
	s->digest = api_asked_digest(&s->asked, input);
	replace(&s->job->spec.idempotency_key, s->key);
	replace(&s->job->spec.idempotency_hash, s->digest);
	look_up(c);
}
