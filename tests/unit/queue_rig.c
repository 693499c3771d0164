/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that a queue needs, made and ended as server.c does it. */
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
#include "local/fault.h"
#include "local/place.h"
#include "local/seal.h"
#include "local/sns.h"
#include "net/http_client.h"
#include "tests/unit/queue_rig.h"

struct queue_rig rig;

int64_t
clock_wall_ms(void)
{
	return rig.wall;
}

int64_t
clock_mono_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static char command_set[] = "set";

/* Counts the log's lines about states, and stops after the last end. */
static void
on_line(const char *line, void *arg)
{
	(void)arg;
	rig.warnings += strstr(line, " warn ") != NULL;
	snprintf(rig.last_line, sizeof(rig.last_line), "%s", line);
	rig.running += strstr(line, "state=running") != NULL;
	if (strstr(line, "results cannot be uploaded") != NULL) {
		rig.kept = true;
		loop_stop(rig.loop);
	}
	if (strstr(line, "is put off") != NULL) {
		if (rig.put_off < 3)
			rig.put_off_at[rig.put_off] = clock_mono_ms();
		if (++rig.put_off == 3 && rig.ends_wanted == 0)
			loop_stop(rig.loop);
	}
	if (strstr(line, "state=completed") == NULL &&
	    strstr(line, "state=failed") == NULL &&
	    strstr(line, "state=expired") == NULL)
		return;
	rig.running -= strstr(line, "state=expired") == NULL;
	if (++rig.ends == rig.ends_wanted)
		loop_stop(rig.loop);
}

static void
on_give_up(void *arg)
{
	(void)arg;
	loop_stop(rig.loop);
}

void
rig_open(void)
{
	struct queue_options o = {
	    .endpoints = &rig.endpoint,
	    .endpoints_n = 1,
	    .tmp_dir = rig.tmp_dir,
	    .max_object = 1000,
	};
	struct http_client_options ho = {.user_agent = "test"};
	struct place_options po = {.tmp_dir = rig.tmp_dir, .max_object = 1000};
	struct sns_options so = {.conf = &rig.conf, .data_dir = rig.dir};
	struct error err;

	rig.loop = loop_new();
	rig.give_up = loop_timer_new(rig.loop, on_give_up, NULL);
	if (db_open(rig.loop, rig.db_path, &rig.db, &err) == -1)
		fail_msg("%s", err.text);
	rig.seal = seal_new(rig.loop);
	if (objects_new(
		rig.db, rig.seal, rig.objects_dir, &rig.objects, &err) == -1)
		fail_msg("%s", err.text);
	rig.faults = faults_new();
	if (http_client_new(rig.loop, &ho, &rig.client, &err) == -1)
		fail_msg("%s", err.text);
	po.loop = so.loop = o.loop = rig.loop;
	po.db = so.db = o.db = rig.db;
	po.objects = o.objects = rig.objects;
	po.http = so.http = rig.client;
	po.remote = &rig.conf.s3;
	so.faults = o.faults = rig.faults;
	if (place_new(&po, &rig.place, &err) == -1 ||
	    sns_new(&so, &rig.sns, &err) == -1)
		fail_msg("%s", err.text);
	o.place = rig.place;
	o.sns = rig.sns;
	o.region = "us-east-1";
	o.remote =
	    rig.conf.s3.endpoint != NULL && rig.conf.s3.endpoint[0] != '\0';
	rig.ends = rig.running = rig.put_off = 0;
	rig.kept = false;
	log_set_sink(on_line, NULL);
	if (queue_new(&o, &rig.queue, &err) == -1)
		fail_msg("%s", err.text);
}

void
rig_close(void)
{
	queue_stop(rig.queue, on_give_up, NULL);
	loop_run(rig.loop);
	seal_free(rig.seal);
	db_flush(rig.db);
	queue_free(rig.queue);
	place_free(rig.place);
	sns_free(rig.sns);
	http_client_free(rig.client);
	faults_free(rig.faults);
	objects_free(rig.objects);
	db_close(rig.db);
	loop_timer_free(rig.give_up);
	loop_free(rig.loop);
	log_set_sink(NULL, NULL);
}

