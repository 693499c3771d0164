/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests through the queue with real commands, files and a database; only
 * the wall clock is ours, so that a time to live passes at once.
 */
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "local/db.h"
#include "local/fault.h"
#include "local/objects.h"
#include "local/place.h"
#include "local/queue.h"
#include "local/seal.h"
#include "local/sns.h"
#include "net/http_client.h"

#define GIVE_UP_MS 20000
#define PUT_OFF_WANTED 3

static int64_t wall = INT64_C(1700000000000);

int64_t
clock_wall_ms(void)
{
	return wall;
}

int64_t
clock_mono_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static char *dir, *tmp_dir, *objects_dir, *db_path;
static struct loop *loop;
static struct db *db;
static struct seal *seal;
static struct objects *objects;
static struct http_client *client;
static struct faults *faults;
static struct place *place;
static struct sns *sns;
static struct conf conf;
static struct queue *queue;
static struct conf_endpoint endpoint;
static char command_set[] = "set";
static unsigned ends_wanted, ends, running, warnings;
static unsigned put_off; /* lines that say so */
static char last_line[1024]; /* of the log */
static struct loop_timer *give_up;

/* Counts the log's lines about states, and stops after the last end. */
static void
on_line(const char *line, void *arg)
{
	(void)arg;
	warnings += strstr(line, " warn ") != NULL;
	if (strstr(line, "put off") != NULL && ++put_off == PUT_OFF_WANTED)
		loop_stop(loop);
	snprintf(last_line, sizeof(last_line), "%s", line);
	running += strstr(line, "state=running") != NULL;
	if (strstr(line, "state=completed") == NULL &&
	    strstr(line, "state=failed") == NULL &&
	    strstr(line, "state=expired") == NULL)
		return;
	running -= strstr(line, "state=expired") == NULL;
	if (++ends == ends_wanted)
		loop_stop(loop);
}

static void
on_give_up(void *arg)
{
	(void)arg;
	loop_stop(loop);
}

static void
open_all(void)
{
	struct queue_options o = {
	    .endpoints = &endpoint,
	    .endpoints_n = 1,
	    .tmp_dir = tmp_dir,
	    .max_object = 1000,
	};
	struct http_client_options ho = {.user_agent = "test"};
	struct place_options po = {.tmp_dir = tmp_dir, .max_object = 1000};
	struct sns_options so = {.conf = &conf, .data_dir = dir};
	struct error err;

	loop = loop_new();
	give_up = loop_timer_new(loop, on_give_up, NULL);
	if (db_open(loop, db_path, &db, &err) == -1)
		fail_msg("%s", err.text);
	seal = seal_new(loop);
	if (objects_new(db, seal, objects_dir, &objects, &err) == -1)
		fail_msg("%s", err.text);
	faults = faults_new();
	if (http_client_new(loop, &ho, &client, &err) == -1)
		fail_msg("%s", err.text);
	po.loop = so.loop = o.loop = loop;
	po.db = so.db = o.db = db;
	po.objects = o.objects = objects;
	po.http = so.http = client;
	po.remote = &conf.s3;
	so.faults = o.faults = faults;
	if (place_new(&po, &place, &err) == -1 ||
	    sns_new(&so, &sns, &err) == -1)
		fail_msg("%s", err.text);
	o.place = place;
	o.sns = sns;
	o.region = "us-east-1";
	if (queue_new(&o, &queue, &err) == -1)
		fail_msg("%s", err.text);
	ends = running = 0;
	log_set_sink(on_line, NULL);
}

static void
close_all(void)
{
	queue_stop(queue, on_give_up, NULL);
	loop_run(loop);
	seal_free(seal);
	db_flush(db);
	queue_free(queue);
	place_free(place);
	sns_free(sns);
	http_client_free(client);
	faults_free(faults);
	objects_free(objects);
	db_close(db);
	loop_timer_free(give_up);
	loop_free(loop);
	log_set_sink(NULL, NULL);
}

