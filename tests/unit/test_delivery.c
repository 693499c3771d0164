/* SPDX-License-Identifier: Apache-2.0 */
/* Deliveries: ids that follow, frozen bytes, legal moves, copies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "job/delivery.h"

#define JOB_A "01arz3ndektsv4rrffq69g5fav"
#define JOB_B "01arz3ndektsv4rrffq69g5faw"
#define EVENT "inference.completed"

static struct delivery *
some_delivery(void)
{
	return delivery_new(JOB_A, "webhook hook", EVENT, 1772600767000);
}

static void
whoever_makes_it_again_makes_the_same(void **state)
{
	struct delivery *d = some_delivery();

	(void)state;
	/* printf 'JOB\nwebhook hook\ninference.completed' | sha256sum, its
	 * first half in base 32. */
	assert_string_equal(d->id, "msg_4k7dvvs8thk0hs358bwdf31fr4");
	assert_string_equal(d->job_id, JOB_A);
	assert_string_equal(d->target, "webhook hook");
	assert_string_equal(d->event, EVENT);
	assert_int_equal(d->state, DELIVERY_WAITING);
	assert_int_equal(d->created_at, 1772600767000);
	assert_int_equal(d->due_at, 1772600767000);
	assert_int_equal(d->epoch, 1);
	assert_int_equal(d->attempts, 0);
	assert_null(d->body);
	delivery_free(d);
}

static void
each_part_of_the_key_counts(void **state)
{
	static const char *const keys[][3] = {
	    {JOB_A, "webhook a", EVENT},
	    {JOB_B, "webhook a", EVENT},
	    {JOB_A, "webhook b", EVENT},
	    {JOB_A, "exec a", EVENT},
	    {JOB_A, "webhook a", "inference.failed"},
	};
	struct delivery *d[ARRAY_LEN(keys)];
	size_t i, k;

	(void)state;
	for (i = 0; i < ARRAY_LEN(keys); i++) {
		d[i] = delivery_new(keys[i][0], keys[i][1], keys[i][2], 1);
		assert_true(delivery_id_ok(d[i]->id));
		for (k = 0; k < i; k++)
			assert_string_not_equal(d[k]->id, d[i]->id);
	}
	for (i = 0; i < ARRAY_LEN(keys); i++)
		delivery_free(d[i]);
}

static void
what_tells_of_another_has_an_id_of_that_ones_run(void **state)
{
	struct delivery *d = some_delivery(), *v[5];
	size_t i, k;

	(void)state;
	v[0] = delivery_new_about(d, "exec ops", "delivery.failed", 5);
	v[1] = delivery_new_about(d, "exec b", "delivery.failed", 5);
	v[2] = delivery_new_about(d, "exec ops", "delivery.other", 5);
	v[3] = delivery_new_about(v[0], "exec ops", "delivery.failed", 5);
	d->replays++;
	v[4] = delivery_new_about(d, "exec ops", "delivery.failed", 5);
	for (i = 0; i < ARRAY_LEN(v); i++) {
		assert_true(delivery_id_ok(v[i]->id));
		for (k = 0; k < i; k++)
			assert_string_not_equal(v[k]->id, v[i]->id);
	}
	assert_string_equal(v[0]->about, d->id);
	assert_string_equal(v[0]->job_id, d->job_id);
	assert_int_equal(v[0]->created_at, 5);
	d->replays--;
	delivery_free(v[1]);
	v[1] = delivery_new_about(d, "exec ops", "delivery.failed", 9);
	assert_string_equal(v[1]->id, v[0]->id);
	for (i = 0; i < ARRAY_LEN(v); i++)
		delivery_free(v[i]);
	delivery_free(d);
}