void
rig_run_until(unsigned wanted)
{
	rig.ends_wanted = wanted;
	loop_timer_set(rig.give_up, RIG_GIVE_UP_MS);
	queue_start(rig.queue);
	loop_run(rig.loop);
	assert_int_equal(rig.ends, wanted);
}

int
rig_setup(void **state)
{
	memset(&rig, 0, sizeof(rig));
	rig.wall = INT64_C(1700000000000);
	rig.dir = xstrdup("/tmp/test_local_queue.XXXXXX");
	if (mkdtemp(rig.dir) == NULL)
		return -1;
	rig.tmp_dir = xstrdup(rig.dir);
	rig.objects_dir = xasprintf("%s/objects", rig.dir);
	rig.db_path = xasprintf("%s/db", rig.dir);
	rig.endpoint.name = xstrdup("ep");
	rig.endpoint.max_concurrent = 1;
	rig.endpoint.max_backlog = 100;
	rig.endpoint.command = command_set;
	conf_init(&rig.conf);
	rig.endpoint.content_type = xstrdup("a/b");
	rig.endpoint.result_content_type = xstrdup("c/d");
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

int
rig_teardown(void **state)
{
	int rc = nftw(rig.dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);

	(void)state;
	conf_done(&rig.conf);
	str_free_words(rig.endpoint.argv);
	free(rig.endpoint.name);
	free(rig.endpoint.content_type);
	free(rig.endpoint.result_content_type);
	free(rig.dir);
	free(rig.tmp_dir);
	free(rig.objects_dir);
	free(rig.db_path);
	return rc;
}

void
rig_command(const char *text)
{
	struct error err;

	str_free_words(rig.endpoint.argv);
	assert_int_equal(conf_split_command(text, &rig.endpoint.argv, &err), 0);
}

static void
on_accepted(const struct error *err, void *arg)
{
	assert_null(err);
	++*(unsigned *)arg;
}

/* One request whose objects are abc/NAME and abc/NAME-error. */
void
rig_submit_for(
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
	    .accepted_at = rig.wall,
	    .ttl_s = 60,
	    .timeout_s = timeout_s,
	};
	unsigned accepted = 0;

	queue_accept(rig.queue, &r, on_accepted, &accepted);
	db_request_done(&r);
	assert_int_equal(accepted, 0);
	db_flush(rig.db);
	assert_int_equal(accepted, 1);
}

void
rig_submit(const char *name, const char *body, const char *input)
{
	rig_submit_for(name, body, input, 1);
}

/* The object's bytes, the caller's, or NULL where there is none. */
char *
rig_object(const char *key, int64_t *modified_at)
{
	struct db_object o = {0};
	struct error err;
	char *bytes;
	int fd, rc;

	rc = objects_open(rig.objects, "abc", key, &o, &fd, &err);
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

void
rig_assert_object(const char *key, const char *expected)
{
	char *bytes = rig_object(key, NULL);

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

unsigned
rig_queued(void)
{
	unsigned n = 0;
	struct error err;

	assert_int_equal(db_request_each(rig.db, count_request, &n, &err), 0);
	return n;
}

const struct metrics_endpoint *
rig_metrics(void)
{
	size_t n;
	const struct metrics_endpoint *m = queue_metrics(rig.queue, &n);

	assert_int_equal(n, 1);
	return m;
}

/* Make an object, and then take its bytes away. */
void
rig_object_without_bytes(const char *key)
{
	struct error err = {0};
	struct db_object o = {0};
	char *path;
	int fd;

	rig_submit(key, "x", NULL);
	rig_run_until(1);
	rig.ends = 0;
	assert_int_equal(
	    objects_open(rig.objects, "abc", key, &o, &fd, &err), 1);
	close(fd);
	path = xasprintf("%s/%s", rig.objects_dir, o.file);
	assert_int_equal(unlink(path), 0);
	free(path);
	db_object_done(&o);
}
