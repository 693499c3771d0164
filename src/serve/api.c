/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests on their way to their handler: who may ask, what for, by which
 * name. What is answered is the affair of api_*.c.
 */
#include "serve/api.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"
#include "serve/api_call.h"
#include "serve/api_filter.h"
#include "serve/api_routes.h"
#include "serve/metrics.h"

/* --- the life of a call --------------------------------------------- */

static void
call_free(struct api_call *c)
{
	if (c->api != NULL)
		TAILQ_REMOVE(&c->api->calls, c, entry);
	waiters_remove(c->waiter);
	if (c->work_free != NULL)
		c->work_free(c->work);
	api_query_done(&c->query);
	free(c);
}

void
api_end(struct api_call *c)
{
	c->x = NULL;
	if (c->held == 0)
		call_free(c);
}

void *
api_hold(struct api_call *c)
{
	c->held++;
	return c;
}

bool
api_back(struct api_call *c)
{
	c->held--;
	if (c->x != NULL)
		return true;
	if (c->held == 0)
		call_free(c);
	return false;
}

bool
api_back_with(struct api_call *c, const void *found, const struct error *err)
{
	if (!api_back(c))
		return false;
	if (err != NULL)
		api_refuse_store(c, err);
	else if (found == NULL)
		api_not_found(c);
	else
		return true;
	return false;
}

void
api_wait(struct api_call *c, const char *id, enum wait_goal goal,
    int64_t timeout_ms, waiter_fn *fn)
{
	c->waiter =
	    waiters_add(c->api->service->waiters, id, goal, timeout_ms, fn, c);
	if (goal == WAIT_STORED)
		api_hold(c);
}

static void
on_gone(struct http_exchange *x, void *arg)
{
	struct api_call *c = arg;

	log_begin(LOG_DEBUG, "api");
	log_str("request", c->request_id);
	log_str("method", http_method(x));
	log_str("path", http_path(x));
	log_str("msg", "the peer left");
	log_end();
	api_end(c);
}

/* --- who asks ------------------------------------------------------- */

static bool
is_request_id(const char *s)
{
	size_t i;

	for (i = 0; s[i] != '\0'; i++) {
		if (!str_is_alnum(s[i]) && strchr("._-", s[i]) == NULL)
			return false;
	}
	return i >= 1 && i <= API_REQUEST_ID_MAX;
}

static void
choose_request_id(struct api_call *c)
{
	const struct headers *h = http_headers(c->x);
	const char *theirs = headers_get(h, "X-Request-Id");

	if (theirs != NULL && headers_count(h, "X-Request-Id") == 1 &&
	    is_request_id(theirs))
		memcpy(c->request_id, theirs, strlen(theirs) + 1);
	else
		random_uuid(c->request_id);
}

static bool
uid_may(const struct api *api, int64_t uid)
{
	size_t i;

	if (uid == 0 || uid == (int64_t)geteuid())
		return true;
	for (i = 0; i < api->nuids; i++) {
		if (api->uids[i] == uid)
			return true;
	}
	return false;
}

static bool
token_may(const struct api *api, const struct headers *h)
{
	static const char scheme[] = "Bearer ";
	const char *value = headers_get(h, "Authorization");
	unsigned char digest[HASH_SHA256_SIZE];

	if (!api->tcp || value == NULL ||
	    headers_count(h, "Authorization") != 1 ||
	    strncasecmp(value, scheme, strlen(scheme)) != 0)
		return false;
	value += strlen(scheme);
	hash_sha256(value, strlen(value), digest);
	return hash_equal(digest, api->token, sizeof(digest));
}

static bool
may_ask(struct api_call *c)
{
	int64_t uid = http_peer_uid(c->x);

	if (uid != -1 && uid_may(c->api, uid))
		return true;
	if (uid != -1)
		api_refuse(c, 403, "forbidden",
		    "user %lld may not use this socket", (long long)uid);
	else if (token_may(c->api, http_headers(c->x)))
		return true;
	else
		api_refuse(
		    c, 401, "unauthorized", "the token is missing or wrong");
	return false;
}

/* --- what is asked for ---------------------------------------------- */

static void
healthz(struct api_call *c)
{
	api_reply(c, 200, "text/plain", "ok\n", 3);
}

static void
readyz(struct api_call *c)
{
	const struct service *service = c->api->service;

	if (service->stopping)
		api_refuse_stopping(c);
	else if (service->stalled.code != ERR_NONE)
		api_refuse_err(c, 503, "unavailable", &service->stalled);
	else
		api_reply(c, 200, "text/plain", "ready\n", 6);
}

