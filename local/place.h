/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where endpoints read their inputs and leave their results: our own object
 * store, or any other S3 that the configuration names.
 *
 * A result for another S3 is kept first, in the same transaction that marks
 * its request (db_request_stage), so that a crash repeats the upload and not
 * the model; it appears there, and only then the request ends.
 */
#ifndef LOCAL_PLACE_H
#define LOCAL_PLACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/loop.h"
#include "local/conf.h"
#include "local/db.h"
#include "local/objects.h"
#include "net/http_client.h"

struct place;
struct place_call;

/* All borrowed for its life. */
struct place_options {
	struct loop *loop;
	struct db *db;
	struct objects *objects;
	struct http_client *http;
	const struct conf_s3 *remote; /* endpoint NULL: our own store */
	const char *tmp_dir;
	int64_t max_object;
};

int place_new(
    const struct place_options *options, struct place **out, struct error *err);
/* What is under way is left; no callback is called any more. After seal_free:
 * see objects_free. */
void place_free(struct place *p);

/*
 * fd is the caller's, at its beginning. With err: ERR_NOT_FOUND where there is
 * no such object, ERR_AUTH where it may not be read, ERR_LIMIT where it is
 * larger than max_object; these are the request's fault. Others pass.
 */
typedef void place_fetched_fn(
    int take_fd, int64_t size, const struct error *err, void *arg);

/* done is called once, later. */
void place_fetch(struct place *p, const char *location, place_fetched_fn *done,
    void *arg, struct place_call **out);

/* The bytes of a result; all texts are copied. */
struct place_result {
	int64_t seq; /* of the request */
	enum db_staged staged; /* which of the two it is */
	const char *location; /* s3://bucket/key */
	const char *content_type;
	/* Runs inside the transaction in which the request ends: takes it off
	 * the queue and writes what is to be published. */
	objects_also_fn *also;
	/* err: nothing of it is durable; run it again. */
	void (*done)(const struct error *err, void *arg);
	void *arg; /* of also and done */
};

/* Takes the draft. done is called once, later. */
void place_store(
    struct place *p, struct objects_draft *take, const struct place_result *r);

/* Go on with a result that was kept before a crash: r without a draft. */
void place_resume(struct place *p, const struct place_result *r);

/* done is not called any more; a result that is kept stays so. NULL does
 * nothing. */
void place_cancel(struct place_call *c);

#endif
