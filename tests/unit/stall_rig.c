/* SPDX-License-Identifier: Apache-2.0 */
/* The rig's calls and its ears. */
#include "tests/unit/stall_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"

struct rig rig;

int
rig_setup(void **state)
{
	memset(&rig, 0, sizeof(rig));
	return fx_setup(state);
}

int
rig_teardown(void **state)
{
	faulty_disk_let_go();
	faulty_disk_heal();
	faulty_disk_slow(NULL, 0);
	return fx_teardown(state);
}

static void
on_event(enum store_event event, const struct error *err, void *arg)
{
	(void)arg;
	rig.events[event]++;
	memset(&rig.said, 0, sizeof(rig.said));
	if (err != NULL)
		rig.said = *err;
	loop_stop(fx.loop);
}

void
rig_open(bool reserve)
{
	struct store_options o = {
	    .path = fx.path,
	    .reserve = reserve,
	    .event = on_event,
	};
	struct error err;

	if (store_open(fx.loop, &o, &fx.store, &err) == -1)
		fail_msg("%s", err.text);
}

void
on_asked(const struct error *err, void *arg)
{
	struct asked *a = arg;

	assert_false(a->over);
	a->over = true;
	a->order = ++rig.over;
	memset(&a->err, 0, sizeof(a->err));
	if (err != NULL)
		a->err = *err;
	loop_stop(fx.loop);
}

void
rig_await(const struct asked *a)
{
	while (!a->over)
		loop_run(fx.loop);
}

void
rig_await_event(enum store_event event)
{
	while (rig.events[event] == 0)
		loop_run(fx.loop);
}

int
rig_insert(const struct job *job)
{
	struct asked a = {.over = false};

	store_insert(fx.store, job, on_asked, &a);
	rig_await(&a);
	fx.err = a.err;
	return a.err.code == ERR_NONE ? 0 : -1;
}

struct job *
rig_job(size_t len)
{
	struct job *job = fx_small_job();

	free(job->spec.body);
	job->spec.body = xcalloc(1, len);
	job->spec.body_len = len;
	return job;
}

int64_t
rig_size(const char *suffix)
{
	char *path = xasprintf("%s%s", fx.path, suffix);
	struct stat st;
	int rc = stat(path, &st);

	free(path);
	return rc == 0 ? (int64_t)st.st_size : -1;
}
