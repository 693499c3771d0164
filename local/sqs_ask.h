/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request to SQS: JSON in, JSON out, answered when what it wrote is
 * durable. What the files behind sqs.h share.
 */
#ifndef LOCAL_SQS_ASK_H
#define LOCAL_SQS_ASK_H

#include <sys/queue.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/jsonw.h"
#include "local/db_sqs.h"
#include "local/sqs.h"
#include "local/sqs_settings.h"

#define SQS_BATCH_MAX 10

struct sqs_ask;
TAILQ_HEAD(sqs_asks, sqs_ask);

struct sqs {
	struct sqs_options o;
	char *base_url;
	struct sqs_asks waiting; /* long polls */
	struct loop_timer *timer;
	bool posted; /* a look at them is due */
	bool stopped;
};

/* 0 with the members of the answer written, or -1 behind sqs_fail. */
typedef int sqs_operation_fn(struct sqs_ask *a);

struct sqs_ask {
	TAILQ_ENTRY(sqs_ask) entry;
	struct sqs *s;
	struct call *call; /* NULL: the client has left */
	bool wrote; /* into the open transaction */
	struct hash *sha256;
	struct buf body;
	struct json *doc; /* of the body */
	struct buf result;
	struct jsonw w;
	const char *code; /* after sqs_fail; static */
	char *message;
	/* A long poll */
	bool waits;
	char *queue;
	int64_t until; /* monotonic */
	int64_t most;
	int64_t visibility_s;
};

sqs_operation_fn sqs_create_queue, sqs_get_queue_url, sqs_list_queues,
    sqs_get_queue_attributes, sqs_set_queue_attributes, sqs_purge_queue,
    sqs_delete_queue;
sqs_operation_fn sqs_send_message, sqs_send_message_batch, sqs_receive_message,
    sqs_delete_message, sqs_delete_message_batch, sqs_change_visibility,
    sqs_change_visibility_batch;

/* Always -1. The code is one of sqs_ask.c's table. */
int sqs_fail(struct sqs_ask *a, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
int sqs_fail_here(struct sqs_ask *a, const struct error *err);

/* The queue of QueueUrl with its settings, or -1 behind sqs_fail. */
int sqs_need_queue(
    struct sqs_ask *a, struct db_queue *out, struct sqs_settings *settings);
/* A number that may be left out (*out stays), within [min, max]. */
int sqs_number(struct sqs_ask *a, const struct json *in, const char *name,
    int64_t min, int64_t max, int64_t *out);
/* What would be ignored is refused: all names but these, NULL at the end. */
int sqs_know(struct sqs_ask *a, const struct json *in, const char *const *v);

char *sqs_url(const struct sqs *s, const char *name);
bool sqs_name_ok(const char *name);

/* Take what is visible, up to a->most, into the answer; how many, or -1. */
int sqs_take(struct sqs_ask *a, const struct db_queue *q,
    const struct sqs_settings *settings);
/* Once more for whom waits: something came. */
void sqs_look_soon(struct sqs *s);
void sqs_look(struct sqs *s);
/* Into the answer's transaction, and out. */
void sqs_ask_finish(struct sqs_ask *a);

#endif
