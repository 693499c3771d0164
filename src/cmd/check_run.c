/* SPDX-License-Identifier: Apache-2.0 */
/* The probes of `awaitd check`, from the first to the last. */
#include "cmd/check.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"

#define RUNNING_MAX 8
#define CLEAN_UP_MS 10000

const char *
check_status_name(enum check_status status)
{
	switch (status) {
	case CHECK_OK:
		return "ok";
	case CHECK_WARN:
		return "warn";
	case CHECK_FAIL:
		return "fail";
	case CHECK_SKIPPED:
		return "skipped";
	}
	abort();
}

struct check_probe *
check_add(struct check *c, const struct check_kind *kind, char *take_subject)
{
	struct check_probe *p = xcalloc(1, sizeof(*p));

	p->kind = kind;
	p->check = c;
	p->subject = take_subject;
	str_defang(p->subject);
	c->v = xreallocarray(c->v, c->n + 1, sizeof(struct check_probe *));
	c->v[c->n++] = p;
	return p;
}

static void
probe_free(struct check_probe *p)
{
	if (p->kind->forget != NULL && p->data != NULL)
		p->kind->forget(p);
	free(p->subject);
	free(p->detail);
	free(p->remedy);
	free(p->data);
	free(p);
}

/* --- the end of one --------------------------------------------- */

static void start_more(void *arg);

/* The next turn goes on: nobody is freed or started further up the stack. */
static void
end(struct check_probe *p, enum check_status status, char *take_detail)
{
	struct check *c = p->check;

	str_defang(take_detail);
	p->status = status;
	p->detail = take_detail;
	if (p->remedy != NULL && p->remedy[0] == '\0')
		xfree(&p->remedy);
	if (p->started) {
		p->ms = clock_mono_ms() - p->began_mono;
		c->running--;
	}
	p->done = true;
	loop_unpost(c->app->loop, c);
	loop_post(c->app->loop, start_more, c);
}

void
check_end(struct check_probe *p, enum check_status status, const char *fmt, ...)
{
	va_list ap;
	char *detail;

	va_start(ap, fmt);
	detail = xvasprintf(fmt, ap);
	va_end(ap);
	end(p, status, detail);
}

void
check_end_err(
    struct check_probe *p, enum check_status status, const struct error *err)
{
	if (err->hint[0] != '\0')
		check_remedy(p, "%s", err->hint);
	check_end(p, status, "%s", err->text);
}

void
check_remedy(struct check_probe *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	free(p->remedy);
	p->remedy = xvasprintf(fmt, ap);
	va_end(ap);
	str_defang(p->remedy);
}

/* --- all of them ------------------------------------------------ */

static bool
all_done(const struct check *c)
{
	size_t i;

	for (i = 0; i < c->n; i++) {
		if (!c->v[i]->done)
			return false;
	}
	return true;
}

static bool
others_done(const struct check *c, const struct check_probe *but)
{
	size_t i;

	for (i = 0; i < c->n; i++) {
		if (c->v[i] != but && !c->v[i]->done)
			return false;
	}
	return true;
}

static bool
is_ready(const struct check *c, const struct check_probe *p)
{
	if (p->started || p->done)
		return false;
	if (p->kind->needs_creds && !c->has_creds && c->no_aws.code == ERR_NONE)
		return false;
	return !p->kind->goes_last || others_done(c, p);
}

static void
start(struct check *c, struct check_probe *p)
{
	if (p->kind->needs_creds && !c->has_creds) {
		check_end(p, CHECK_SKIPPED, "there are no credentials");
		return;
	}
	p->started = true;
	p->began_mono = clock_mono_ms();
	c->running++;
	p->kind->start(p);
}

static void
start_more(void *arg)
{
	struct check *c = arg;
	size_t i;

	for (i = 0; i < c->n && c->running < RUNNING_MAX; i++) {
		if (is_ready(c, c->v[i]))
			start(c, c->v[i]);
	}
	check_print(c);
	if (all_done(c))
		loop_stop(c->app->loop);
}

static void
on_timeout(void *arg)
{
	struct check *c = arg;

	loop_stop(c->app->loop);
}

static void
too_late(struct check_probe *p, int64_t timeout_ms)
{
	char span[TIMEFMT_SPAN_SIZE];

	timefmt_span(timeout_ms, span);
	check_remedy(p, "Give it more time with --timeout.");
	check_end(p, CHECK_FAIL, "no answer within %s", span);
}

/* It was not its turn yet. */
static void
too_early(struct check_probe *p)
{
	check_end(p, CHECK_SKIPPED,
	    p->kind->needs_creds && !p->check->has_creds
		? "there are no credentials yet"
		: "the time was over before its turn came");
}

/* What can be broken off is; the rest cleans up behind itself. */
static void
break_off(struct check *c, int64_t timeout_ms)
{
	size_t i;

	for (i = 0; i < c->n; i++) {
		struct check_probe *p = c->v[i];

		if (p->done)
			continue;
		if (p->started && p->kind->hurry != NULL) {
			p->kind->hurry(p);
			continue;
		}
		if (p->started)
			p->kind->cancel(p);
		if (c->app->signo != 0)
			check_end(p, CHECK_SKIPPED, "interrupted");
		else if (p->started)
			too_late(p, timeout_ms);
		else
			too_early(p);
	}
}

/* It was told to clean up, and nobody waits for it any more. */
static void
leave(struct check *c)
{
	size_t i;

	for (i = 0; i < c->n; i++) {
		if (!c->v[i]->done)
			check_end(c->v[i], CHECK_FAIL, "no answer");
	}
	loop_unpost(c->app->loop, c);
	check_print(c);
}

void
check_run(struct check *c, int64_t timeout_ms)
{
	struct loop_timer *timer = loop_timer_new(c->app->loop, on_timeout, c);

	app_catch_signals(c->app);
	loop_post(c->app->loop, start_more, c);
	loop_timer_set(timer, timeout_ms);
	loop_run(c->app->loop);
	if (!all_done(c)) {
		break_off(c, timeout_ms);
		loop_timer_set(timer, CLEAN_UP_MS);
		loop_run(c->app->loop);
		leave(c);
	}
	loop_timer_free(timer);
}

void
check_done(struct check *c)
{
	size_t i;

	loop_unpost(c->app->loop, c);
	for (i = 0; i < c->n; i++)
		probe_free(c->v[i]);
	free(c->v);
	for (i = 0; i < c->nregions; i++) {
		free(c->regions[i].name);
		endpoint_done(&c->regions[i].runtime);
		endpoint_done(&c->regions[i].s3);
	}
	free(c->regions);
	for (i = 0; i < c->nhosts; i++)
		free(c->hosts[i]);
	free(c->hosts);
	http_client_free(c->aws_http);
}
