/* SPDX-License-Identifier: Apache-2.0 */
/* What tests of drivers share. */
#include "driver_rig.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/offload.h"

#define TICK_MS 2

static int
open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

struct driver_rig *
driver_rig_new(void)
{
	struct driver_rig *r = xcalloc(1, sizeof(*r));
	struct submission *s;
	char folder[] = "/tmp/driver.XXXXXX";

	assert_non_null(mkdtemp(folder));
	r->folder = xstrdup(folder);
	r->loop = loop_new();
	r->job = job_new();
	memcpy(r->job->id, DRIVER_RIG_JOB, sizeof(DRIVER_RIG_JOB));
	r->job->state = JOB_DONE;
	r->job->outcome = OUTCOME_OK;
	r->job->spec.endpoint = xstrdup("ocr");
	r->job->result_location = xstrdup("s3://b/x/" DRIVER_RIG_JOB "-1.out");
	r->job->result_size = 5;
	r->job->submitted_at = 1795334400250;
	r->job->completed_at = 1795334461007;
	s = job_add_submission(r->job);
	s->inference_id = xstrdup(DRIVER_RIG_JOB "-1");
	memcpy(r->delivery.id, DRIVER_RIG_ID, sizeof(DRIVER_RIG_ID));
	memcpy(r->delivery.job_id, DRIVER_RIG_JOB, sizeof(DRIVER_RIG_JOB));
	r->delivery.target = xstrdup("dir keep");
	r->delivery.event = xstrdup("inference.completed");
	r->delivery.payload = DELIVERY_RAW;
	r->delivery.created_at = r->job->completed_at;
	r->delivery.content_type = xstrdup("text/plain");
	r->parcel = (struct parcel){
	    .delivery = &r->delivery,
	    .job = r->job,
	    .attempt = 1,
	    .fd = -1,
	};
	driver_rig_body(r, "hello", 5);
	r->fds = open_fds();
	return r;
}

static void
remove_folder(const char *path)
{
	const struct dirent *e;
	DIR *d = opendir(path);

	while (d != NULL && (e = readdir(d)) != NULL)
		unlinkat(dirfd(d), e->d_name,
		    e->d_type == DT_DIR ? AT_REMOVEDIR : 0);
	if (d != NULL)
		closedir(d);
	rmdir(path);
}

void
driver_rig_free(struct driver_rig *r)
{
	target_unref(r->target);
	offload_wait_all(20000);
	if (r->parcel.fd != -1)
		close(r->parcel.fd);
	assert_int_equal(open_fds(), r->fds);
	loop_free(r->loop);
	job_free(r->job);
	remove_folder(r->folder);
	free(r->folder);
	free(r->delivery.target);
	free(r->delivery.event);
	free(r->delivery.content_type);
	free(r->delivery.body_sha256);
	free(r->delivery.about);
	free(r->note);
	free(r->response);
	free(r);
}

void
driver_rig_body(struct driver_rig *r, const void *data, size_t len)
{
	r->parcel.body = data;
	r->parcel.size = (int64_t)len;
	r->delivery.by_reference = false;
	free(r->delivery.body_sha256);
	r->delivery.body_sha256 = xmalloc(HASH_SHA256_HEX_SIZE);
	hash_sha256_hex(data, len, r->delivery.body_sha256);
}

/* No two slices are the same. */
static void
fill_slice(unsigned char *p, size_t len, size_t at)
{
	size_t i;

	for (i = 0; i < len; i++)
		p[i] = (unsigned char)((at + i) * 2654435761U >> 13);
}

