/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where nothing can be written, or nothing new: what an error means for those
 * that follow, who waits, and when it goes on. What an error of SQLite is
 * stands in sqlite_trouble.c.
 */
#include <stddef.h>

#include "base/clock.h"
#include "store/store_inner.h"

/* Between tries. What stalls again so soon goes on with the delay it had. */
#define RETRY_MAX_MS 2000
#define RETRY_FRESH_MS 10000

static void
put_off(struct store *s)
{
	int64_t delay = s->close_by != 0 ? STORE_RETRY_MS : s->delay_ms;

	s->retry_at = clock_mono_ms() + delay;
	if (s->delay_ms < RETRY_MAX_MS)
		s->delay_ms *= 2;
}

static void
stall(struct store *s, const struct error *err)
{
	if (s->resumed_at == 0 ||
	    clock_mono_ms() - s->resumed_at > RETRY_FRESH_MS)
		s->delay_ms = STORE_RETRY_MS;
	atomic_store(&s->stalled, true);
	store_news_tell(s, STORE_STALLED, err);
	put_off(s);
}

void
store_mood_turn(struct store *s, const struct error *err)
{
	bool never = s->met == STORE_NEVER;

	s->why = *err;
	if (never || s->last) {
		s->mood = OVER;
		atomic_store(&s->stalled, true);
		if (never)
			store_news_tell(s, STORE_BROKEN, err);
		return;
	}
	err_prefix(&s->why, "nothing can be written now");
	if (s->mood == WELL)
		stall(s, err);
	/* What ends now was begun before; nothing else is. */
	if (err_no_room(err) && s->backend->spend != NULL &&
	    s->backend->spend(s->db))
		s->mood = TIGHT;
	else
		s->mood = STUCK;
}

static void
resume(struct store *s)
{
	s->mood = WELL;
	s->resumed_at = clock_mono_ms();
	atomic_store(&s->stalled, false);
	store_news_tell(s, STORE_RESUMED, NULL);
}

/* --- trying again --------------------------------------------------- */

bool
store_mood_ailing(const struct store *s)
{
	return s->mood == TIGHT || s->mood == STUCK;
}

/* In front of all that is younger. */
static void
run_waiting(struct store *s, struct store_ops *finished)
{
	struct store_ops batch = TAILQ_HEAD_INITIALIZER(batch);
	struct store_ops held = TAILQ_HEAD_INITIALIZER(held);

	s->mood = TIGHT;
	store_batch_take(&s->waiting, &batch);
	store_batch_run(s, &batch, finished, &held, false);
	TAILQ_CONCAT(&held, &s->waiting, entry);
	TAILQ_CONCAT(&s->waiting, &held, entry);
}

/* Does a commit go through, and the log home, and is there room? */
static void
try_to_resume(struct store *s)
{
	const struct store_backend *b = s->backend;
	struct error err;

	s->mood = TIGHT;
	if ((b->probe != NULL && b->probe(s->db, &err) == -1) ||
	    (b->tidy != NULL && b->tidy(s->db, &err) == -1)) {
		s->met = b->trouble(s->db);
		store_mood_turn(s, &err);
	} else if (b->roomy == NULL || b->roomy(s->db)) {
		resume(s);
	}
}

void
store_mood_try_again(struct store *s, struct store_ops *finished)
{
	if (!TAILQ_EMPTY(&s->waiting))
		run_waiting(s, finished);
	else
		try_to_resume(s);
	/* One went through: then all that waits, and then a look. */
	if (s->mood == TIGHT && !TAILQ_EMPTY(&s->waiting))
		s->retry_at = 0;
	else if (s->mood == TIGHT || s->mood == STUCK)
		put_off(s);
	store_news_of_damage(s);
}

void
store_mood_give_up(struct store *s, struct store_ops *finished)
{
	struct store_op *op;

	s->mood = OVER;
	TAILQ_FOREACH (op, &s->waiting, entry)
		store_batch_bar(op, &s->why);
	TAILQ_CONCAT(finished, &s->waiting, entry);
}

void
store_mood_tidy(struct store *s)
{
	struct error err;

	if (!s->wrote || s->backend->tidy == NULL || s->mood != WELL)
		return;
	s->wrote = false;
	if (s->backend->tidy(s->db, &err) == 0)
		return;
	s->met = s->backend->trouble(s->db);
	/* Commits still go through: only new jobs would make it worse. */
	store_mood_turn(s, &err);
	if (s->mood == STUCK)
		s->mood = TIGHT;
}