static void
run_until(unsigned wanted)
{
	ends_wanted = wanted;
	loop_timer_set(give_up, GIVE_UP_MS);
	queue_start(queue);
	loop_run(loop);
	assert_int_equal(ends, wanted);
}

static int
setup(void **state)
{
	dir = xstrdup("/tmp/test_local_queue.XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	tmp_dir = xstrdup(dir);
	objects_dir = xasprintf("%s/objects", dir);
	db_path = xasprintf("%s/db", dir);
	memset(&endpoint, 0, sizeof(endpoint));
	endpoint.name = xstrdup("ep");
	endpoint.max_concurrent = 1;
	endpoint.max_backlog = 100;
	endpoint.command = command_set;
	conf_init(&conf);
	endpoint.content_type = xstrdup("a/b");
	endpoint.result_content_type = xstrdup("c/d");
	*state = NULL;
	return 0;
}

static int
remove_entry(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

static int
teardown(void **state)
{
	int rc = nftw(dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);

	(void)state;
	conf_done(&conf);
	str_free_words(endpoint.argv);
	free(endpoint.name);
	free(endpoint.content_type);
	free(endpoint.result_content_type);
	free(dir);
	free(tmp_dir);
	free(objects_dir);
	free(db_path);
	return rc;
}

static void
set_command(const char *text)
{
	struct error err;

	str_free_words(endpoint.argv);
	assert_int_equal(conf_split_command(text, &endpoint.argv, &err), 0);
}

static void
on_accepted(const struct error *err, void *arg)
{
	assert_null(err);
	++*(unsigned *)arg;
}

/* One request whose objects are abc/NAME and abc/NAME-error. */
static void
submit_for(
    const char *name, const char *body, const char *input, int64_t timeout_s)
{
	struct db_request r = {
	    .inference_id = xstrdup(name),
	    .endpoint = xstrdup("ep"),
	    .input_location = xstrdup_or_null(input),
	    .body = body != NULL ? xstrdup(body) : NULL,
	    .body_len = body != NULL ? strlen(body) : 0,
	    .output = xasprintf("s3://abc/%s", name),
	    .failure = xasprintf("s3://abc/%s-error", name),
	    .accepted_at = wall,
	    .ttl_s = 60,
	    .timeout_s = timeout_s,
	};
	unsigned accepted = 0;

	queue_accept(queue, &r, on_accepted, &accepted);
	db_request_done(&r);
	assert_int_equal(accepted, 0);
	db_flush(db);
	assert_int_equal(accepted, 1);
}

static void
submit(const char *name, const char *body, const char *input)
{
	submit_for(name, body, input, 1);
}

/* The object's bytes, the caller's, or NULL where there is none. */
static char *
object(const char *key, int64_t *modified_at)
{
	struct db_object o = {0};
	struct error err;
	char *bytes;
	int fd, rc;

	rc = objects_open(objects, "abc", key, &o, &fd, &err);
	assert_true(rc != -1);
	if (rc == 0)
		return NULL;
	bytes = xcalloc(1, (size_t)o.size + 1);
	assert_int_equal(read(fd, bytes, (size_t)o.size + 1), o.size);
	if (modified_at != NULL)
		*modified_at = o.modified_at;
	close(fd);
	db_object_done(&o);
	return bytes;
}

static void
assert_object(const char *key, const char *expected)
{
	char *bytes = object(key, NULL);

	if (expected == NULL) {
		assert_null(bytes);
		return;
	}
	if (bytes == NULL)
		fail_msg("there is no object %s", key);
	assert_string_equal(bytes, expected);
	free(bytes);
}

static int
count_request(const struct db_request *r, void *arg, struct error *err)
{
	(void)r;
	(void)err;
	++*(unsigned *)arg;
	return 0;
}

static unsigned
queued(void)
{
	unsigned n = 0;
	struct error err;

	assert_int_equal(db_request_each(db, count_request, &n, &err), 0);
	return n;
}

static void
a_result_and_its_request_change_places(void **state)
{
	(void)state;
	set_command("cat");
	open_all();
	submit("one", "payload", NULL);
	assert_int_equal(queued(), 1);
	assert_object("one", NULL);
	run_until(1);
	assert_object("one", "payload");
	assert_object("one-error", NULL);
	assert_int_equal(queued(), 0);
	close_all();
}

static void
the_log_says_why_one_failed(void **state)
{
	(void)state;
	set_command("sh -c 'echo first >&2; echo the shape is wrong >&2; "
		    "exit 1'");
	open_all();
	submit("one", "payload", NULL);
	run_until(1);
	assert_non_null(strstr(last_line, "state=failed"));
	assert_non_null(strstr(last_line, "why=\"the shape is wrong\""));
	assert_null(strstr(last_line, "first"));
	close_all();
}

static void
many_for_no_endpoint_are_one_line(void **state)
{
	char *name = endpoint.name;

	(void)state;
	set_command("cat");
	open_all();
	submit("one", "payload", NULL);
	submit("two", "payload", NULL);
	submit("three", "payload", NULL);
	close_all();
	endpoint.name = xstrdup("other");
	log_set_sink(on_line, NULL);
	warnings = 0;
	open_all();
	assert_int_equal(queue_backlog(queue), 3);
	assert_int_equal(warnings, 1);
	assert_non_null(strstr(last_line, "endpoint=ep requests=3"));
	close_all();
	free(endpoint.name);
	endpoint.name = name;
}

static void
an_empty_result_is_a_result(void **state)
{
	(void)state;
	set_command("true");
	open_all();
	submit("one", "payload", NULL);
	run_until(1);
	assert_object("one", "");
	close_all();
}

static void
a_failure_leaves_standard_error_or_the_status(void **state)
{
	(void)state;
	set_command("cat /nowhere-at-all");
	open_all();
	submit("one", "x", NULL);
	run_until(1);
	assert_object(
	    "one-error", "cat: /nowhere-at-all: No such file or directory\n");
	assert_object("one", NULL);
	close_all();
	set_command("false");
	open_all();
	submit("two", "x", NULL);
	run_until(1);
	assert_object("two-error",
	    "Model exited with status 1 and wrote nothing to its standard "
	    "error");
	close_all();
	set_command("/nowhere-at-all");
	open_all();
	submit("three", "x", NULL);
	run_until(1);
	assert_object("three-error",
	    "Model could not be started: run /nowhere-at-all: No such file "
	    "or directory");
	assert_int_equal(queued(), 0);
	close_all();
}

static void
a_model_that_takes_too_long_is_ended(void **state)
{
	(void)state;
	set_command("sleep 60");
	open_all();
	submit("one", "x", NULL);
	run_until(1);
	assert_object("one-error", "Model did not respond within 1 seconds");
	close_all();
}

static void
output_beyond_the_cap_is_a_failure(void **state)
{
	(void)state;
	set_command("head -c 1001 /dev/zero");
	open_all();
	submit("one", "x", NULL);
	run_until(1);
	assert_object("one-error", "Model output is larger than 1000 bytes");
	assert_object("one", NULL);
	close_all();
}

static void
a_missing_input_is_named(void **state)
{
	(void)state;
	set_command("cat");
	open_all();
	submit("one", NULL, "s3://abc/none");
	submit("two", NULL, "https://example.com/x");
	run_until(2);
	assert_object("one-error",
	    "Input could not be read: there is no object s3://abc/none");
	assert_object("two-error",
	    "Input could not be read: https://example.com/x is no place in "
	    "this object store");
	close_all();
}

static void
what_is_queued_survives_a_restart_and_runs_in_order(void **state)
{
	char name[16];
	int i;

	(void)state;
	set_command("cat");
	open_all();
	for (i = 0; i < 5; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		submit(name, name, NULL);
	}
	close_all();
	open_all();
	assert_int_equal(queued(), 5);
	run_until(5);
	for (i = 0; i < 5; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		assert_object(name, name);
	}
	assert_int_equal(queued(), 0);
	close_all();
}

static void
what_ran_when_all_stopped_runs_again(void **state)
{
	(void)state;
	set_command("sleep 60");
	open_all();
	submit("one", "again", NULL);
	queue_start(queue);
	assert_int_equal(running, 1);
	close_all();
	set_command("cat");
	open_all();
	run_until(1);
	assert_object("one", "again");
	close_all();
}

/* Each tells how many ran beside it, itself included, once three have begun. */
static void
no_more_run_at_once_than_may(void **state)
{
	char *command = xasprintf("sh -c \"cd '%s'; touch begun.$$ run.$$; "
				  "until [ $(ls | grep -c begun) -ge 3 ]; do "
				  "sleep 0.01; done; ls | grep -c run; "
				  "rm run.$$\"",
	    dir);
	int i, most = 0;
	char name[16];

	(void)state;
	set_command(command);
	free(command);
	endpoint.max_concurrent = 3;
	open_all();
	for (i = 0; i < 9; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		submit_for(name, "x", NULL, 30);
	}
	run_until(9);
	for (i = 0; i < 9; i++) {
		char *bytes;

		snprintf(name, sizeof(name), "n%d", i);
		bytes = object(name, NULL);
		assert_non_null(bytes);
		if (bytes[0] - '0' > most)
			most = bytes[0] - '0';
		free(bytes);
	}
	assert_in_range(most, 1, 3);
	close_all();
}

static void
a_request_that_waited_too_long_expires(void **state)
{
	(void)state;
	set_command("cat");
	open_all();
	submit("old", "x", NULL);
	wall += 59999;
	submit("young", "y", NULL);
	close_all();
	wall += 1;
	open_all();
	run_until(2);
	assert_object("young", "y");
	assert_object("old", NULL);
	assert_object("old-error",
	    "Request expired: it waited longer than its time to live of 60 "
	    "seconds");
	close_all();
}

static void
expiry_can_be_silent(void **state)
{
	(void)state;
	set_command("cat");
	endpoint.expired = CONF_EXPIRED_SILENT;
	open_all();
	submit("old", "x", NULL);
	wall += 60000;
	run_until(1);
	assert_object("old", NULL);
	assert_object("old-error", NULL);
	assert_int_equal(queued(), 0);
	close_all();
}

static const struct metrics_endpoint *
metrics(void)
{
	size_t n;
	const struct metrics_endpoint *m = queue_metrics(queue, &n);

	assert_int_equal(n, 1);
	return m;
}

/* Make an object, and then take its bytes away. */
static void
an_object_without_bytes(const char *key)
{
	struct error err = {0};
	struct db_object o = {0};
	char *path;
	int fd;

	submit(key, "x", NULL);
	run_until(1);
	ends = 0;
	assert_int_equal(objects_open(objects, "abc", key, &o, &fd, &err), 1);
	close(fd);
	path = xasprintf("%s/%s", objects_dir, o.file);
	assert_int_equal(unlink(path), 0);
	free(path);
	db_object_done(&o);
}

static void
what_this_machine_failed_holds_up_nobody_else(void **state)
{
	(void)state;
	set_command("cat");
	open_all();
	an_object_without_bytes("gone");
	submit("one", NULL, "s3://abc/gone");
	submit("two", "2", NULL);
	submit("three", "3", NULL);
	run_until(2);
	assert_object("two", "2");
	assert_object("three", "3");
	assert_object("one-error", NULL);
	assert_int_equal(queued(), 1);
	assert_int_equal(metrics()->waiting, 1);
	close_all();
	/* It is still there after a restart, and ends with its time. */
	wall += 60000;
	open_all();
	run_until(1);
	assert_int_equal(queued(), 0);
	assert_object("one-error",
	    "Request expired: it waited longer than its time to live of 60 "
	    "seconds");
	close_all();
}

static void
what_is_put_off_again_and_again_is_told_once(void **state)
{
	(void)state;
	set_command("cat");
	open_all();
	an_object_without_bytes("gone");
	submit("one", NULL, "s3://abc/gone");
	log_init(LOG_DEBUG, LOG_TEXT);
	put_off = warnings = 0;
	loop_timer_set(give_up, GIVE_UP_MS);
	loop_run(loop);
	log_init(LOG_INFO, LOG_TEXT);
	assert_int_equal(put_off, PUT_OFF_WANTED);
	assert_int_equal(warnings, 1);
	close_all();
}

static void
what_has_lost_its_endpoint_expires(void **state)
{
	(void)state;
	set_command("cat");
	open_all();
	submit("one", "x", NULL);
	close_all();
	free(endpoint.name);
	endpoint.name = xstrdup("other");
	open_all();
	queue_start(queue);
	assert_int_equal(queued(), 1);
	close_all();
	wall += 60000;
	open_all();
	run_until(1);
	assert_object("one-error",
	    "Request expired: it waited longer than its time to live of 60 "
	    "seconds");
	assert_int_equal(queued(), 0);
	close_all();
}

static void
a_backlog_has_a_bound(void **state)
{
	(void)state;
	set_command("cat");
	endpoint.max_backlog = 2;
	open_all();
	assert_true(queue_has_room(queue, "ep"));
	submit("one", "x", NULL);
	assert_true(queue_has_room(queue, "ep"));
	submit("two", "x", NULL);
	assert_false(queue_has_room(queue, "ep"));
	run_until(2);
	assert_true(queue_has_room(queue, "ep"));
	close_all();
}

static void
ends_are_counted_as_cloudwatch_does(void **state)
{
	const struct metrics_endpoint *m;

	(void)state;
	set_command("sh -c 'read a; exit $a'");
	open_all();
	submit("good", "0\n", NULL);
	submit("bad", "1\n", NULL);
	submit("missing", NULL, "s3://abc/none");
	assert_int_equal(metrics()->waiting, 3);
	wall += 1000;
	assert_int_equal(metrics()->oldest_ms, 1000);
	run_until(3);
	m = metrics();
	assert_int_equal(m->accepted, 3);
	assert_int_equal(m->processed, 3);
	assert_int_equal(m->failures, 2);
	assert_int_equal(m->server_errors, 1);
	assert_int_equal(m->client_errors, 0);
	assert_int_equal(m->download_failures, 1);
	assert_int_equal(m->model_us.n, 2);
	assert_int_equal(m->backlog_ms.n, 3);
	assert_int_equal(m->backlog_ms.sum, 3000);
	assert_int_equal(m->waiting + m->running, 0);
	assert_int_equal(m->oldest_ms, 0);
	close_all();
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_result_and_its_request_change_places),
	    TEST(an_empty_result_is_a_result),
	    TEST(the_log_says_why_one_failed),
	    TEST(many_for_no_endpoint_are_one_line),
	    TEST(a_failure_leaves_standard_error_or_the_status),
	    TEST(a_model_that_takes_too_long_is_ended),
	    TEST(output_beyond_the_cap_is_a_failure),
	    TEST(a_missing_input_is_named),
	    TEST(what_is_queued_survives_a_restart_and_runs_in_order),
	    TEST(what_ran_when_all_stopped_runs_again),
	    TEST(no_more_run_at_once_than_may),
	    TEST(a_request_that_waited_too_long_expires),
	    TEST(expiry_can_be_silent),
	    TEST(what_this_machine_failed_holds_up_nobody_else),
	    TEST(what_is_put_off_again_and_again_is_told_once),
	    TEST(what_has_lost_its_endpoint_expires),
	    TEST(a_backlog_has_a_bound),
	    TEST(ends_are_counted_as_cloudwatch_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
