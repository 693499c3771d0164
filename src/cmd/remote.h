/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a service is asked for, in words of jobs and deliveries: one request
 * after the other, each running the loop until it is answered. app->client is
 * the service. A signal that app_catch_signals() caught is ERR_CANCELLED.
 */
#ifndef CMD_REMOTE_H
#define CMD_REMOTE_H

#include "base/error.h"
#include "base/hash.h"
#include "cmd/app.h"
#include "cmd/client.h"
#include "job/attempt_entry.h"
#include "job/delivery.h"
#include "job/job.h"
#include "store/store.h"

/* One question; what is made of its answer (0, or -1 with *err). */
typedef int remote_take_fn(
    const struct json *answer, void *out, struct error *err);
int remote_ask(struct app *app, const struct client_request *r,
    remote_take_fn *take, void *out, struct error *err);

/* A new job. A connection that breaks is tried once more, under a key that
 * makes one job of both. *out is the caller's. */
int remote_submit(struct app *app, const struct client_request *r,
    struct job **out, struct error *err);

/* All that is known of one job. ERR_NOT_FOUND: the service knows it not. The
 * id must be one. *out is the caller's. */
int remote_find(
    struct app *app, const char *id, struct job **out, struct error *err);

/* The job, given up; or a new one for the same. ERR_REFUSED, with the code in
 * err->remote_code. *out is the caller's. */
int remote_cancel(
    struct app *app, const char *id, struct job **out, struct error *err);
int remote_retry(
    struct app *app, const char *id, struct job **out, struct error *err);

/* The result of a job, as many bytes as the job says it has: of one that is not
 * ok, the late one. A connection that breaks in the middle is taken up again
 * there, also over a restart of the service. */
int remote_result(
    struct app *app, const struct job *job, int fd, struct error *err);

/*
 * The same without running the loop: the request for the bytes, whose strings
 * are r's, and whether all came once it is answered. r and the job stay until
 * then.
 */
struct remote_result {
	const struct job *job;
	int fd;
	struct hash *hash; /* over what comes, or NULL; the caller's */
	int64_t got;
	int64_t from; /* what it had when it was asked for last */
	char path[96];
};
void remote_result_request(struct remote_result *r, struct client_request *out);
int remote_result_end(const struct remote_result *r, struct error *err);

/* Where anybody can get it for so many seconds, or a while less. *out is the
 * caller's, and a secret. */
struct remote_url {
	char *url;
	int64_t valid_s;
	int64_t expires_at;
};
int remote_result_url(struct app *app, const struct job *job, int64_t valid_s,
    struct remote_url *out, struct error *err);

/* Every job that is wanted, as it comes, as many as its limit says (0: all).
 * Borrowed for the length of a call. */
typedef void remote_job_fn(const struct job *job, void *arg);
int remote_list(struct app *app, const struct store_query *q, remote_job_fn *fn,
    void *arg, struct error *err);

/* Which deliveries, as the parameters of the API. NULL asks nothing. */
struct remote_query {
	const char *state;
	const char *target;
	const char *job;
	const char *event;
	const char *since;
	const char *until;
	const char *error;
	const char *status;
};
typedef void remote_delivery_fn(const struct delivery *d, void *arg);
int remote_list_deliveries(struct app *app, const struct remote_query *q,
    remote_delivery_fn *fn, void *arg, struct error *err);

/* Every attempt that is wanted, as remote_list() has it; with `headers` the
 * header fields, too. */
typedef void remote_attempt_fn(const struct attempt_entry *e, void *arg);
int remote_list_attempts(struct app *app, const struct store_query *q,
    bool headers, remote_attempt_fn *fn, void *arg, struct error *err);

/* One with all that is known of it. The id must be one. *out is the
 * caller's. */
int remote_find_attempt(struct app *app, const char *delivery, unsigned n,
    struct attempt_entry **out, struct error *err);

/* One delivery with its attempts; the same, after it was asked for again. The
 * id must be one. *out is the caller's. */
int remote_find_delivery(
    struct app *app, const char *id, struct delivery **out, struct error *err);
int remote_replay(
    struct app *app, const char *id, struct delivery **out, struct error *err);

/* The same, given up. ERR_REFUSED as remote_cancel. */
int remote_cancel_delivery(
    struct app *app, const char *id, struct delivery **out, struct error *err);

#endif
