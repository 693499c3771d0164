/* SPDX-License-Identifier: Apache-2.0 */
/* Retention. */
#include "serve/prune.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "serve/intake.h"
#include "serve/metrics.h"

#define FIRST_MS 1000
#define PAUSE_MS 10
#define EVERY_MS ((int64_t)3600 * 1000)
/* One transaction: whoever waits for the store waits so long. */
#define BATCH 200

/* In this order: of keys and notifications the jobs may be gone by then. */
enum kind {
	JOBS,
	KEYS,
	NOTICES,
	EVENTS,
	KINDS,
};

struct prune {
	const struct service *service;
	struct loop_timer *timer;
	size_t gone[KINDS]; /* in this round */
	int now; /* enum kind */
};

/* All that could go is gone. */
static void
end_round(struct prune *p)
{
	if (p->gone[JOBS] > 0)
		log_info("serve",
		    "forgot %zu jobs at the end of their retention",
		    p->gone[JOBS]);
	if (p->gone[KEYS] > 0)
		log_info("serve", "forgot %zu idempotency keys", p->gone[KEYS]);
	if (p->gone[NOTICES] > 0)
		log_debug(
		    "serve", "forgot %zu notifications", p->gone[NOTICES]);
	if (p->gone[EVENTS] > 0)
		log_debug("serve", "forgot %zu events", p->gone[EVENTS]);
	memset(p->gone, 0, sizeof(p->gone));
	p->now = JOBS;
	loop_timer_set(p->timer, EVERY_MS);
}

/* Piece by piece, with pauses, so that nobody else waits for long. */
static void
on_forgotten(size_t n, const struct error *err, void *arg)
{
	struct prune *p = arg;

	if (p->service->stopping)
		return;
	if (err != NULL) {
		log_warn("serve", "retention: %s", err->text);
		end_round(p);
		return;
	}
	if (p->now <= KEYS)
		metrics_pruned(p->service->metrics, p->now == KEYS, n);
	p->gone[p->now] += n;
	if (n < BATCH && ++p->now == KINDS) {
		end_round(p);
		return;
	}
	loop_timer_set(p->timer, PAUSE_MS);
}

static void
forget(void *arg)
{
	struct prune *p = arg;
	const struct conf_global *conf = &p->service->conf->global;
	struct store_forget f = {.limit = BATCH};
	int64_t now = clock_wall_ms();

	if (p->service->stopping)
		return;
	if (p->now == JOBS && p->gone[JOBS] == 0)
		intake_prune(p->service->folder);
	if (p->now == JOBS)
		f.before_at = now - conf->retention_ms;
	else if (p->now == KEYS)
		f.keys_before_at = now - conf->idempotency_ms;
	else if (p->now == NOTICES)
		f.notices_before_at = now;
	else
		f.events_before_at = now - conf->retention_ms;
	store_forget(p->service->store, &f, on_forgotten, p);
}

struct prune *
prune_new(const struct service *service)
{
	struct prune *p = xcalloc(1, sizeof(*p));

	p->service = service;
	p->timer = loop_timer_new(service->loop, forget, p);
	return p;
}

void
prune_start(struct prune *p)
{
	loop_timer_set(p->timer, FIRST_MS);
}

void
prune_free(struct prune *p)
{
	if (p == NULL)
		return;
	loop_timer_free(p->timer);
	free(p);
}
