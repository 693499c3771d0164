/* SPDX-License-Identifier: Apache-2.0 */
/* The target of flow_probe.h; its answers come over a timer of the loop. */
#include "tests/support/flow_probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/hash.h"
#include "base/mem.h"

struct probe probe;

static struct loop_timer *answer;
static deliver_done_fn *done;
static void *done_arg;

static struct deliver_source *source;
static struct hash *sum;

static void
drop_source(void)
{
	if (source != NULL)
		source->ready = NULL;
	source = NULL;
	hash_free(sum);
	sum = NULL;
}

static void
probe_answers(void *arg)
{
	struct deliver_result r = {
	    .verdict = probe.error[0] == '\0' ? DELIVER_OK : DELIVER_RETRY,
	    .status = ATTEMPT_NO_STATUS,
	    .note = probe.error[0] == '\0' ? NULL : "broken off",
	};

	(void)arg;
	loop_timer_free(answer);
	answer = NULL;
	drop_source();
	done(&r, done_arg);
}

/* 0 where it waits for more. */
static int
take_some(void)
{
	unsigned char digest[HASH_SHA256_SIZE];
	char piece[777];
	struct error err;
	ssize_t n;

	if (probe.stuck)
		return 0;
	if (probe.takes != 0 && probe.got >= probe.takes)
		return 1;
	n = source->read(source, piece, sizeof(piece), &err);
	if (n == DELIVER_LATER)
		return 0;
	if (n == -1) {
		snprintf(probe.error, sizeof(probe.error), "%s", err.text);
		return 1;
	}
	if (n > 0) {
		hash_update(sum, piece, (size_t)n);
		probe.got += (size_t)n;
		return -1;
	}
	probe.whole = true;
	hash_final(sum, digest);
	encode_hex(digest, sizeof(digest), probe.sha256);
	return 1;
}

static void
on_ready(void *arg)
{
	int rc;

	(void)arg;
	while ((rc = take_some()) == -1)
		continue;
	if (rc == 1 && !probe.holds)
		loop_timer_set(answer, 0);
}

void
probe_goes_on(void)
{
	probe.stuck = false;
	on_ready(NULL);
}

static void
begin_source(struct deliver_source *s)
{
	probe.got = 0;
	probe.whole = false;
	probe.error[0] = '\0';
	source = s;
	sum = hash_new(HASH_SHA256);
	s->ready = on_ready;
	on_ready(NULL);
}

static int
probe_start(void *self, const struct parcel *p, deliver_done_fn *fn, void *arg,
    void **out, struct error *err)
{
	(void)self;
	probe.begun++;
	probe.at = clock_wall_ms();
	probe.size = p->size;
	probe.read = p->fd != -1 ? lseek(p->fd, 0, SEEK_END) : -1;
	done = fn;
	done_arg = arg;
	if (probe.refuses)
		return err_set(err, ERR_IO, "nothing works");
	answer = loop_timer_new(flow.loop, probe_answers, NULL);
	*out = &probe;
	if (p->source != NULL)
		begin_source(p->source);
	else if (!probe.holds)
		loop_timer_set(answer, 0);
	return 0;
}

static void
probe_cancel(void *call)
{
	assert_ptr_equal(call, &probe);
	probe.cancelled++;
	loop_timer_free(answer);
	answer = NULL;
	drop_source();
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
