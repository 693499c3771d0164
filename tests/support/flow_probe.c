/* SPDX-License-Identifier: Apache-2.0 */
/* The target of flow_probe.h; its answers come over a timer of the loop. */
#include "tests/support/flow_probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/hash.h"
#include "base/mem.h"

struct probe probe;

struct call {
	LIST_ENTRY(call) entry;
	struct loop_timer *answer;
	struct deliver_source *source;
	struct hash *sum; /* of what came from it */
	deliver_done_fn *done;
	void *arg;
};
static LIST_HEAD(, call) calls = LIST_HEAD_INITIALIZER(calls);

static void
call_free(struct call *c)
{
	LIST_REMOVE(c, entry);
	loop_timer_free(c->answer);
	if (c->source != NULL)
		c->source->ready = NULL;
	hash_free(c->sum);
	free(c);
}

static void
probe_answers(void *arg)
{
	struct call *c = arg;
	bool ok = probe.error[0] == '\0' && !probe.fails;
	struct deliver_result r = {
	    .verdict = ok ? DELIVER_OK : DELIVER_RETRY,
	    .status = ATTEMPT_NO_STATUS,
	    .note = ok ? NULL : "broken off",
	};

	c->done(&r, c->arg);
	call_free(c);
}

/* -1: there may be more; 0: not now; 1: it is over. */
static int
take_some(struct call *c)
{
	unsigned char digest[HASH_SHA256_SIZE];
	char piece[777];
	struct error err;
	ssize_t n;

	if (probe.stuck)
		return 0;
	if (probe.takes != 0 && probe.got >= probe.takes)
		return 1;
	n = c->source->read(c->source, piece, sizeof(piece), &err);
	if (n == DELIVER_LATER)
		return 0;
	if (n == -1) {
		snprintf(probe.error, sizeof(probe.error), "%s", err.text);
		return 1;
	}
	if (n > 0) {
		hash_update(c->sum, piece, (size_t)n);
		probe.got += (size_t)n;
		return -1;
	}
	probe.whole = true;
	hash_final(c->sum, digest);
	encode_hex(digest, sizeof(digest), probe.sha256);
	return 1;
}

static void
on_ready(void *arg)
{
	struct call *c = arg;
	int rc;

	while ((rc = take_some(c)) == -1)
		continue;
	if (rc == 1 && !probe.holds)
		loop_timer_set(c->answer, 0);
}

void
probe_goes_on(void)
{
	struct call *c;

	probe.stuck = false;
	LIST_FOREACH(c, &calls, entry)
	on_ready(c);
}

void
probe_lets_go(void)
{
	struct call *c;

	LIST_FOREACH(c, &calls, entry)
	loop_timer_set(c->answer, 0);
}

static void
begin_source(struct call *c, struct deliver_source *s)
{
	probe.got = 0;
	probe.whole = false;
	probe.error[0] = '\0';
	c->source = s;
	c->sum = hash_new(HASH_SHA256);
	s->ready = on_ready;
	s->ready_arg = c;
	on_ready(c);
}

static int
probe_start(void *self, const struct parcel *p, deliver_done_fn *done,
    void *arg, void **out, struct error *err)
{
	struct call *c;

	(void)self;
	probe.begun++;
	probe.at = clock_wall_ms();
	probe.size = p->size;
	probe.read = p->fd != -1 ? lseek(p->fd, 0, SEEK_END) : -1;
	snprintf(probe.id, sizeof(probe.id), "%s", p->delivery->id);
	if (probe.refuses)
		return err_set(err, ERR_IO, "nothing works");
	c = xcalloc(1, sizeof(*c));
	LIST_INSERT_HEAD(&calls, c, entry);
	c->done = done;
	c->arg = arg;
	c->answer = loop_timer_new(flow.loop, probe_answers, c);
	*out = c;
	if (p->source != NULL)
		begin_source(c, p->source);
	else if (!probe.holds)
		loop_timer_set(c->answer, 0);
	return 0;
}

static void
probe_cancel(void *call)
{
	probe.cancelled++;
	call_free(call);
}

static void
probe_free(void *self)
{
	(void)self;
}

static const struct deliver_driver probe_driver = {
    .start = probe_start,
    .cancel = probe_cancel,
    .free = probe_free,
};

void
probe_add(void)
{
	struct target_options o = {
	    .name = "exec probe",
	    .payload = DELIVERY_RAW,
	    .max_in_flight = 8,
	    .schedule = {.delay_ms = {5000, 30000}, .n = 2},
	};
	size_t i = 0;

	while (flow.targets[i] != NULL)
		i++;
	flow.targets[i] = target_new(&o, &probe_driver, NULL);
	flow.targets[i]->streams = probe.streams;
}

void
with_probe(void)
{
	memset(&probe, 0, sizeof(probe));
	flow.new_world = probe_add;
	probe_add();
}

struct job *
probed_job(void)
{
	struct job *job = flow_job();

	job->spec.deliver = xstrdup("exec probe");
	return job;
}