static void
an_id_has_one_form(void **state)
{
	static const char *const wrong[] = {
	    "",
	    "msg_",
	    "msg_4k7dvvs8thk0hs358bwdf31fb",
	    "msg_4k7dvvs8thk0hs358bwdf31fr4m",
	    "msg-4k7dvvs8thk0hs358bwdf31fbm",
	    "Msg_4k7dvvs8thk0hs358bwdf31fbm",
	    "msg_4k7dvvs8thk0hs358bwdf31fbM",
	    "msg_4k7dvvs8thk0hs358bwdf31fb.",
	    "msg_4k7dvvs8thk0hs358bwdf31fbi",
	    "msg_4k7dvvs8thk0hs358bwdf31f'-",
	    JOB_A,
	};
	size_t i;

	(void)state;
	assert_true(delivery_id_ok("msg_4k7dvvs8thk0hs358bwdf31fr4"));
	for (i = 0; i < ARRAY_LEN(wrong); i++) {
		if (delivery_id_ok(wrong[i]))
			fail_msg("taken: %s", wrong[i]);
	}
}

static void
the_bytes_are_frozen_with_their_hash(void **state)
{
	struct delivery *d = some_delivery();
	char bytes[] = "a\0b";

	(void)state;
	d->by_reference = true;
	delivery_set_body(d, bytes, 3);
	bytes[0] = 'x';
	assert_memory_equal(d->body, "a\0b", 3);
	assert_int_equal(d->body_size, 3);
	assert_false(d->by_reference);
	assert_string_equal(d->body_sha256,
	    "59b271ae1bbcb1d31d41929817f4b16f"
	    "b439eb4f31520b5ad1d5ce98920a7138");
	delivery_set_body(d, NULL, 0);
	assert_non_null(d->body);
	assert_int_equal(d->body_size, 0);
	assert_string_equal(d->body_sha256,
	    "e3b0c44298fc1c149afbf4c8996fb924"
	    "27ae41e4649b934ca495991b7852b855");
	delivery_free(d);
}

static void
hush(void)
{
	int null = open("/dev/null", O_WRONLY);

	dup2(null, STDERR_FILENO);
	signal(SIGABRT, SIG_DFL);
}

/* Does the process survive it? */
static bool
survives(void (*what)(struct delivery *, int), int arg)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		hush();
		what(some_delivery(), arg);
		_exit(7);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFSIGNALED(status))
		assert_int_equal(WEXITSTATUS(status), 7);
	else
		assert_int_equal(WTERMSIG(status), SIGABRT);
	return !WIFSIGNALED(status);
}

static void
move(struct delivery *d, int way)
{
	d->state = (enum delivery_state)(way / 3);
	delivery_move(d, (enum delivery_state)(way % 3), 5);
}

static void
begin(struct delivery *d, int from)
{
	struct attempt a;

	d->state = (enum delivery_state)from;
	delivery_begin_attempt(d, 5, false, &a);
}

static void
only_the_moves_of_the_picture_are_legal(void **state)
{
	static const bool legal[9] = {
	    [DELIVERY_WAITING * 3 + DELIVERY_DELIVERED] = true,
	    [DELIVERY_WAITING * 3 + DELIVERY_DEAD] = true,
	    [DELIVERY_DELIVERED * 3 + DELIVERY_WAITING] = true,
	    [DELIVERY_DEAD * 3 + DELIVERY_WAITING] = true,
	};
	int way;

	(void)state;
	for (way = 0; way < 9; way++) {
		if (survives(move, way) != legal[way])
			fail_msg("%s to %s",
			    delivery_state_name((enum delivery_state)(way / 3)),
			    delivery_state_name(
				(enum delivery_state)(way % 3)));
	}
	assert_true(survives(begin, DELIVERY_WAITING));
	assert_false(survives(begin, DELIVERY_DELIVERED));
	assert_false(survives(begin, DELIVERY_DEAD));
}

