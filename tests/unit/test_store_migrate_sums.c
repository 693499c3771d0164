/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of the versions whose rows have checksums, 3 to 5: what was sound is
 * sound, and what was damaged stays that, whenever the process dies meanwhile.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/mem.h"
#include "tests/support/schema_v3.h"
#include "tests/support/schema_v4.h"
#include "tests/support/schema_v5.h"
#include "tests/support/store_fixture.h"
#include "tests/unit/migrate_rig.h"

static void
make_v3(void)
{
	migrate_make(schema_v3, rows_v3, 3);
}

static void
make_v4(void)
{
	migrate_make(schema_v4, rows_v4, 4);
}

static void
make_v5(void)
{
	migrate_make(schema_v5, rows_v5, 5);
}

/* --- version 3 ------------------------------------------------------ */

#define V3(n) "01arz3ndektsv4rrffq69g5fc" n

static void
check_v3(void)
{
	struct delivery *d;
	char *text;

	fx_open();
	assert_int_equal(fx_count(fx_list), 3);
	assert_int_equal(fx_count(store_unfinished), 2);
	d = fx_find_delivery("msg_aaaaaaaaaaaaaaaaaaaaaaaaae");
	assert_int_equal(d->nlog, 1);
	delivery_free(d);
	text = fx_recall();
	assert_string_equal(text, "a=1;");
	free(text);
	text = fx_find_idempotency("the key");
	assert_string_equal(text, V3("1") " cafe+");
	free(text);
	assert_int_equal(fx_see("t", "m", V3("2"), "why"), STORE_SEEN_NOW);
	text = fx_recall_told();
	assert_string_equal(text, V3("2") "=why;");
	free(text);
	assert_int_equal(fx.damages, 0);
	fx_close();
	assert_int_equal(fx_number("PRAGMA user_version"), 6);
}

static void
a_file_of_version_3_opens_with_all_that_is_in_it(void **state)
{
	(void)state;
	make_v3();
	check_v3();
}

/* --- version 4 ------------------------------------------------------ */

#define V4(n) "01arz3ndektsv4rrffq69g5fd" n
#define V4_DELIVERY(n) "msg_aaaaaaaaaaaaaaaaaaaaaaaaa" n

static void
check_v4_delivery(const char *id, enum delivery_state state,
    enum delivery_payload payload, int status, unsigned attempts)
{
	struct delivery *d = fx_find_delivery(id);

	assert_non_null(d);
	assert_int_equal(d->state, state);
	assert_int_equal(d->payload, payload);
	assert_int_equal(d->format, DELIVERY_PLAIN);
	assert_int_equal(d->last_status, status);
	assert_int_equal(d->nlog, attempts);
	assert_int_equal(d->url_expires_at, 0);
	assert_null(d->about);
	delivery_free(d);
}

static void
check_v4_jobs(void)
{
	struct job *job = fx_find(V4("1"));

	assert_memory_equal(job->spec.body, "he\0lo", 5);
	assert_null(job->spec.callback_url);
	assert_null(job->spec.traceparent);
	job_free(job);
	job = fx_find(V4("2"));
	assert_int_equal(job->nsubs, 2);
	assert_string_equal(job->subs[1].before_etag, "\"b\"");
	job_free(job);
	job = fx_find(V4("4"));
	assert_string_equal(job->late_location, "s3://b/l");
	job_free(job);
	/* It was damaged before, and is so still. */
	fx_look(V4("5"));
	assert_int_equal(fx.err.code, ERR_DAMAGED);
}

static void
check_v4_rest(void)
{
	char *text = fx_recall();

	assert_string_equal(text, "a=1;");
	free(text);
	text = fx_find_idempotency("the key");
	assert_string_equal(text, V4("1") " cafe+");
	free(text);
	assert_int_equal(fx_see("t", "m", V4("2"), "why"), STORE_SEEN_BEFORE);
	text = fx_recall_told();
	assert_string_equal(text, V4("2") "=why;");
	free(text);
}

static void
check_v4(void)
{
	struct delivery *d;

	fx_open();
	assert_int_equal(fx_count(fx_list), 4);
	assert_int_equal(fx_count(store_unfinished), 2);
	check_v4_jobs();
	check_v4_delivery(
	    V4_DELIVERY("f"), DELIVERY_WAITING, DELIVERY_RAW, 75, 2);
	check_v4_delivery(
	    V4_DELIVERY("g"), DELIVERY_DEAD, DELIVERY_EVENT, 410, 1);
	check_v4_delivery(
	    V4_DELIVERY("h"), DELIVERY_WAITING, DELIVERY_RAW, -1, 0);
	d = fx_look_delivery(V4_DELIVERY("j"));
	assert_null(d);
	assert_int_equal(fx.err.code, ERR_DAMAGED);
	check_v4_rest();
	/* The one that was not known before: the other is told of no more. */
	assert_true(fx.damages <= 1);
	fx_close();
	assert_int_equal(fx_number("SELECT count(*) FROM damaged"), 2);
	assert_int_equal(fx_number("PRAGMA user_version"), 6);
}

static void
a_file_of_version_4_opens_with_all_that_is_in_it(void **state)
{
	(void)state;
	make_v4();
	check_v4();
	check_v4();
}

/* --- version 5 ------------------------------------------------------ */

#define V5(n) "01arz3ndektsv4rrffq69g5fe" n
#define V5_DELIVERY(n) "msg_aaaaaaaaaaaaaaaaaaaaaaaaa" n

