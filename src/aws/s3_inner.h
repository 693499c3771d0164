/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the verbs of s3.h have in common. Only for s3*.c.
 */
#ifndef AWS_S3_INNER_H
#define AWS_S3_INNER_H

#include <stdbool.h>
#include <stdint.h>

#include "aws/s3.h"
#include "aws/s3_region.h"
#include "aws/s3_watch.h"
#include "aws/s3file.h"
#include "base/hash.h"

/* For verbs whose answer is but a head. */
#define S3_SHORT_TIMEOUT_MS 30000

struct s3 {
	struct aws_client *client;
	const struct aws_endpoint *endpoint;
	struct s3sum_modes sums;
	struct s3_regions *regions;
	unsigned without; /* S3_PUT_…: what the store has not implemented */
	struct s3_watch watch;
};

/* What a PUT may do without. */
enum { S3_PUT_SUM = 1, S3_PUT_IF_ABSENT = 2 };

/*
 * The answer to a verb: true: over, done was called; false: it was sent once
 * more. With err r is NULL.
 */
typedef bool s3_answered_fn(struct s3_call *call, const struct http_response *r,
    const struct error *err);

struct s3_call {
	struct s3 *s3;
	struct aws_call *call; /* NULL: a file is being read first */
	/* To be sent again as it is. */
	struct aws_request request;
	struct headers headers;
	char *bucket;
	char *key; /* "": the bucket itself */
	char *prefix; /* of a listing, or NULL */
	char *query; /* or NULL */
	/* The region that the last refusal named, or ""; one too long is cut,
	 * and no region then. */
	char region[80];
	int region_status;
	char asked[80]; /* the region that it was sent to */
	bool redirected;
	bool passing; /* … for now */
	struct aws_endpoint there; /* where to; host NULL: nowhere else */
	s3_answered_fn *answered;
	s3_done_fn *done;
	s3_list_fn *list_done;
	void *arg;

	/* GET */
	int64_t offset;
	int64_t end; /* 0: the object's */
	int64_t behind; /* bytes of the object behind those asked for */
	char *if_match;
	struct s3sum *sum; /* or NULL: nobody checks */
	bool own_sum;
	bool head_seen;
	s3_head_fn *head; /* or NULL */
	http_sink_fn *sink;
	void *sink_arg;

	/* PUT and comparing */
	struct s3file *file;
	int64_t file_len;
	unsigned wants, without; /* S3_PUT_… */
	uint64_t crc;
	struct hash *hash; /* of the file: SHA-256 to be signed, or MD5 */
	char sha256[HASH_SHA256_HEX_SIZE];
	char *etag; /* of what is there */
};

enum { S3_CALL_BUCKET = 1 }; /* the key is the prefix of a listing */

/* A call with its address and the headers that all have. The caller fills in
 * the rest and sends it. */
struct s3_call *s3_call_new(struct s3 *s3, const struct s3_ref *ref,
    unsigned flags, s3_answered_fn *answered, struct error *err);

/* To the bucket's region, as far as it is known. */
int s3_call_send(struct s3_call *call, struct error *err);

/* What s3_call_new's caller does at its end: send; on failure the call is
 * freed. */
int s3_call_launch(
    struct s3_call *call, struct s3_call **out, struct error *err);
void s3_call_free(struct s3_call *call);

/* The object that a response is about. Borrows from it. */
void s3_call_object(const struct s3_call *call, const struct http_response *r,
    struct s3_object *o);

/* Tell `done` of the object that a response is about, or of the error. */
void s3_call_done(struct s3_call *call, const struct http_response *r,
    const struct error *err);

#endif
