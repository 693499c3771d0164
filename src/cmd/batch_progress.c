/* SPDX-License-Identifier: Apache-2.0 */
/* The line of progress of a batch. */
#include "cmd/batch_progress.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "cmd/term.h"

#define DRAW_MS 200
#define PLAIN_MS 10000
#define SAMPLES 30
#define SAMPLE_MS 1000

struct sample {
	int64_t at;
	size_t ended;
};

struct batch_progress {
	struct loop *loop;
	bool terminal;
	bool shown;
	bool pending; /* a drawing is due */
	size_t width;
	batch_counts_fn *counts;
	void *arg;
	struct loop_timer *timer;
	struct loop_signal *winch;
	struct sample samples[SAMPLES]; /* the last ones, oldest overwritten */
	unsigned nsamples;
};

/* --- words ------------------------------------------------------------ */

void
batch_count_format(size_t n, char out[BATCH_COUNT_SIZE])
{
	char digits[BATCH_COUNT_SIZE];
	size_t len, i, to = 0;

	snprintf(digits, sizeof(digits), "%zu", n);
	len = strlen(digits);
	for (i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			out[to++] = ',';
		out[to++] = digits[i];
	}
	out[to] = '\0';
}

struct line {
	char *out;
	size_t width;
	size_t len;
};

/* A piece that does not fit is left out, and so is what stands behind it. */
static void
add(struct line *l, const char *text)
{
	size_t n = strlen(text);

	if (l->len + n > l->width) {
		l->width = l->len;
		return;
	}
	memcpy(l->out + l->len, text, n + 1);
	l->len += n;
}

static void
add_count(struct line *l, const char *before, size_t n, const char *behind)
{
	char piece[128], count[BATCH_COUNT_SIZE];

	batch_count_format(n, count);
	snprintf(piece, sizeof(piece), "%s%s%s", before, count, behind);
	add(l, piece);
}

/* Coarse: nobody wants to see seconds of an hour jump. */
static void
add_left(struct line *l, double seconds)
{
	char piece[64];
	int64_t s = (int64_t)seconds + 1;

	if (s < 60)
		snprintf(piece, sizeof(piece), ", %lld s left", (long long)s);
	else if (s < 3600)
		snprintf(piece, sizeof(piece), ", %lld m %02lld s left",
		    (long long)s / 60, (long long)s % 60);
	else
		snprintf(piece, sizeof(piece), ", %lld h %02lld m left",
		    (long long)s / 3600, (long long)s / 60 % 60);
	add(l, piece);
}

/* As much of it as fits, each byte one column. */
static void
add_trouble(struct line *l, const char *trouble)
{
	char text[200], *p;

	snprintf(text, sizeof(text), "; %s", trouble);
	str_defang(text);
	for (p = text; *p != '\0'; p++) {
		if ((unsigned char)*p >= 0x7f)
			*p = '?';
	}
	if (l->len + 20 < l->width && strlen(text) > l->width - l->len)
		text[l->width - l->len] = '\0';
	add(l, text);
}

void
batch_progress_format(const struct batch_counts *c, double rate, size_t width,
    char out[BATCH_PROGRESS_SIZE])
{
	struct line l = {.out = out, .width = width};
	size_t ended = c->ok + c->failed + c->lost;
	char piece[64];

	if (l.width >= BATCH_PROGRESS_SIZE)
		l.width = BATCH_PROGRESS_SIZE - 1;
	out[0] = '\0';
	add_count(&l, "", c->ok + c->failed, " of ");
	add_count(&l, "", c->total, " done");
	if (c->failed > 0)
		add_count(&l, ", ", c->failed, " failed");
	if (c->lost > 0)
		add_count(&l, ", ", c->lost, " lost");
	if (c->in_flight > 0)
		add_count(&l, ", ", c->in_flight, " in flight");
	if (rate > 0 && ended < c->total) {
		snprintf(
		    piece, sizeof(piece), ", %.*f/s", rate < 10 ? 1 : 0, rate);
		add(&l, piece);
		add_left(&l, (double)(c->total - ended) / rate);
	}
	if (c->trouble != NULL)
		add_trouble(&l, c->trouble);
}

