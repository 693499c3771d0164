/* SPDX-License-Identifier: Apache-2.0 */
/* Topics, subscriptions, messages and deliveries in a real database. */
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/loop.h"
#include "base/mem.h"
#include "base/str.h"
#include "local/db_mail.h"
#include "local/db_sns.h"

static char *dir, *path;
static struct loop *loop;
static struct db *db;
static struct error err;

static void
good(int rc)
{
	if (rc == -1)
		fail_msg("%s", err.text);
}

static int
setup(void **state)
{
	(void)state;
	dir = xstrdup("/tmp/test_db_sns.XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	path = xasprintf("%s/db", dir);
	loop = loop_new();
	good(db_open(loop, path, &db, &err));
	return 0;
}

static int
remove_entry(const char *p, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(p);
}

static int
teardown(void **state)
{
	(void)state;
	db_close(db);
	loop_free(loop);
	nftw(dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	free(dir);
	free(path);
	return 0;
}

static void
reopen(void)
{
	db_close(db);
	good(db_open(loop, path, &db, &err));
}

/* Texts that are not freed. */
static struct db_subscription
subscription(const char *arn, const char *endpoint, int state)
{
	return (struct db_subscription){
	    .arn = (char *)arn,
	    .topic = (char *)"t",
	    .protocol = (char *)"http",
	    .endpoint = (char *)endpoint,
	    .token = (char *)arn,
	    .token_until = 100,
	    .state = state,
	    .created_at = 7,
	};
}

static void
add(const char *arn, int state)
{
	struct db_subscription s = subscription(arn, arn, state);

	good(db_subscription_add(db, &s, &err));
}

static int64_t
message(void)
{
	struct db_message m = {
	    .id = (char *)"id",
	    .topic = (char *)"t",
	    .type = (char *)"Notification",
	    .body = (char *)"hello",
	    .published_at = 5,
	};

	good(db_message_add(db, &m, &err));
	return m.seq;
}

static void
deliver(int64_t seq, const char *to, int64_t copy, int64_t due_at)
{
	struct db_delivery d = {
	    .message = seq,
	    .subscription = to,
	    .copy = copy,
	    .due_at = due_at,
	    .held = due_at > 1000,
	};

	good(db_delivery_add(db, &d, &err));
}

/* "arn:due " and the like of each row. */
static char seen[1000];

static int
note(const struct db_delivery *d, void *arg, struct error *e)
{
	size_t n = strlen(seen);

	(void)arg;
	(void)e;
	snprintf(seen + n, sizeof(seen) - n, "%s:%d:%d:%d%s ", d->subscription,
	    (int)d->message, (int)d->copy, (int)d->due_at, d->held ? "h" : "");
	return 0;
}

static int
note_text(const char *text, void *arg, struct error *e)
{
	size_t n = strlen(seen);

	(void)arg;
	(void)e;
	snprintf(seen + n, sizeof(seen) - n, "%s ", text);
	return 0;
}

static int
note_subscription(const struct db_subscription *s, void *arg, struct error *e)
{
	int *most = arg;

	note_text(s->arn, NULL, e);
	return most != NULL && --*most == 0 ? 1 : 0;
}

static const char *
lanes(void)
{
	*seen = '\0';
	good(db_delivery_lanes(db, note, NULL, &err));
	return seen;
}

static const char *
lane(const char *arn)
{
	*seen = '\0';
	good(db_delivery_each(db, arn, note, NULL, &err));
	return seen;
}

static bool
has_message(int64_t seq)
{
	struct db_message m = {0};
	int rc = db_message_get(db, seq, &m, &err);

	good(rc);
	db_message_done(&m);
	return rc == 1;
}

static void
a_topic_keeps_what_was_set(void **state)
{
	struct db_topic t = {.arn = (char *)"t",
	    .signature_version = (char *)"2",
	    .delivery_policy = (char *)"{}",
	    .display_name = (char *)"T"};
	struct db_topic read = {0};
	int64_t n;

	(void)state;
	assert_int_equal(db_topic_get(db, "t", &read, &err), 0);
	good(db_topic_add(db, "t", &err));
	good(db_topic_set(db, &t, &err));
	good(db_topic_add(db, "t", &err));
	reopen();
	assert_int_equal(db_topic_get(db, "t", &read, &err), 1);
	assert_string_equal(read.signature_version, "2");
	assert_string_equal(read.delivery_policy, "{}");
	assert_string_equal(read.display_name, "T");
	db_topic_done(&read);
	good(db_topic_count(db, &n, &err));
	assert_int_equal(n, 1);
}

static void
a_subscription_is_found_in_three_ways(void **state)
{
	struct db_subscription s = subscription("a", "e", DB_PENDING);
	struct db_subscription read = {0};

	(void)state;
	good(db_subscription_add(db, &s, &err));
	s.state = DB_CONFIRMED;
	s.authenticated = s.owned = s.raw = true;
	s.delivery_policy = (char *)"{}";
	s.token = (char *)"tok";
	s.token_until = 9;
	good(db_subscription_set(db, &s, &err));
	reopen();
	assert_int_equal(db_subscription_of_token(db, "a", &read, &err), 0);
	assert_int_equal(db_subscription_of_token(db, "tok", &read, &err), 1);
	db_subscription_done(&read);
	assert_int_equal(db_subscription_find(db, &s, &read, &err), 1);
	db_subscription_done(&read);
	assert_int_equal(db_subscription_get(db, "a", &read, &err), 1);
	assert_string_equal(read.topic, "t");
	assert_string_equal(read.protocol, "http");
	assert_string_equal(read.endpoint, "e");
	assert_string_equal(read.token, "tok");
	assert_string_equal(read.delivery_policy, "{}");
	assert_int_equal(read.token_until, 9);
	assert_int_equal(read.state, DB_CONFIRMED);
	assert_true(read.authenticated && read.owned && read.raw);
	assert_int_equal(read.created_at, 7);
	db_subscription_done(&read);
	/* One for each endpoint of a topic. */
	s.arn = (char *)"b";
	s.token = (char *)"b";
	assert_int_equal(db_subscription_add(db, &s, &err), -1);
}

static void
lists_go_on_behind_an_arn(void **state)
{
	int64_t n[DB_ENDED + 1];
	int most = 2;

	(void)state;
	add("d", DB_CONFIRMED);
	add("a", DB_PENDING);
	add("c", DB_ENDED);
	add("b", DB_CONFIRMED);
	db_flush(db);
	*seen = '\0';
	good(db_subscription_each(db, "t", "", note_subscription, &most, &err));
	assert_string_equal(seen, "a b ");
	*seen = '\0';
	good(
	    db_subscription_each(db, NULL, "b", note_subscription, NULL, &err));
	assert_string_equal(seen, "d ");
	*seen = '\0';
	good(db_subscription_confirmed(db, "t", note_text, NULL, &err));
	assert_string_equal(seen, "b d ");
	good(db_topic_subscriptions(db, "t", n, &err));
	assert_int_equal(n[DB_PENDING], 1);
	assert_int_equal(n[DB_CONFIRMED], 2);
	assert_int_equal(n[DB_ENDED], 1);
}

static void
old_ones_that_nobody_confirmed_go(void **state)
{
	(void)state;
	add("a", DB_PENDING);
	add("b", DB_CONFIRMED);
	add("c", DB_ENDED);
	deliver(message(), "c", 0, 1);
	good(db_subscription_purge(db, 100, &err));
	db_flush(db);
	assert_string_equal(lanes(), "c:0:0:1 ");
	good(db_subscription_purge(db, 101, &err));
	db_flush(db);
	*seen = '\0';
	good(db_subscription_each(db, NULL, "", note_subscription, NULL, &err));
	assert_string_equal(seen, "b ");
	assert_string_equal(lanes(), "");
}

static void
a_message_stays_while_somebody_waits_for_it(void **state)
{
	struct db_delivery d = {.subscription = "a"};
	int64_t seq;

	(void)state;
	seq = d.message = message();
	deliver(seq, "a", 0, 3);
	deliver(seq, "a", 1, 3);
	good(db_delivery_delete(db, &d, &err));
	good(db_message_drop(db, seq, &err));
	db_flush(db);
	assert_true(has_message(seq));
	d.copy = 1;
	good(db_delivery_delete(db, &d, &err));
	good(db_message_drop(db, seq, &err));
	db_flush(db);
	assert_false(has_message(seq));
	assert_true(message() > seq);
}

static void
each_lane_has_its_first_and_its_order(void **state)
{
	int64_t one, two;
	char want[100];

	(void)state;
	one = message();
	two = message();
	deliver(two, "a", 0, 10);
	deliver(one, "a", 0, 30);
	deliver(one, "b", 0, 20);
	assert_string_equal(lanes(), "");
	db_flush(db);
	assert_string_equal(lanes(), "a:0:0:10 b:0:0:20 ");
	snprintf(
	    want, sizeof(want), "a:%d:0:10 a:%d:0:30 ", (int)two, (int)one);
	assert_string_equal(lane("a"), want);
}

static void
what_is_held_is_let_go_by_a_younger_one(void **state)
{
	struct db_delivery d = {.subscription = "a"};
	int64_t one, two;

	(void)state;
	one = message();
	two = message();
	deliver(one, "a", 0, 5000);
	deliver(one, "b", 0, 5000);
	d.message = one;
	good(db_delivery_release(db, &d, &err));
	db_flush(db);
	assert_string_equal(lanes(), "a:0:0:5000 b:0:0:5000 ");
	d.message = two;
	good(db_delivery_release(db, &d, &err));
	db_flush(db);
	assert_string_equal(lanes(), "a:0:0:0 b:0:0:5000 ");
	d.message = one;
	d.tries = 2;
	d.due_at = 77;
	good(db_delivery_set(db, &d, &err));
	db_flush(db);
	assert_string_equal(lanes(), "a:0:0:77 b:0:0:5000 ");
}

static void
who_goes_takes_what_it_was_to_get(void **state)
{
	int64_t shared, own;

	(void)state;
	add("a", DB_CONFIRMED);
	add("b", DB_CONFIRMED);
	shared = message();
	own = message();
	deliver(shared, "a", 0, 1);
	deliver(shared, "b", 0, 2);
	deliver(own, "a", 0, 3);
	good(db_subscription_delete(db, "a", &err));
	db_flush(db);
	assert_string_equal(lanes(), "b:0:0:2 ");
	assert_true(has_message(shared));
	assert_false(has_message(own));
	good(db_topic_add(db, "t", &err));
	good(db_topic_delete(db, "t", &err));
	db_flush(db);
	assert_string_equal(lanes(), "");
	assert_false(has_message(shared));
}

static void
announcements_are_remembered_for_each_endpoint(void **state)
{
	(void)state;
	good(db_announced_add(db, "e", "t2", &err));
	good(db_announced_add(db, "e", "t1", &err));
	good(db_announced_add(db, "e", "t1", &err));
	good(db_announced_add(db, "f", "t3", &err));
	reopen();
	*seen = '\0';
	good(db_announced_each(db, "e", note_text, NULL, &err));
	assert_string_equal(seen, "t1 t2 ");
	good(db_announced_delete(db, "e", &err));
	*seen = '\0';
	good(db_announced_each(db, "e", note_text, NULL, &err));
	good(db_announced_each(db, "f", note_text, NULL, &err));
	assert_string_equal(seen, "t3 ");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_topic_keeps_what_was_set),
	    TEST(a_subscription_is_found_in_three_ways),
	    TEST(lists_go_on_behind_an_arn),
	    TEST(old_ones_that_nobody_confirmed_go),
	    TEST(a_message_stays_while_somebody_waits_for_it),
	    TEST(each_lane_has_its_first_and_its_order),
	    TEST(what_is_held_is_let_go_by_a_younger_one),
	    TEST(who_goes_takes_what_it_was_to_get),
	    TEST(announcements_are_remembered_for_each_endpoint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