static void
a_replay_has_the_whole_schedule_before_it(void **state)
{
	struct delivery *d = some_delivery();

	(void)state;
	d->attempts = d->failures = 4;
	d->note = xstrdup("refused");
	delivery_move(d, DELIVERY_DEAD, 50);
	assert_int_equal(d->ended_at, 50);
	assert_string_equal(d->note, "refused");
	delivery_move(d, DELIVERY_WAITING, 60);
	assert_int_equal(d->due_at, 60);
	assert_int_equal(d->ended_at, 0);
	assert_int_equal(d->failures, 0);
	assert_int_equal(d->attempts, 4);
	delivery_move(d, DELIVERY_DELIVERED, 70);
	assert_int_equal(d->ended_at, 70);
	/* It is not why the last attempt failed any more. */
	assert_null(d->note);
	delivery_free(d);
}

static void
an_attempt_is_counted_when_it_begins(void **state)
{
	struct delivery *d = some_delivery();
	struct attempt a;

	(void)state;
	memset(&a, 0x5a, sizeof(a));
	delivery_begin_attempt(d, 77, false, &a);
	assert_int_equal(d->attempts, 1);
	assert_int_equal(d->due_at, 0);
	assert_int_equal(a.n, 1);
	assert_int_equal(a.outcome, ATTEMPT_OPEN);
	assert_false(a.replay);
	assert_int_equal(a.started_at, 77);
	assert_int_equal(a.ended_at, 0);
	assert_int_equal(a.status, ATTEMPT_NO_STATUS);
	assert_null(a.note);
	assert_null(a.response);
	delivery_begin_attempt(d, 78, true, &a);
	assert_int_equal(a.n, 2);
	assert_true(a.replay);
	delivery_free(d);
}

static void
a_copy_shares_nothing_with_its_original(void **state)
{
	struct delivery *d = some_delivery(), *copy, *bare;

	(void)state;
	delivery_set_body(d, "a\0b", 3);
	d->note = xstrdup("why");
	d->content_type = xstrdup("text/plain");
	d->log = xcalloc(1, sizeof(*d->log));
	d->nlog = 1;
	d->log[0].n = 1;
	d->log[0].note = xstrdup("reset");
	d->log[0].response = xstrdup("\xff");
	copy = delivery_clone(d, true);
	bare = delivery_clone(d, false);
	delivery_free(d);
	assert_string_equal(copy->id, bare->id);
	assert_string_equal(copy->target, "webhook hook");
	assert_string_equal(copy->event, EVENT);
	assert_string_equal(copy->note, "why");
	assert_string_equal(copy->content_type, "text/plain");
	assert_string_equal(copy->body_sha256, bare->body_sha256);
	assert_memory_equal(copy->body, "a\0b", 3);
	assert_int_equal(copy->nlog, 1);
	assert_string_equal(copy->log[0].note, "reset");
	assert_string_equal(copy->log[0].response, "\xff");
	assert_null(bare->body);
	assert_int_equal(bare->body_size, 3);
	assert_string_equal(bare->log[0].note, "reset");
	delivery_free(copy);
	delivery_free(bare);
	delivery_free(NULL);
}

static void
every_value_has_its_name_and_every_name_its_value(void **state)
{
	static const char *const states[] = {"waiting", "delivered", "dead"};
	static const char *const outcomes[] = {
	    "open", "ok", "failed", "interrupted"};
	enum delivery_state s = DELIVERY_DEAD;
	enum attempt_outcome o = ATTEMPT_FAILED;
	unsigned i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(states); i++) {
		assert_string_equal(
		    delivery_state_name((enum delivery_state)i), states[i]);
		assert_int_equal(delivery_state_parse(states[i], &s), 0);
		assert_int_equal(s, i);
	}
	for (i = 0; i < ARRAY_LEN(outcomes); i++) {
		assert_string_equal(
		    attempt_outcome_name((enum attempt_outcome)i), outcomes[i]);
		assert_int_equal(attempt_outcome_parse(outcomes[i], &o), 0);
		assert_int_equal(o, i);
	}
	assert_int_equal(delivery_state_parse("Dead", &s), -1);
	assert_int_equal(s, DELIVERY_DEAD);
	assert_int_equal(attempt_outcome_parse("", &o), -1);
	assert_int_equal(o, ATTEMPT_INTERRUPTED);
}

