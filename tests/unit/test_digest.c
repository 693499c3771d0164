/* SPDX-License-Identifier: Apache-2.0 */
/* Digests of input files: what they are, and that the loop does not wait. */
#include "cmd/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"

/* Holes are read as fast as they are hashed, and take no room. */
#define LARGE ((off_t)1 << 30)
#define ENDLESS ((off_t)1 << 36)
#define TICK_MS 2

struct world {
	char dir[64];
	char file[96];
	struct loop *loop;
	struct offload *offload;
	struct loop_timer *tick;
	int64_t ticked_at, gap_ms; /* the longest time without a turn */
	bool started; /* digest_start() has returned */
	unsigned calls;
	struct digest digest;
	struct error err;
};

static void
on_tick(void *arg)
{
	struct world *w = arg;
	int64_t now = clock_mono_ms();

	if (now - w->ticked_at > w->gap_ms)
		w->gap_ms = now - w->ticked_at;
	w->ticked_at = now;
	loop_timer_set(w->tick, TICK_MS);
}

static int
enter(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));

	snprintf(w->dir, sizeof(w->dir), "/tmp/test-digest-XXXXXX");
	if (mkdtemp(w->dir) == NULL)
		return -1;
	snprintf(w->file, sizeof(w->file), "%s/in", w->dir);
	w->loop = loop_new();
	w->offload = offload_new(2);
	w->tick = loop_timer_new(w->loop, on_tick, w);
	*state = w;
	return 0;
}

static int
leave(void **state)
{
	struct world *w = *state;

	offload_wait(w->offload);
	offload_free(w->offload);
	loop_timer_free(w->tick);
	loop_free(w->loop);
	unlink(w->file);
	rmdir(w->dir);
	free(w);
	return 0;
}

static void
put_hole(const struct world *w, off_t size)
{
	int fd = open(w->file, O_WRONLY | O_CREAT | O_EXCL, 0600);

	assert_int_not_equal(fd, -1);
	assert_int_equal(ftruncate(fd, size), 0);
	close(fd);
}

static void
on_digest(const struct digest *digest, const struct error *err, void *arg)
{
	struct world *w = arg;

	assert_true(w->started);
	w->calls++;
	if (digest != NULL)
		w->digest = *digest;
	if (err != NULL)
		w->err = *err;
	loop_stop(w->loop);
}

static void
read_it(struct world *w)
{
	w->ticked_at = clock_mono_ms();
	digest_start(w->offload, w->loop, w->file, on_digest, w);
	w->started = true;
	loop_timer_set(w->tick, TICK_MS);
	while (w->calls == 0)
		loop_run(w->loop);
	assert_int_equal(w->calls, 1);
}

static void
it_is_that_of_all_bytes(void **state)
{
	struct world *w = *state;
	char *data = xcalloc(1, 200001), hex[HASH_SHA256_HEX_SIZE];
	struct digest now;
	int fd;

	memset(data, 'd', 200001);
	hash_sha256_hex(data, 200001, hex);
	assert_int_equal(
	    file_write_atomic(w->file, data, 200001, 0600, &w->err), 0);
	read_it(w);
	assert_int_equal(w->digest.size, 200001);
	assert_string_equal(w->digest.sha256, hex);
	fd = open(w->file, O_RDONLY);
	assert_int_equal(digest_fd(fd, &now, &w->err), 0);
	assert_int_equal(now.size, 200001);
	assert_string_equal(now.sha256, hex);
	close(fd);
	free(data);
}

static void
what_cannot_be_read_is_told(void **state)
{
	struct world *w = *state;

	read_it(w);
	assert_int_equal(w->err.code, ERR_USAGE);
	assert_non_null(strstr(w->err.text, w->file));
}

/* Nobody may ever write into it. */
static void
what_became_a_pipe_is_not_waited_for(void **state)
{
	struct world *w = *state;

	assert_int_equal(mkfifo(w->file, 0600), 0);
	read_it(w);
	assert_int_equal(w->err.code, ERR_USAGE);
	assert_non_null(strstr(w->err.text, "no regular file"));
}

/* Told by its part of the whole: machines are slow and busy in many ways. */
static void
the_loop_turns_while_a_large_file_is_read(void **state)
{
	struct world *w = *state;
	int64_t began_at, took_ms;

	put_hole(w, LARGE);
	began_at = clock_mono_ms();
	read_it(w);
	took_ms = clock_mono_ms() - began_at;
	print_message("digest: took_ms=%lld loop_max_ms=%lld\n",
	    (long long)took_ms, (long long)w->gap_ms);
	assert_int_equal(w->digest.size, LARGE);
	assert_true(w->gap_ms < 50 || w->gap_ms < took_ms / 4);
}

/* To read it all would take a minute. */
static void
a_cancel_ends_it_soon(void **state)
{
	struct world *w = *state;
	struct digest_call *call;
	int64_t began_at;

	put_hole(w, ENDLESS);
	call = digest_start(w->offload, w->loop, w->file, on_digest, w);
	usleep(100000);
	began_at = clock_mono_ms();
	digest_cancel(call);
	offload_wait(w->offload);
	assert_true(clock_mono_ms() - began_at < 5000);
	assert_int_equal(w->calls, 0);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, enter, leave)
	const struct CMUnitTest tests[] = {
	    T(it_is_that_of_all_bytes),
	    T(what_cannot_be_read_is_told),
	    T(what_became_a_pipe_is_not_waited_for),
	    T(the_loop_turns_while_a_large_file_is_read),
	    T(a_cancel_ends_it_soon),
	};

	alarm(120);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