static const char *const no_names[] = {NULL};
static const char *const job_names[] = {"wait", "until", NULL};
static const char *const result_names[] = {"late", NULL};
static const char *const url_names[] = {"expires", "late", NULL};
static const char *const list_names[] = {
    "limit", "after", "order", API_JOB_FILTERS, NULL};
static const char *const cancel_names[] = {
    "limit", "after", "dry_run", API_JOB_FILTERS, NULL};
static const char *const retry_names[] = {
    "limit", "after", "dry_run", "again", API_JOB_FILTERS, NULL};
static const char *const deliveries_names[] = {
    "limit", "after", API_DELIVERY_FILTERS, NULL};
static const char *const test_names[] = {"outcome", NULL};
static const char *const config_names[] = {"section", "changed", NULL};
static const char *const replay_names[] = {
    "limit", "after", "dry_run", API_DELIVERY_FILTERS, NULL};

static const char *const attempts_names[] = {"limit", "after", "order",
    "headers", "delivery", "job", "target", API_ATTEMPT_FILTERS, NULL};
static const char *const attempts_of_names[] = {
    "limit", "after", "order", "headers", API_ATTEMPT_FILTERS, NULL};
static const char *const events_names[] = {
    "after", "type", "job", "endpoint", "tag", "target", NULL};

#define JOBS "/v1/jobs"
#define DELIVERIES "/v1/deliveries"
#define TARGETS "/v1/targets"

const struct api_route api_routes[] = {
    {"GET", "/healthz", no_names, healthz, true},
    {"GET", "/readyz", no_names, readyz, true},
    {"GET", "/openapi.json", no_names, api_openapi, false},
    {"GET", JOBS, list_names, api_jobs_list, false},
    {"POST", JOBS, no_names, api_submit, false},
    {"GET", JOBS "/*", job_names, api_jobs_get, false},
    {"GET", JOBS "/*/result", result_names, api_result, false},
    {"GET", JOBS "/*/result-url", url_names, api_result_url, false},
    {"POST", JOBS "/retry", retry_names, api_jobs_retry_all, false},
    {"POST", JOBS "/cancel", cancel_names, api_jobs_cancel_all, false},
    {"POST", JOBS "/*/cancel", no_names, api_jobs_cancel, false},
    {"POST", JOBS "/*/retry", no_names, api_jobs_retry, false},
    {"GET", DELIVERIES, deliveries_names, api_deliveries_list, false},
    {"GET", DELIVERIES "/*", no_names, api_deliveries_get, false},
    {"POST", DELIVERIES "/replay", replay_names, api_replay, false},
    {"POST", DELIVERIES "/*/cancel", no_names, api_deliveries_cancel, false},
    {"POST", DELIVERIES "/*/replay", no_names, api_deliveries_replay, false},
    {"GET", DELIVERIES "/*/attempts", attempts_of_names, api_attempts_of,
	false},
    {"GET", DELIVERIES "/*/attempts/#", no_names, api_attempts_get, false},
    {"GET", "/v1/attempts", attempts_names, api_attempts_list, false},
    {"GET", "/v1/events", events_names, api_events, false},
    {"GET", "/v1/config", config_names, api_config_show, false},
    {"POST", "/v1/reload", no_names, api_reload, false},
    {"GET", TARGETS, no_names, api_targets_list, false},
    {"POST", TARGETS "/*/enable", no_names, api_targets_enable, false},
    {"POST", TARGETS "/*/disable", no_names, api_targets_disable, false},
    {"POST", TARGETS "/*/test", test_names, api_targets_test, false},
};
const size_t api_routes_len = ARRAY_LEN(api_routes);

/* What stands behind the id; a number that can be none is 0. */
static bool
tail_fits(const char *pattern, const char *path, unsigned *number)
{
	size_t len = strlen(pattern);
	int64_t n = 0;

	*number = 0;
	if (len == 0 || pattern[len - 1] != '#')
		return str_eq(pattern, path);
	if (strncmp(pattern, path, len - 1) != 0 || path[len - 1] == '\0' ||
	    strchr(path + len - 1, '/') != NULL)
		return false;
	if (path[len - 1] != '0' &&
	    str_to_i64(path + len - 1, 1, INT_MAX, &n) == 0)
		*number = (unsigned)n;
	return true;
}

/* Does the path fit, and which id stands in it? One that can be none is kept
 * as "", which is found nowhere. */