/* --- interruptions -------------------------------------------------- */

#define HOUR_MS INT64_C(3600000)

static struct delivery *
interrupted_at(const int64_t *at, size_t n)
{
	struct delivery *d = delivery_new(
	    "01arz3ndektsv4rrffq69g5fav", "exec a", "inference.completed", 1);
	size_t i;

	for (i = 0; i < n; i++)
		delivery_interrupt(d, at[i]);
	return d;
}

static void
three_interruptions_within_72_hours_are_quarantine(void **state)
{
	static const struct {
		int64_t at[4];
		size_t n;
		bool quarantined;
	} cases[] = {
	    {{1000, 2000}, 2, false},
	    {{1000, 2000, 3000}, 3, true},
	    {{1000, 2000, 1000 + 72 * HOUR_MS}, 3, true},
	    /* The first does not count any more, and begins anew. */
	    {{1000, 2000, 1001 + 72 * HOUR_MS}, 3, false},
	    /* In quarantine the last one counts. */
	    {{1000, 2000, 3000, 3000 + 72 * HOUR_MS}, 4, true},
	    {{1000, 2000, 3000, 3001 + 72 * HOUR_MS}, 4, false},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct delivery *d = interrupted_at(cases[i].at, cases[i].n);

		if (delivery_quarantined(d) != cases[i].quarantined)
			fail_msg("case %zu", i);
		delivery_free(d);
	}
}

static void
a_quarantine_ends_by_time_or_success(void **state)
{
	static const int64_t at[] = {1000, 2000, 3000};
	struct delivery *d = interrupted_at(at, 3);

	(void)state;
	delivery_calm(d, 3000 + 72 * HOUR_MS);
	assert_true(delivery_quarantined(d));
	delivery_move(d, DELIVERY_DEAD, 4000);
	assert_false(delivery_quarantined(d));
	/* What was given up is as it was when it is asked for again. */
	delivery_move(d, DELIVERY_WAITING, 5000);
	assert_true(delivery_quarantined(d));
	delivery_move(d, DELIVERY_DELIVERED, 6000);
	assert_int_equal(d->interruptions, 3);
	delivery_move(d, DELIVERY_WAITING, 7000);
	assert_false(delivery_quarantined(d));
	delivery_free(d);
	d = interrupted_at(at, 3);
	delivery_calm(d, 3001 + 72 * HOUR_MS);
	assert_false(delivery_quarantined(d));
	assert_int_equal(d->interruptions, 0);
	delivery_free(d);
	/* An instant of a clock that was years ahead keeps nobody there. */
	d = interrupted_at(at, 3);
	delivery_calm(d, 3000 - 73 * HOUR_MS);
	assert_false(delivery_quarantined(d));
	/* An older version did not note when. */
	d->interruptions = 3;
	delivery_calm(d, 100 * HOUR_MS);
	assert_true(delivery_quarantined(d));
	delivery_free(d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(whoever_makes_it_again_makes_the_same),
	    cmocka_unit_test(each_part_of_the_key_counts),
	    cmocka_unit_test(what_tells_of_another_has_an_id_of_that_ones_run),
	    cmocka_unit_test(an_id_has_one_form),
	    cmocka_unit_test(the_bytes_are_frozen_with_their_hash),
	    cmocka_unit_test(only_the_moves_of_the_picture_are_legal),
	    cmocka_unit_test(a_replay_has_the_whole_schedule_before_it),
	    cmocka_unit_test(an_attempt_is_counted_when_it_begins),
	    cmocka_unit_test(
		three_interruptions_within_72_hours_are_quarantine),
	    cmocka_unit_test(a_quarantine_ends_by_time_or_success),
	    cmocka_unit_test(a_copy_shares_nothing_with_its_original),
	    cmocka_unit_test(every_value_has_its_name_and_every_name_its_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
