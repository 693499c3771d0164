/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store's insides: what its thread and the loop share, and what the files
 * behind store.c do for the thread. Only for store*.c.
 */
#ifndef STORE_STORE_INNER_H
#define STORE_STORE_INNER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "store/backend.h"
#include "store/store_op.h"

#define STORE_RETRY_MS 250 /* between tries while nothing can be written */

enum mood {
	WELL,
	TIGHT, /* writing works, there is no room for new jobs */
	STUCK, /* nothing can be written now: writes wait */
	OVER, /* nothing is written any more */
};

struct news {
	TAILQ_ENTRY(news) entry;
	enum store_event event;
	bool bad;
	struct error err;
};
TAILQ_HEAD(news_list, news);

struct store {
	const struct store_backend *backend;
	void *db;
	store_event_fn *event;
	void *event_arg;
	pthread_t thread;
	struct loop_wakeup *wakeup;
	struct loop_timer *impatient; /* of the loop: ends a check */

	/* Under the lock. */
	pthread_mutex_t lock;
	pthread_cond_t more;
	pthread_cond_t taken; /* pieces were, or it closes */
	size_t pieces; /* of a long answer, that the loop did not take yet */
	struct store_ops queued;
	struct store_ops finished;
	struct news_list news;
	bool closing;
	bool checking;
	bool broken_off; /* the check, since others wait */
	int64_t check_until;

	/* Written by the thread, read by anybody. */
	_Atomic uint64_t commits;
	_Atomic uint64_t writes;
	_Atomic uint64_t damaged;
	_Atomic bool stalled;
	_Atomic int64_t last_event; /* that was committed */
	int64_t told_event; /* by STORE_HAPPENED; of the loop */

	/* Only of the thread, and of store_close behind it. */
	enum mood mood;
	struct error why; /* it is not WELL */
	enum store_trouble met; /* by what failed last */
	struct store_ops waiting; /* writes, older than any that is queued */
	int64_t retry_at;
	int64_t delay_ms;
	int64_t resumed_at;
	int64_t close_by; /* 0: not closing */
	bool last; /* there is no other try */
	bool wrote; /* since the last look at the log */
	bool check_due;
	int64_t check_at;
	int64_t patience_ms;
};

/* --- store_news.c: for the loop, with the next wake-up --------------- */

void store_news_tell(
    struct store *s, enum store_event event, const struct error *err);
void store_news_of_damage(struct store *s); /* since this was asked last */

/* --- store_batch.c: group commit ------------------------------------- */

/* As many as are run together. */
void store_batch_take(struct store_ops *from, struct store_ops *batch);

/* All of it is in `finished` then, in its order, or in `held`: that are writes,
 * where nothing can be written or older ones wait (`behind`). */
void store_batch_run(struct store *s, struct store_ops *batch,
    struct store_ops *finished, struct store_ops *held, bool behind);

/* It fails for good, and is not run. */
void store_batch_bar(struct store_op *op, const struct error *err);

/* --- store_mood.c: where nothing can be written ----------------------- */

/* A write failed as `met` says. */
void store_mood_turn(struct store *s, const struct error *err);
bool store_mood_ailing(const struct store *s);
void store_mood_try_again(struct store *s, struct store_ops *finished);

/* What still waits is told; nothing of it was ever acknowledged. */
void store_mood_give_up(struct store *s, struct store_ops *finished);

/* The log grows with every commit: bring it home, after those were told who
 * wait for what they wrote. */
void store_mood_tidy(struct store *s);

#endif
