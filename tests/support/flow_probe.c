/* SPDX-License-Identifier: Apache-2.0 */
/* The target of flow_probe.h; its answers come over a timer of the loop. */
#include "tests/support/flow_probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <unistd.h>

#include "base/mem.h"

struct probe probe;

static struct loop_timer *answer;
static deliver_done_fn *done;
static void *done_arg;

static void
probe_answers(void *arg)
{
	struct deliver_result ok = {
	    .verdict = DELIVER_OK,
	    .status = ATTEMPT_NO_STATUS,
	};

	(void)arg;
	loop_timer_free(answer);
	answer = NULL;
	done(&ok, done_arg);
}

static int
probe_start(void *self, const struct parcel *p, deliver_done_fn *fn, void *arg,
    void **out, struct error *err)
{
	(void)self;
	probe.begun++;
	probe.size = p->size;
	probe.read = p->fd != -1 ? lseek(p->fd, 0, SEEK_END) : -1;
	done = fn;
	done_arg = arg;
	if (probe.refuses)
		return err_set(err, ERR_IO, "nothing works");
	answer = loop_timer_new(flow.loop, probe_answers, NULL);
	if (!probe.holds)
		loop_timer_set(answer, 0);
	*out = &probe;
	return 0;
}

static void
probe_cancel(void *call)
{
	assert_ptr_equal(call, &probe);
	probe.cancelled++;
	loop_timer_free(answer);
	answer = NULL;
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
