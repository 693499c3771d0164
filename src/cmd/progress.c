/* SPDX-License-Identifier: Apache-2.0 */
/* The line of progress. */
#include "cmd/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/timefmt.h"

#define REDRAW_MS 500
#define LINE_SIZE 120

struct progress {
	bool on;
	struct loop_timer *timer;
	int64_t since;
	char what[LINE_SIZE];
	bool shown;
};

static void
draw(void *arg)
{
	struct progress *p = arg;
	char span[TIMEFMT_SPAN_SIZE];

	if (p->what[0] == '\0')
		return;
	timefmt_span(clock_mono_ms() - p->since, span);
	fprintf(stderr, "\r\033[K%s, %s", p->what, span);
	p->shown = true;
	loop_timer_set(p->timer, REDRAW_MS);
}

struct progress *
progress_new(struct loop *loop, bool quiet)
{
	struct progress *p = xcalloc(1, sizeof(*p));

	p->on = !quiet && isatty(STDERR_FILENO);
	p->since = clock_mono_ms();
	p->timer = loop_timer_new(loop, draw, p);
	return p;
}

void
progress_free(struct progress *p)
{
	progress_clear(p);
	loop_timer_free(p->timer);
	free(p);
}

void
progress_update(
    struct progress *p, const struct job *job, size_t done, size_t total)
{
	if (!p->on)
		return;
	if (total == 1)
		snprintf(p->what, sizeof(p->what), "job %s %s, %u looks",
		    job->id, job_state_name(job->state), job->polls);
	else
		snprintf(p->what, sizeof(p->what), "%zu of %zu jobs done", done,
		    total);
	draw(p);
}

void
progress_clear(struct progress *p)
{
	loop_timer_clear(p->timer);
	p->what[0] = '\0';
	if (p->shown)
		fputs("\r\033[K", stderr);
	p->shown = false;
}