char *
driver_rig_large(struct driver_rig *r, size_t len)
{
	struct hash *h = hash_new(HASH_SHA256);
	unsigned char slice[65536], digest[HASH_SHA256_SIZE];
	char *hex = xmalloc(HASH_SHA256_HEX_SIZE);
	size_t at, n;
	int fd = open(r->folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	assert_int_not_equal(fd, -1);
	for (at = 0; at < len; at += n) {
		n = len - at < sizeof(slice) ? len - at : sizeof(slice);
		fill_slice(slice, n, at);
		hash_update(h, slice, n);
		assert_int_equal(pwrite(fd, slice, n, (off_t)at), n);
	}
	hash_final(h, digest);
	encode_hex(digest, sizeof(digest), hex);
	hash_free(h);
	r->parcel.body = NULL;
	r->parcel.size = (int64_t)len;
	r->parcel.fd = fd;
	r->delivery.by_reference = true;
	free(r->delivery.body_sha256);
	r->delivery.body_sha256 = NULL;
	return hex;
}

/* --- bytes that still come ------------------------------------------ */

static void
on_trickle(void *arg)
{
	struct driver_rig_trickle *t = arg;

	t->waits++;
	if (t->source.ready != NULL)
		t->source.ready(t->source.ready_arg);
}

static ssize_t
read_trickle(
    struct deliver_source *source, void *out, size_t len, struct error *err)
{
	struct driver_rig_trickle *t = (struct driver_rig_trickle *)source;
	ssize_t n;

	if (t->at == t->until)
		return err_set(err, ERR_NET, "S3 broke off");
	t->later = !t->later;
	if (t->later) {
		loop_timer_set(t->timer, 40);
		return DELIVER_LATER;
	}
	if (len > t->until - t->at)
		len = t->until - t->at;
	n = pread(t->fd, out, len, (off_t)t->at);
	t->at += (size_t)n;
	return n;
}

void
driver_rig_trickle(
    struct driver_rig *r, struct driver_rig_trickle *t, size_t until)
{
	*t = (struct driver_rig_trickle){
	    .source.read = read_trickle,
	    .fd = r->parcel.fd,
	    .until = until,
	};
	t->timer = loop_timer_new(r->loop, on_trickle, t);
	r->parcel.source = &t->source;
}

/* --- attempts ------------------------------------------------------- */

static void
on_done(const struct deliver_result *result, void *arg)
{
	struct driver_rig *r = arg;

	assert_true(r->started);
	r->calls++;
	r->call = NULL;
	r->result = *result;
	free(r->note);
	free(r->response);
	r->note = xstrdup_or_null(result->note);
	r->response = xstrdup_or_null(result->response);
	loop_stop(r->loop);
}

int
driver_rig_start(struct driver_rig *r, struct error *err)
{
	int rc;

	r->started = false;
	rc = r->target->driver->start(
	    r->target->self, &r->parcel, on_done, r, &r->call, err);
	r->started = true;
	return rc;
}

struct ticks {
	struct driver_rig *rig;
	struct loop_timer *timer;
	int64_t last;
};

/* A tick that comes late tells how long something else had the loop. */
static void
on_tick(void *arg)
{
	struct ticks *t = arg;
	int64_t now = clock_mono_ms();

	if (now - t->last > t->rig->gap_ms)
		t->rig->gap_ms = now - t->last;
	t->last = now;
	loop_timer_set(t->timer, TICK_MS);
}

void
driver_rig_run(struct driver_rig *r)
{
	struct ticks ticks = {.rig = r};
	unsigned calls = r->calls;
	int64_t began_at;
	struct error err;

	ticks.timer = loop_timer_new(r->loop, on_tick, &ticks);
	ticks.last = clock_mono_ms();
	began_at = ticks.last;
	r->gap_ms = 0;
	loop_timer_set(ticks.timer, TICK_MS);
	if (driver_rig_start(r, &err) == -1)
		fail_msg("%s", err.text);
	loop_run(r->loop);
	loop_timer_free(ticks.timer);
	r->took_ms = clock_mono_ms() - began_at;
	assert_int_equal(r->calls, calls + 1);
}

static void
end_of_turn(void *arg)
{
	struct driver_rig *r = arg;

	loop_stop(r->loop);
}

void
driver_rig_turn(struct driver_rig *r, int64_t ms)
{
	struct loop_timer *t = loop_timer_new(r->loop, end_of_turn, r);

	loop_timer_set(t, ms);
	loop_run(r->loop);
	loop_timer_free(t);
}

long
driver_rig_peak_kb(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return u.ru_maxrss;
}

/*
 * Told by its part of the whole: machines are slow and busy in many ways. In a
 * round in which they are too busy it is done again; who holds the loop does so
 * in each.
 */
bool
driver_rig_loop_was_held(const struct driver_rig *r)
{
	print_message("loop held for %lld of %lld ms\n", (long long)r->gap_ms,
	    (long long)r->took_ms);
	return r->gap_ms * 2 > r->took_ms;
}
