/* SPDX-License-Identifier: Apache-2.0 */
/*
 * awaitd-local's SNS with all that it needs, in one process and one loop: the
 * door to its API, a client that signs, and a receiver of its messages that
 * answers as a test says. The wall clock is the test's.
 */
#ifndef TESTS_SNS_RIG_H
#define TESTS_SNS_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/loop.h"
#include "local/conf.h"
#include "local/db.h"
#include "local/fault.h"
#include "local/sns.h"
#include "net/header.h"

#define RIG_TOPIC "arn:aws:sns:us-east-1:123456789012:news"
#define RIG_GOT_MAX 64

/* What the receiver got. */
struct rig_got {
	struct headers headers;
	char *path;
	char *body;
	bool answered;
};

struct rig {
	char *dir;
	struct loop *loop;
	struct db *db;
	struct http_client *http;
	struct faults *faults;
	struct conf conf;
	struct conf_endpoint endpoints[2];
	struct sns *sns;
	struct http_server *door;
	struct http_server *receiver;
	char *base; /* of the door */
	char *hook; /* the receiver's URL */
	/* Of the receiver: statuses in their order, 200 behind the last;
	 * 0 says nothing at all. */
	int answers[RIG_GOT_MAX];
	bool lax; /* the door lets anything in */
	const char *silent; /* a path where nothing is ever said */
	struct rig_got got[RIG_GOT_MAX];
	size_t got_n;
	/* The last answer of the API. */
	int status;
	char *answer;
	struct headers answer_headers;
};

extern int64_t rig_wall;

int rig_setup(void **state);
int rig_teardown(void **state);

/* As a kill and a start: nothing is told that it is to end. */
void rig_restart(struct rig *r);

/* A signed POST of a form, or GET; r->status and r->answer. */
void rig_post(struct rig *r, const char *form);
void rig_get(struct rig *r, const char *path, bool is_signed);
/* The text of the first element of that name; the caller's, or NULL. */
char *rig_text(const struct rig *r, const char *element);

/* Until the receiver has got n in all; fails where that takes too long. */
void rig_wait(struct rig *r, size_t n);
/* Until nothing is left to be delivered. */
void rig_drain(struct rig *r);
/* A commit, and a request and its answer: whatever could begin has begun. */
void rig_pause(struct rig *r);
/* Subscribe the receiver at a path, and confirm; its ARN, the caller's. */
char *rig_subscribe(struct rig *r, const char *path);
void rig_publish(struct rig *r, const char *message);
/* Forget what came so far. */
void rig_forget(struct rig *r);
/* A member of a message that came; the caller's, or NULL. */
char *rig_member(const struct rig *r, size_t i, const char *name);
/* How many subscriptions the database holds deliveries for; a receiver has its
 * message before that is written down. */
size_t rig_waiting(struct rig *r);
void rig_until_waiting(struct rig *r, size_t n);

/* The last answer: an error, what it takes, and what it says. */
void rig_refused(
    struct rig *r, int status, const char *code, const char *words);
void rig_refuses(struct rig *r, const char *form, int status, const char *code);
void rig_takes(struct rig *r, const char *form);
void rig_says(const struct rig *r, const char *words);

#endif
