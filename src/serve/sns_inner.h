/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of serve/sns_*, and for nobody else. */
#ifndef SERVE_SNS_INNER_H
#define SERVE_SNS_INNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "aws/sns_verify.h"
#include "base/hash.h"
#include "serve/quiet.h"
#include "serve/sns_listener.h"

struct http_exchange;
struct http_server;
struct http_tls;
struct sns_confirms;
struct sns_post;

struct sns_listener {
	const struct service *service;
	struct doorbell *doorbell;
	const struct conf_sns *conf; /* of the start */
	struct http_server *server; /* NULL: not open yet */
	struct http_tls *tls; /* or NULL */
	struct loop_timer *tls_timer;
	struct sns_confirms *confirms;
	bool has_user;
	unsigned char user[HASH_SHA256_SIZE]; /* what sns_user_digest says */
	TAILQ_HEAD(, sns_post) posts;
	size_t held; /* bytes of them */
	struct sns_counts counts;
	struct quiet forged, stale, malformed, unchecked;
	struct quiet *unsubscribed; /* of each topic */
};

/* --- sns_user.c: the user and the password of the URL --------------- */
int sns_user_read(struct sns_listener *l, const char *path, struct error *err);
bool sns_user_ok(const struct sns_listener *l, struct http_exchange *x);

/* --- sns_post.c: one request ---------------------------------------- */
void sns_post_handle(struct http_exchange *x, void *arg); /* the listener */
/* The server is gone, and so is what can be called off. */
void sns_post_let_go(struct sns_listener *l);

/* --- sns_confirm.c: subscriptions that wait to be confirmed --------- */
enum sns_confirmed {
	SNS_CONFIRMED,
	SNS_CONFIRM_LATER, /* it may succeed when it comes again */
	SNS_CONFIRM_NEVER,
};
typedef void sns_confirmed_result_fn(enum sns_confirmed result, void *arg);

struct sns_confirms *sns_confirms_new(const struct service *service);
void sns_confirms_free(struct sns_confirms *v); /* nobody is told */
/* One at a time for a topic. The message is verified, and borrowed for the
 * length of the call; `done` may be called before it returns. */
void sns_confirms_ask(struct sns_confirms *v, const struct sns_message *m,
    sns_confirmed_result_fn *done, void *arg);

#endif
