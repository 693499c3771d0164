/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The API with a fault of ours in it: a part that writes what no answer takes.
 * No request brings that about, so the part is replaced here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "job/attemptjson.h"
#include "tests/support/api_rig.h"

/* --- in place of job/attemptjson.c ----------------------------------- */

#define TOO_MUCH ((size_t)9 << 20)

void
attemptjson_write(struct jsonw *w, const struct attempt_entry *e, bool full)
{
	char *text = xcalloc(1, TOO_MUCH + 1);

	(void)e;
	(void)full;
	memset(text, 'x', TOO_MUCH);
	jsonw_str(w, NULL, text);
	free(text);
}

int
attemptjson_parse(
    const struct json *j, struct attempt_entry **out, struct error *err)
{
	(void)j;
	(void)out;
	(void)err;
	abort();
}

/* --- what comes of it ------------------------------------------------- */

static void
on_stored(const struct error *err, void *arg)
{
	assert_null(err);
	*(bool *)arg = true;
}

static bool
is_done(void *arg)
{
	return *(bool *)arg;
}

static void
an_answer_that_is_too_large_is_a_fault_of_ours(void **state)
{
	struct job *job = rig_job_delivered(DELIVERY_WAITING);
	struct delivery *d = job->deliveries[0];
	char *path = xasprintf("/v1/deliveries/%s/attempts/1", d->id);
	struct attempt a;
	bool done = false;

	(void)state;
	delivery_begin_attempt(d, 1000, false, &a);
	store_save_delivery(rig.s.store, d, &a, on_stored, &done);
	rig_until(is_done, &done);
	attempt_done(&a);
	rig_get(path);
	rig_problem(500, "internal", "larger than any should be");
	/* So is a page; and nothing else suffers. */
	rig_get("/v1/attempts");
	rig_problem(500, "internal", "larger than any should be");
	rig_get("/v1/jobs");
	assert_int_equal(rig.status, 200);
	free(path);
	job_free(job);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		an_answer_that_is_too_large_is_a_fault_of_ours, api_rig_setup,
		api_rig_teardown),
	};

	alarm(120);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