static void
check_v5_jobs(void)
{
	struct job *job = fx_find(V5("1"));

	assert_memory_equal(job->spec.body, "he\0lo", 5);
	assert_string_equal(job->spec.callback_url, "https://h.example/cb");
	assert_string_equal(job->spec.tracestate, "a=b");
	assert_null(job->spec.tags);
	job_free(job);
	job = fx_find(V5("2"));
	assert_string_equal(job->spec.retry_of, V5("4"));
	assert_int_equal(job->nsubs, 2);
	assert_string_equal(job->subs[1].before_etag, "\"b\"");
	job_free(job);
	job = fx_find(V5("4"));
	assert_string_equal(job->late_location, "s3://b/l");
	job_free(job);
	/* It was damaged before, and is so still. */
	fx_look(V5("5"));
	assert_int_equal(fx.err.code, ERR_DAMAGED);
}

static void
check_v5_attempts(void)
{
	struct delivery *d = fx_find_delivery(V5_DELIVERY("m"));

	assert_int_equal(d->nlog, 2);
	assert_int_equal(d->log[0].outcome, ATTEMPT_INTERRUPTED);
	assert_string_equal(d->log[1].note, "busy");
	assert_int_equal(d->log[1].status, 75);
	assert_null(d->log[1].error_class);
	assert_null(d->log[1].request_headers);
	assert_null(d->log[1].response_headers);
	delivery_free(d);
}

static void
check_v5_deliveries(void)
{
	struct delivery *d = fx_find_delivery(V5_DELIVERY("n"));

	assert_int_equal(d->state, DELIVERY_DEAD);
	assert_int_equal(d->payload, DELIVERY_EVENT);
	assert_int_equal(d->format, DELIVERY_CE_BINARY);
	assert_int_equal(d->url_expires_at, 5000);
	assert_int_equal(d->last_status, 410);
	assert_string_equal(d->log[0].response, "be off");
	delivery_free(d);
	d = fx_find_delivery(V5_DELIVERY("p"));
	assert_string_equal(d->about, V5_DELIVERY("n"));
	delivery_free(d);
	/* The row itself, and its attempt. */
	assert_null(fx_look_delivery(V5_DELIVERY("q")));
	assert_int_equal(fx.err.code, ERR_DAMAGED);
	assert_null(fx_look_delivery(V5_DELIVERY("r")));
	assert_int_equal(fx.err.code, ERR_DAMAGED);
}

static void
check_v5_rest(void)
{
	char *text = fx_recall();

	assert_string_equal(text, "a=1;");
	free(text);
	text = fx_find_idempotency("the key");
	assert_string_equal(text, V5("1") " cafe+");
	free(text);
	assert_int_equal(fx_see("t", "m", V5("2"), "why"), STORE_SEEN_BEFORE);
	text = fx_recall_told();
	assert_string_equal(text, V5("2") "=why;");
	free(text);
}

static void
check_v5(void)
{
	fx_open();
	assert_int_equal(fx_count(fx_list), 4);
	assert_int_equal(fx_count(store_unfinished), 2);
	check_v5_jobs();
	check_v5_attempts();
	check_v5_deliveries();
	check_v5_rest();
	fx_close();
	assert_int_equal(fx_number("SELECT count(*) FROM damaged"), 3);
	assert_int_equal(fx_number("PRAGMA user_version"), 6);
}

static void
a_file_of_version_5_opens_with_all_that_is_in_it(void **state)
{
	(void)state;
	make_v5();
	check_v5();
	check_v5();
}

static void
a_file_with_checksums_and_a_new_one_are_the_same(void **state)
{
	static void (*const makers[])(void) = {make_v3, make_v4, make_v5};
	char *fresh, *migrated;
	size_t i;

	(void)state;
	fx_open();
	fx_close();
	fresh = migrate_schema_of_file();
	for (i = 0; i < ARRAY_LEN(makers); i++) {
		makers[i]();
		fx_open();
		fx_close();
		migrated = migrate_schema_of_file();
		assert_string_equal(migrated, fresh);
		free(migrated);
	}
	assert_int_equal(fx_number("PRAGMA application_id"), 0x61776474);
	free(fresh);
}

static void
whenever_the_process_dies_version_4_is_whole(void **state)
{
	(void)state;
	migrate_dies_now_and_then(make_v4, check_v4, 4, 22);
}

static void
whenever_the_process_dies_version_5_is_whole(void **state)
{
	(void)state;
	migrate_dies_now_and_then(make_v5, check_v5, 5, 24);
}

static void
whenever_the_process_dies_version_3_is_whole(void **state)
{
	unsigned i, old = 0;
	bool killed;

	(void)state;
	for (i = 0;; i++) {
		make_v3();
		killed = migrate_killed_at(i);
		if (fx_number("PRAGMA user_version") == 3) {
			old++;
			assert_int_equal(
			    fx_number("SELECT count(*) FROM sqlite_schema "
				      "WHERE name = 'notice' OR "
				      "name LIKE 'old%'"),
			    0);
		}
		check_v3();
		if (!killed)
			break;
	}
	assert_true(old > 4);
}

#define T(name) \
	cmocka_unit_test_setup_teardown(name, migrate_setup, fx_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(a_file_of_version_3_opens_with_all_that_is_in_it),
	    T(whenever_the_process_dies_version_3_is_whole),
	    T(a_file_of_version_4_opens_with_all_that_is_in_it),
	    T(whenever_the_process_dies_version_4_is_whole),
	    T(a_file_of_version_5_opens_with_all_that_is_in_it),
	    T(whenever_the_process_dies_version_5_is_whole),
	    T(a_file_with_checksums_and_a_new_one_are_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