/* --- how fast ---------------------------------------------------------- */

static const struct sample *
sample(const struct batch_progress *p, unsigned n)
{
	return &p->samples[n % SAMPLES];
}

/* Over the last half minute: what came before is not what comes. */
static double
rate_now(struct batch_progress *p, const struct batch_counts *c)
{
	int64_t now = clock_mono_ms();
	size_t ended = c->ok + c->failed + c->lost;
	const struct sample *last, *first;

	last = p->nsamples > 0 ? sample(p, p->nsamples - 1) : NULL;
	if (last == NULL || now - last->at >= SAMPLE_MS) {
		p->samples[p->nsamples % SAMPLES].at = now;
		p->samples[p->nsamples % SAMPLES].ended = ended;
		p->nsamples++;
	}
	first = sample(p, p->nsamples > SAMPLES ? p->nsamples : 0);
	if (now - first->at < SAMPLE_MS || ended < first->ended)
		return -1;
	return (double)(ended - first->ended) * 1000 /
	    (double)(now - first->at);
}

/* --- drawing ----------------------------------------------------------- */

static void
draw(void *arg)
{
	struct batch_progress *p = arg;
	char line[BATCH_PROGRESS_SIZE];
	struct batch_counts c = {0};
	double rate;

	p->counts(&c, p->arg);
	rate = rate_now(p, &c);
	p->pending = false;
	if (!p->terminal) {
		batch_progress_format(&c, rate, sizeof(line), line);
		fprintf(stderr, "awaitd: %s\n", line);
		loop_timer_set(p->timer, PLAIN_MS);
		return;
	}
	batch_progress_format(&c, rate, p->width, line);
	fprintf(stderr, "\r%s\033[K", line);
	p->shown = true;
	loop_timer_set(p->timer, SAMPLE_MS);
}

/* Narrower, the old line may stand in two rows: begin in a clean one. */
static void
on_winch(void *arg)
{
	struct batch_progress *p = arg;
	size_t before = p->width;

	p->width = (size_t)term_line(stderr);
	if (p->width < before && p->shown)
		fputs("\r\033[J", stderr);
	draw(p);
}

/* A line of the log takes the place of ours, which is drawn again below it. */
static void
make_way(void *arg)
{
	struct batch_progress *p = arg;

	if (!p->shown)
		return;
	fputs("\r\033[K", stderr);
	p->shown = false;
	batch_progress_touch(p);
}

struct batch_progress *
batch_progress_new(
    struct loop *loop, bool quiet, batch_counts_fn *counts, void *arg)
{
	struct batch_progress *p;

	if (quiet)
		return NULL;
	p = xcalloc(1, sizeof(*p));
	p->loop = loop;
	p->counts = counts;
	p->arg = arg;
	p->width = (size_t)term_line(stderr);
	p->terminal = p->width > 0;
	p->timer = loop_timer_new(loop, draw, p);
	if (p->terminal) {
		p->winch = loop_signal_new(loop, SIGWINCH, on_winch, p);
		log_before(make_way, p);
		draw(p);
	} else {
		loop_timer_set(p->timer, PLAIN_MS);
	}
	return p;
}

void
batch_progress_free(struct batch_progress *p)
{
	if (p == NULL)
		return;
	log_before(NULL, NULL);
	if (p->shown)
		fputs("\r\033[K", stderr);
	loop_timer_free(p->timer);
	if (p->winch != NULL)
		loop_signal_free(p->winch);
	free(p);
}

void
batch_progress_touch(struct batch_progress *p)
{
	if (p == NULL || !p->terminal || p->pending)
		return;
	p->pending = true;
	loop_timer_set(p->timer, DRAW_MS);
}
