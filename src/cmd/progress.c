/* SPDX-License-Identifier: Apache-2.0 */
/* The line of progress. */
#include "cmd/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/timefmt.h"
#include "cmd/term.h"

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
	char line[LINE_SIZE + TIMEFMT_SPAN_SIZE + 2];
	size_t width = (size_t)term_line(stderr);

	if (p->what[0] == '\0')
		return;
	timefmt_span(clock_mono_ms() - p->since, span);
	snprintf(line, sizeof(line), "%s, %s", p->what, span);
	/* What wraps stays where it is when the next one is drawn. */
	if (strlen(line) > width)
		line[width] = '\0';
	fprintf(stderr, "\r\033[K%s", line);
	p->shown = true;
	loop_timer_set(p->timer, REDRAW_MS);
}

static void
erase(struct progress *p)
{
	if (p->shown)
		fputs("\r\033[K", stderr);
	p->shown = false;
}

/* A line of the log takes the place of ours, which is soon drawn again. */
static void
make_way(void *arg)
{
	erase(arg);
}

struct progress *
progress_new(struct loop *loop, bool quiet)
{
	struct progress *p = xcalloc(1, sizeof(*p));

	p->on = !quiet && term_line(stderr) > 0;
	p->since = clock_mono_ms();
	p->timer = loop_timer_new(loop, draw, p);
	if (p->on)
		log_before(make_way, p);
	return p;
}

void
progress_free(struct progress *p)
{
	if (p->on)
		log_before(NULL, NULL);
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
	erase(p);
}
