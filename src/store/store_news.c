/* SPDX-License-Identifier: Apache-2.0 */
/* What happened to the store itself, on its way from the thread to the loop. */
#include <stddef.h>

#include "base/mem.h"
#include "store/store_inner.h"

void
store_news_tell(
    struct store *s, enum store_event event, const struct error *err)
{
	struct news *n;

	if (s->event == NULL)
		return;
	n = xcalloc(1, sizeof(*n));
	n->event = event;
	n->bad = err != NULL;
	if (err != NULL)
		n->err = *err;
	pthread_mutex_lock(&s->lock);
	TAILQ_INSERT_TAIL(&s->news, n, entry);
	pthread_mutex_unlock(&s->lock);
	loop_wakeup_signal(s->wakeup);
}

void
store_news_of_damage(struct store *s)
{
	struct error err;

	if (s->backend->next_damage == NULL)
		return;
	while (s->backend->next_damage(s->db, &err))
		store_news_tell(s, STORE_DAMAGED, &err);
	atomic_store(&s->damaged, s->backend->damaged(s->db));
}