static bool
path_fits(const char *pattern, const char *path, char *id, unsigned *number)
{
	const char *star = strchr(pattern, '*');
	size_t head, len;

	*id = '\0';
	if (star == NULL)
		return str_eq(pattern, path);
	head = (size_t)(star - pattern);
	if (strncmp(pattern, path, head) != 0)
		return false;
	len = strcspn(path + head, "/");
	if (len == 0 || !tail_fits(star + 1, path + head + len, number))
		return false;
	if (len < DELIVERY_ID_SIZE) {
		memcpy(id, path + head, len);
		id[len] = '\0';
	}
	return true;
}

static bool
method_fits(const struct api_route *r, const char *method)
{
	return str_eq(r->method, method) ||
	    (str_eq(r->method, "GET") && str_eq(method, "HEAD"));
}

/* The route, or NULL, and then the methods that the path has, or "". */
static const struct api_route *
find_route(struct api_call *c, struct buf *allow)
{
	const char *path = http_path(c->x);
	size_t i;

	for (i = 0; i < api_routes_len; i++) {
		if (!path_fits(api_routes[i].path, path, c->id, &c->number))
			continue;
		if (method_fits(&api_routes[i], http_method(c->x)))
			return &api_routes[i];
		buf_puts(allow, allow->len > 0 ? ", " : "");
		buf_puts(allow, api_routes[i].method);
		if (str_eq(api_routes[i].method, "GET"))
			buf_puts(allow, ", HEAD");
	}
	return NULL;
}

static void
refuse_route(struct api_call *c, const struct buf *allow)
{
	c->allow = allow->data;
	if (allow->len == 0)
		api_refuse(c, 404, "not_found", "there is no such path");
	else
		api_refuse(c, 405, "method_not_allowed", "this path takes %s",
		    allow->data);
}

static void
take_route(struct api_call *c, const struct api_route *r)
{
	struct error err;

	if (api_query_parse(http_query(c->x), r->names, &c->query, &err) == -1)
		api_refuse_err(c, 400, "bad_parameter", &err);
	else
		r->fn(c);
}

void
api_handle(struct http_exchange *x, void *arg)
{
	struct api *api = arg;
	struct api_call *c = xcalloc(1, sizeof(*c));
	const struct api_route *r;
	struct buf allow;
	bool open;

	c->api = api;
	c->x = x;
	c->started_at = clock_mono_ms();
	TAILQ_INSERT_TAIL(&api->calls, c, entry);
	http_on_gone(x, on_gone, c);
	choose_request_id(c);
	buf_init(&allow, 64);
	r = find_route(c, &allow);
	open = r != NULL && r->open;
	/* Who may not has been refused, and the call is gone. */
	if (open || may_ask(c)) {
		c->known = !open;
		if (r != NULL)
			take_route(c, r);
		else
			refuse_route(c, &allow);
	}
	buf_done(&allow);
}

/* --- making --------------------------------------------------------- */

struct api *
api_new(const struct api_options *options)
{
	struct api *api = xcalloc(1, sizeof(*api));

	api->service = options->service;
	if (options->token != NULL) {
		hash_sha256(options->token, strlen(options->token), api->token);
		api->tcp = true;
	}
	if (options->nuids > 0)
		api->uids =
		    xmemdup(options->uids, options->nuids * sizeof(*api->uids));
	api->nuids = options->nuids;
	TAILQ_INIT(&api->calls);
	TAILQ_INIT(&api->queue);
	return api;
}

/* What is left waits for the store, and frees itself when that answers. */
void
api_free(struct api *api)
{
	struct api_call *c;

	if (api == NULL)
		return;
	while ((c = TAILQ_FIRST(&api->calls)) != NULL) {
		TAILQ_REMOVE(&api->calls, c, entry);
		c->api = NULL;
	}
	loop_unpost(api->service->loop, api);
	hash_wipe(api->token, sizeof(api->token));
	free(api->uids);
	free(api);
}

void
api_refusal(int status, const char *why, struct headers *headers,
    struct buf *body, void *arg)
{
	const struct api *api = arg;
	struct problem p = {
	    .status = status,
	    .code = problem_code(status),
	    .detail = why,
	};
	char id[RANDOM_UUID_SIZE];

	random_uuid(id);
	log_begin(LOG_DEBUG, "api");
	log_str("request", id);
	log_int("status", status);
	log_str("code", p.code);
	log_str("detail", why);
	log_end();
	if (api->service->metrics != NULL)
		metrics_request(api->service->metrics, status);
	headers_add(headers, "Content-Type", PROBLEM_TYPE);
	headers_add(headers, "X-Request-Id", id);
	problem_write(&p, body);
}
