/* SPDX-License-Identifier: Apache-2.0 */
/* Metrics of targets: one by one as configured, callbacks' hosts summed. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "engine/health.h"
#include "serve/metrics.h"
#include "serve/service.h"
#include "serve/targets.h"

#define CALLBACK "callback"

/* The states that a configured one can have. */
#define STATES HEALTH_UNKNOWN

struct sums {
	uint64_t hosts[HEALTH_STATES];
	size_t waiting;
	size_t under_way;
};

static void
add_host(const struct health *h, void *arg)
{
	struct sums *sums = arg;

	if (!str_starts(h->target, CALLBACK " "))
		return;
	sums->hosts[h->state]++;
	sums->waiting += h->waiting;
	sums->under_way += h->under_way;
}

static void
family(struct buf *b, const char *name, const char *help)
{
	buf_printf(b, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
}

/* A name of a section holds nothing that would have to be escaped. */
static void
of_target(struct buf *b, const char *name, const char *target, uint64_t n)
{
	buf_printf(b, "%s{target=\"%s\"} %" PRIu64 "\n", name, target, n);
}

static void
write_states(struct buf *b, const struct health *v, size_t n)
{
	static const char name[] = "awaitd_target_state";
	size_t i, state;

	family(b, name, "1 for the state that a target is in; else 0.");
	for (i = 0; i < n; i++) {
		for (state = 0; state < STATES; state++)
			buf_printf(b, "%s{target=\"%s\",state=\"%s\"} %d\n",
			    name, v[i].target,
			    health_state_name((enum health_state)state),
			    v[i].state == (enum health_state)state);
	}
}

static void
write_counts(
    struct buf *b, const struct health *v, size_t n, const struct sums *sums)
{
	static const char waiting[] = "awaitd_target_deliveries_waiting";
	static const char attempts[] = "awaitd_target_attempts_in_flight";
	static const char failures[] = "awaitd_target_failures_in_a_row";
	size_t i;

	family(b, waiting, "Deliveries that wait for a target.");
	for (i = 0; i < n; i++)
		of_target(b, waiting, v[i].target, v[i].waiting);
	of_target(b, waiting, CALLBACK, sums->waiting);
	family(b, attempts, "Attempts under way to a target.");
	for (i = 0; i < n; i++)
		of_target(b, attempts, v[i].target, v[i].under_way);
	of_target(b, attempts, CALLBACK, sums->under_way);
	family(b, failures, "Failures of a target since it last answered.");
	for (i = 0; i < n; i++)
		of_target(b, failures, v[i].target, v[i].failures);
}

static void
write_hosts(struct buf *b, const struct sums *sums)
{
	static const char name[] = "awaitd_callback_hosts";
	size_t state;

	family(b, name, "Hosts of callbacks that are remembered, by state.");
	for (state = 0; state < HEALTH_STATES; state++) {
		if (state == HEALTH_DISABLED)
			continue;
		buf_printf(b, "%s{state=\"%s\"} %" PRIu64 "\n", name,
		    health_state_name((enum health_state)state),
		    sums->hosts[state]);
	}
}

void
metrics_write_targets(const struct service *service, struct buf *b)
{
	size_t i, n = 0, count = targets_count(service->targets);
	struct health *v = xcalloc(count + 1, sizeof(*v));
	struct sums sums = {.waiting = 0};
	const char *title;

	for (i = 0; i < count; i++) {
		title = targets_title(service->targets, i);
		if (!str_eq(title, CALLBACK))
			health_find(service->engine, title, &v[n++]);
	}
	health_each(service->engine, add_host, &sums);
	write_states(b, v, n);
	write_counts(b, v, n, &sums);
	write_hosts(b, &sums);
	free(v);
}
