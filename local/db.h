/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What survives: the index of objects and the queue, in SQLite (WAL,
 * synchronous=FULL). The only place that knows SQL.
 *
 * Writes of one turn of the loop share a transaction: each write is made at
 * once, and db_on_commit() tells when all of them are durable, or lost
 * together. Reads (db_object_get and the listing) see committed rows only;
 * db_object_peek sees those of the open transaction, too.
 */
#ifndef LOCAL_DB_H
#define LOCAL_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/loop.h"

struct db;

/* All texts are the caller's; db_object_done(). */
struct db_object {
	char *file;
	int64_t size;
	char *etag; /* MD5 in hex, without quotes */
	char *checksum; /* "crc32=BASE64", or "" */
	char *headers; /* "Name: value\n"... */
	int64_t modified_at;
};

/* A row of a listing, borrowed until the next one is asked for. */
struct db_entry {
	const char *key;
	size_t key_len;
	const char *etag;
	int64_t size;
	int64_t modified_at;
};

/* Texts may be NULL where the schema says so. */
struct db_request {
	int64_t seq;
	char *inference_id;
	char *endpoint;
	char *content_type;
	char *accept;
	char *custom_attributes;
	char *input_location;
	void *body;
	size_t body_len;
	char *output;
	char *failure;
	int64_t accepted_at;
	int64_t ttl_s;
	int64_t timeout_s;
	int staged; /* enum db_staged */
	char *notice; /* what to publish, of a result that is kept */
};

/* How far a request's result has come. */
enum db_staged {
	DB_NOT_STAGED, /* no model has answered yet */
	DB_STAGED_OUTPUT, /* the result is kept, and on its way to another S3 */
	DB_STAGED_FAILURE,
};

/* err is NULL where the transaction is durable. */
typedef void db_commit_fn(const struct error *err, void *arg);

/* Made where it is missing. *out is the caller's. */
int db_open(
    struct loop *loop, const char *path, struct db **out, struct error *err);
/* Commits what is open, then closes. */
void db_close(struct db *db);

/* Call done once, later, when all writes so far are committed or lost. */
void db_on_commit(struct db *db, db_commit_fn *done, void *arg);

/* Give up the open transaction: every callback gets an error. For a failure
 * between two writes that belong together. */
void db_abandon(struct db *db);

/* Commit now what is open; the callbacks are called from here. */
void db_flush(struct db *db);

int db_bucket_add(struct db *db, const char *name, struct error *err);
/* 1, 0 or -1. */
int db_bucket_has(struct db *db, const char *name, struct error *err);

/* fn for each in the order of their names; -1 stops. */
typedef int db_bucket_fn(const char *name, void *arg, struct error *err);
int db_bucket_each(
    struct db *db, db_bucket_fn *fn, void *arg, struct error *err);

/* 1 with *out filled, 0 where there is none, or -1. */
int db_object_get(struct db *db, const char *bucket, const char *key,
    struct db_object *out, struct error *err);
int db_object_peek(struct db *db, const char *bucket, const char *key,
    struct db_object *out, struct error *err);
int db_object_put(struct db *db, const char *bucket, const char *key,
    const struct db_object *o, struct error *err);
int db_object_delete(
    struct db *db, const char *bucket, const char *key, struct error *err);
void db_object_done(struct db_object *o);

/* 1 where some object's bytes are in this file, 0, or -1. */
int db_file_known(struct db *db, const char *file, struct error *err);

/* Keys of a bucket from one on, in the order of their bytes. */
int db_list_seek(struct db *db, const char *bucket, const char *from,
    size_t len, struct error *err);
/* 1 with *out filled, 0 at the end, or -1. */
int db_list_next(struct db *db, struct db_entry *out, struct error *err);
void db_list_end(struct db *db);

/* Sets r->seq. */
int db_request_add(struct db *db, struct db_request *r, struct error *err);
int db_request_stage(struct db *db, int64_t seq, int staged, struct error *err);
/* The text that is published when a result that is kept has arrived. */
int db_request_note(
    struct db *db, int64_t seq, const char *notice, struct error *err);
int db_request_delete(struct db *db, int64_t seq, struct error *err);
/* 1 with *out filled, 0 where there is none, or -1. */
int db_request_get(
    struct db *db, int64_t seq, struct db_request *out, struct error *err);
void db_request_done(struct db_request *r);

/* fn for each in its order, with all but the payload; -1 stops. */
typedef int db_request_fn(
    const struct db_request *r, void *arg, struct error *err);
int db_request_each(
    struct db *db, db_request_fn *fn, void *arg, struct error *err);

#endif
