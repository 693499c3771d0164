/* SPDX-License-Identifier: Apache-2.0 */
/* A driver that only plays one. */
#include "tests/support/flow_receiver.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/health.h"
#include "tests/support/flow_hook.h"

struct receiver receiver;

static struct target_options options;

struct call {
	struct receiver_does does;
	deliver_done_fn *done;
	void *arg;
	struct loop_timer *timer;
};

static void
call_free(struct call *c)
{
	receiver.under_way--;
	loop_timer_free(c->timer);
	free(c);
}

static enum deliver_verdict
verdict_of(int status)
{
	if (status >= 200 && status < 300)
		return DELIVER_OK;
	return status == 410 ? DELIVER_GONE : DELIVER_RETRY;
}

static void
on_answer(void *arg)
{
	struct call *c = arg;
	struct deliver_result r = {
	    .verdict = verdict_of(c->does.status),
	    .status = c->does.status != 0 ? c->does.status : ATTEMPT_NO_STATUS,
	    .retry_after_ms = c->does.retry_after_ms,
	};
	deliver_done_fn *done = c->done;

	if (r.verdict != DELIVER_OK)
		r.note = c->does.status == 410 ? "answered 410"
					       : "it does not answer";
	arg = c->arg;
	call_free(c);
	done(&r, arg);
}

static void
note_call(const struct parcel *p)
{
	struct receiver_call *call;

	receiver.calls = xreallocarray(
	    receiver.calls, receiver.n + 1, sizeof(struct receiver_call));
	call = &receiver.calls[receiver.n++];
	call->at = clock_mono_ms();
	snprintf(call->target, sizeof(call->target), "%s", p->delivery->target);
	memcpy(call->delivery, p->delivery->id, DELIVERY_ID_SIZE);
	call->attempt = p->attempt;
}

static int
start(void *self, const struct parcel *p, deliver_done_fn *done, void *arg,
    void **out, struct error *err)
{
	struct receiver_does does = {.status = 200};
	struct call *c;

	(void)self;
	receiver.fn(p->delivery->target, &does);
	note_call(p);
	if (does.status == -1)
		return err_set(err, ERR_CONFIG, "a file cannot be read");
	c = xcalloc(1, sizeof(*c));
	c->does = does;
	c->done = done;
	c->arg = arg;
	c->timer = loop_timer_new(flow.loop, on_answer, c);
	loop_timer_set(c->timer, does.takes_ms);
	if (++receiver.under_way > receiver.most)
		receiver.most = receiver.under_way;
	*out = c;
	return 0;
}

static void
no_self(void *self)
{
	(void)self;
}

static const struct deliver_driver driver = {
    .start = start,
    .cancel = (void (*)(void *))call_free,
    .free = no_self,
};

static void
new_world(void)
{
	struct target_options o = options;

	o.name = RECEIVER;
	flow.targets[0] = target_new(&o, &driver, NULL);
	o.name = "callback";
	flow.targets[1] = target_new(&o, &driver, NULL);
}

struct target_options
receiver_options(void)
{
	struct target_options o = {
	    .max_in_flight = 8,
	    .breaker_failures = 5,
	    .breaker_max_ms = 300000,
	    .inline_max = 20000,
	};
	struct error err;

	assert_int_equal(
	    schedule_parse(RECEIVER_SCHEDULE, &o.schedule, &err), 0);
	return o;
}

void
with_receiver(const struct target_options *o, receiver_fn *fn)
{
	options = *o;
	receiver.fn = fn;
	flow.new_world = new_world;
	new_world();
	results_at_once();
}

void
deliver_to(const char *target, unsigned n)
{
	struct job *job;

	for (; n > 0; n--) {
		job = flow_job();
		job->spec.deliver = xstrdup(target);
		flow_submit(job);
	}
	time_passes(2000);
}

size_t
calls_of(const char *target, size_t first)
{
	size_t i, n = 0;

	for (i = first; i < receiver.n; i++)
		n += target == NULL || str_eq(receiver.calls[i].target, target);
	return n;
}

struct health
health_of(const char *target)
{
	struct health h;

	health_find(flow.engine, target, &h);
	return h;
}

static void
on_switched(const struct error *err, void *arg)
{
	if (err != NULL)
		fail_msg("%s", err->text);
	*(bool *)arg = true;
}

void
switch_target(const char *target, bool on)
{
	bool done = false;

	health_switch(flow.engine, target, on, on_switched, &done);
	assert_false(done);
	time_passes(0);
	assert_true(done);
}

void
receiver_begin(void)
{
	memset(&receiver, 0, sizeof(receiver));
}

void
receiver_end(void)
{
	free(receiver.calls);
	receiver.calls = NULL;
}
