/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Folders: which files there are when, that a copy changes nothing, that
 * nothing else is touched, and what is left where it ends in the middle. Calls
 * of the system that matter are written down, or fail, on request.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/crash.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/offload.h"
#include "base/str.h"
#include "deliver/dir.h"
#include "dir_rig.h"

#define NAME DRIVER_RIG_JOB ".completed.7fz4k9p3w7x5v2q8r6t0y1n3b2"
#define MB ((size_t)1024 * 1024)

/* --- calls of the system -------------------------------------------- */

static char trace[400]; /* only one thread works at a time */
static int fail_write, fail_fsync, fail_rename; /* errno, or 0 */
static unsigned fail_fsync_in; /* so many pass before */
static const char *die_at;

static void
note(const char *word)
{
	size_t len = strlen(trace);

	snprintf(trace + len, sizeof(trace) - len, "%s ", word);
}

int
fsync(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	note(S_ISDIR(st.st_mode) ? "folder" : "sync");
	if (fail_fsync != 0 && fail_fsync_in-- == 0) {
		errno = fail_fsync;
		return -1;
	}
	return (int)syscall(SYS_fsync, fd);
}

int
renameat2(int from, const char *a, int to, const char *b, unsigned flags)
{
	note(strrchr(b, '.'));
	assert_int_equal(flags, RENAME_NOREPLACE);
	if (fail_rename != 0) {
		/* Somebody was faster. */
		if (fail_rename == EEXIST)
			close(
			    openat(to, b, O_CREAT | O_EXCL | O_CLOEXEC, 0600));
		errno = fail_rename;
		return -1;
	}
	return (int)syscall(SYS_renameat2, from, a, to, b, flags);
}

ssize_t
write(int fd, const void *data, size_t len)
{
	struct stat st;

	if (fail_write != 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		errno = fail_write;
		return -1;
	}
	return syscall(SYS_write, fd, data, len);
}

/* In the place of base/crash.c. */
void
crash_point(const char *name)
{
	if (die_at != NULL && str_eq(die_at, name))
		kill(getpid(), SIGKILL);
}

/* --- the rig -------------------------------------------------------- */

static int
make(struct driver_rig *r, const char *path, struct error *err)
{
	struct dir_options o = {
	    .target = {.name = "dir keep",
		.payload = DELIVERY_RAW,
		.max_in_flight = 4},
	    .loop = r->loop,
	    .path = path,
	};

	target_unref(r->target);
	r->target = NULL;
	error_clear(err);
	return dir_new(&o, &r->target, err);
}

static int
enter(void **state)
{
	struct driver_rig *r = driver_rig_new();
	struct error err;

	umask(0022);
	trace[0] = '\0';
	assert_int_equal(make(r, r->folder, &err), 0);
	*state = r;
	return 0;
}

static int
leave(void **state)
{
	fail_write = fail_fsync = fail_rename = 0;
	fail_fsync_in = 0;
	driver_rig_free(*state);
	return 0;
}

static void
assert_ok(struct driver_rig *r, const char *response)
{
	driver_rig_run(r);
	if (r->result.verdict != DELIVER_OK)
		fail_msg("%s", r->note);
	assert_null(r->note);
	assert_string_equal(r->response, response);
}

static void
assert_retry(struct driver_rig *r, const char *words)
{
	driver_rig_run(r);
	assert_int_equal(r->result.verdict, DELIVER_RETRY);
	if (strstr(r->note, words) == NULL)
		fail_msg("%s", r->note);
}

/* --- what is written ------------------------------------------------ */

static void
a_result_is_a_file_with_its_facts_beside_it(void **state)
{
	struct driver_rig *r = *state;
	const struct json *data;
	struct json *j;
	int64_t size = 0;

	assert_ok(r, NAME ".json");
	assert_files(r, 2, 0);
	assert_text(r, NAME ".out", "hello");
	j = json_of(r, NAME ".json");
	assert_string_equal(json_get_str(j, "id"), DRIVER_RIG_ID);
	assert_string_equal(json_get_str(j, "type"), "inference.completed");
	assert_string_equal(json_get_str(j, "file"), NAME ".out");
	assert_string_equal(json_get_str(j, "sha256"), r->delivery.body_sha256);
	assert_int_equal(json_i64(json_get(j, "size"), &size), 0);
	assert_int_equal(size, 5);
	assert_string_equal(json_get_str(j, "content_type"), "text/plain");
	data = json_get(j, "data");
	assert_string_equal(json_get_str(data, "job"), DRIVER_RIG_JOB);
	assert_string_equal(json_get_str(data, "outcome"), "ok");
	assert_null(json_get(data, "result"));
	json_free(j);
	assert_int_equal(stat_of(r, NAME ".out").st_mode & 07777, 0640);
	assert_int_equal(stat_of(r, NAME ".json").st_mode & 07777, 0640);
}

static void
the_umask_takes_from_their_mode(void **state)
{
	struct driver_rig *r = *state;

	umask(0077);
	assert_ok(r, NAME ".json");
	assert_int_equal(stat_of(r, NAME ".out").st_mode & 07777, 0600);
}

/* Each is durable before the next begins. */
static void
the_bytes_are_synced_and_named_before_the_facts_are_written(void **state)
{
	struct driver_rig *r = *state;

	assert_ok(r, NAME ".json");
	assert_string_equal(trace, "sync .out folder sync .json folder ");
}

static void
an_event_is_one_file_with_its_bytes(void **state)
{
	struct driver_rig *r = *state;

	r->delivery.payload = DELIVERY_EVENT;
	driver_rig_body(r, "{\"type\":\"x\"}", 12);
	assert_ok(r, NAME ".json");
	assert_files(r, 1, 0);
	assert_text(r, NAME ".json", "{\"type\":\"x\"}");
	assert_string_equal(trace, "sync .json folder ");
	/* A copy of it, too. */
	assert_ok(r, "it was there already");
	assert_files(r, 1, 0);
}

static void
a_result_without_bytes_is_an_empty_file(void **state)
{
	struct driver_rig *r = *state;

	driver_rig_body(r, "", 0);
	r->parcel.body = NULL;
	assert_ok(r, NAME ".json");
	assert_text(r, NAME ".out", "");
}

static void
each_event_has_names_of_its_own(void **state)
{
	static const char *const events[][2] = {
	    {"inference.late", DRIVER_RIG_JOB ".late.xy_z.json"},
	    {"delivery.failed", DRIVER_RIG_JOB ".delivery-failed.xy_z.json"},
	    {"../../../tmp/x", DRIVER_RIG_JOB ".---------tmp-x.xy_z.json"},
	};
	struct driver_rig *r = *state;
	size_t i;

	assert_ok(r, NAME ".json");
	snprintf(r->delivery.id, sizeof(r->delivery.id), "msg_xy_z");
	for (i = 0; i < ARRAY_LEN(events); i++) {
		free(r->delivery.event);
		r->delivery.event = xstrdup(events[i][0]);
		assert_ok(r, events[i][1]);
		assert_int_equal(
		    stat_of(r, events[i][1]).st_mode & S_IFMT, S_IFREG);
	}
	assert_files(r, 8, 0);
}

/* --- copies --------------------------------------------------------- */

static void
a_copy_changes_nothing(void **state)
{
	struct driver_rig *r = *state;
	ino_t bytes, facts;
	char *before, *after;

	assert_ok(r, NAME ".json");
	bytes = stat_of(r, NAME ".out").st_ino;
	facts = stat_of(r, NAME ".json").st_ino;
	before = text_of(r, NAME ".json");
	r->parcel.attempt = 7;
	r->parcel.replay = true;
	trace[0] = '\0';
	assert_ok(r, "it was there already");
	/* The former attempt may have ended before its syncs. */
	assert_string_equal(trace, "sync folder sync folder ");
	assert_int_equal(stat_of(r, NAME ".out").st_ino, bytes);
	assert_int_equal(stat_of(r, NAME ".json").st_ino, facts);
	after = text_of(r, NAME ".json");
	assert_string_equal(after, before);
	assert_files(r, 2, 0);
	free(before);
	free(after);
}

/* An expired job is told of as it was, although its result came meanwhile. */
static void
a_late_result_does_not_change_what_was_told_before(void **state)
{
	struct driver_rig *r = *state;
	char *before, *after;
	const char *name =
	    DRIVER_RIG_JOB ".expired.7fz4k9p3w7x5v2q8r6t0y1n3b2.json";

	r->job->outcome = OUTCOME_EXPIRED;
	xfree(&r->job->result_location);
	free(r->delivery.event);
	r->delivery.event = xstrdup("inference.expired");
	assert_ok(r, name);
	before = text_of(r, name);
	assert_non_null(strstr(before, "\"type\":\"inference.expired\""));
	r->job->late_at = r->job->completed_at + 1000;
	r->job->late_location = xstrdup("s3://b/late");
	r->job->late_size = 5;
	assert_ok(r, "it was there already");
	after = text_of(r, name);
	assert_string_equal(after, before);
	free(before);
	free(after);
}

static void
what_was_deleted_comes_again(void **state)
{
	struct driver_rig *r = *state;

	assert_ok(r, NAME ".json");
	unlink_in(r, NAME ".out");
	assert_ok(r, "it was there already");
	assert_text(r, NAME ".out", "hello");
	unlink_in(r, NAME ".json");
	assert_ok(r, NAME ".json");
}

/* --- what is there and is something else ----------------------------- */

static void
nothing_is_written_over(void **state)
{
	static const char *const others[] = {"jello", "hell", "hello2", ""};
	struct driver_rig *r = *state;
	size_t i;

	for (i = 0; i < ARRAY_LEN(others); i++) {
		put(r, NAME ".out", others[i]);
		assert_retry(r, NAME ".out is there");
		assert_int_equal(r->result.error_class, CLASS_EXISTS);
		assert_non_null(strstr(r->note, "Move it away"));
		assert_text(r, NAME ".out", others[i]);
		assert_files(r, 1, 0);
	}
}

static void
a_name_that_appears_meanwhile_is_not_written_over(void **state)
{
	struct driver_rig *r = *state;

	/* Links instead, which is what other file systems get. */
	fail_rename = EINVAL;
	assert_ok(r, NAME ".json");
	assert_files(r, 2, 0);
	assert_text(r, NAME ".out", "hello");
	fail_rename = EEXIST;
	unlink_in(r, NAME ".out");
	assert_retry(r, NAME ".out is there");
	assert_text(r, NAME ".out", "");
	assert_files(r, 2, 0);
	/* What has just these bytes is as good as ours. */
	unlink_in(r, NAME ".out");
	unlink_in(r, NAME ".json");
	driver_rig_body(r, "", 0);
	r->delivery.payload = DELIVERY_EVENT;
	assert_ok(r, "it was there already");
	assert_files(r, 1, 0);
}

static void
links_and_pipes_of_that_name_are_left_alone(void **state)
{
	struct driver_rig *r = *state;
	char *path = path_of(r, NAME ".out"), *aim = path_of(r, "aim");

	put(r, "aim", "hello");
	assert_int_equal(symlink(aim, path), 0);
	assert_retry(r, NAME ".out is there");
	assert_text(r, "aim", "hello");
	unlink(path);
	assert_int_equal(symlink("/tmp/no-such-file", path), 0);
	assert_retry(r, NAME ".out is there");
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_retry(r, NAME ".out is there");
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_retry(r, NAME ".out is there");
	assert_files(r, 2, 0);
	free(path);
	free(aim);
}

/* What an older version wrote of the same delivery and the same bytes. */
static void
facts_in_other_words_are_facts(void **state)
{
	struct driver_rig *r = *state;
	char *text = xasprintf("{\"id\": \"%s\", \"sha256\": \"%s\", "
			       "\"file\": \"" NAME ".out\"}",
	    DRIVER_RIG_ID, r->delivery.body_sha256);
	char *other = xstrdup(text);

	put(r, NAME ".json", text);
	assert_ok(r, "it was there already");
	assert_text(r, NAME ".json", text);
	*strchr(other, '7') = '8';
	put(r, NAME ".json", other);
	assert_retry(r, NAME ".json is there");
	put(r, NAME ".json", "no json");
	assert_retry(r, NAME ".json is there");
	free(text);
	free(other);
}

/* --- what fails ----------------------------------------------------- */

static void
a_full_disk_is_said_and_leaves_nothing(void **state)
{
	struct driver_rig *r = *state;

	fail_write = ENOSPC;
	assert_retry(r, "write " NAME ".out in");
	assert_int_equal(r->result.error_class, CLASS_ROOM);
	assert_non_null(strstr(r->note, "No space left"));
	assert_non_null(strstr(r->note, "Make room there"));
	assert_files(r, 0, 0);
	fail_write = EDQUOT;
	assert_retry(r, "Make room there");
	fail_write = 0;
	assert_ok(r, NAME ".json");
}

static void
a_limit_of_file_sizes_does_not_end_the_process(void **state)
{
	struct rlimit had, limit;
	struct driver_rig *r = *state;
	char *hex = driver_rig_large(r, 2 * MB);

	getrlimit(RLIMIT_FSIZE, &had);
	limit = had;
	limit.rlim_cur = 1 * MB;
	setrlimit(RLIMIT_FSIZE, &limit);
	assert_retry(r, "File too large");
	setrlimit(RLIMIT_FSIZE, &had);
	assert_files(r, 0, 0);
	free(hex);
}

static void
a_sync_that_fails_is_no_success(void **state)
{
	struct driver_rig *r = *state;

	fail_fsync = EIO;
	fail_fsync_in = 0;
	assert_retry(r, "fsync " NAME ".out");
	assert_files(r, 0, 0);
	/* Of the folder behind the bytes: they are there, and no facts. */
	fail_fsync_in = 1;
	assert_int_equal(r->result.error_class, CLASS_IO);
	assert_retry(r, "fsync the folder");
	assert_files(r, 1, 0);
	/* Of the facts. */
	fail_fsync_in = 2;
	assert_retry(r, "fsync " NAME ".json");
	assert_files(r, 1, 0);
	fail_fsync = 0;
	assert_ok(r, NAME ".json");
}

static void
a_body_that_is_cut_short_is_no_result(void **state)
{
	struct driver_rig *r = *state;
	char *hex = driver_rig_large(r, MB);

	r->parcel.size = (int64_t)(2 * MB);
	assert_retry(r, "cut short");
	assert_files(r, 0, 0);
	free(hex);
}

static void
a_folder_that_went_away_is_waited_for(void **state)
{
	struct driver_rig *r = *state;

	rmdir(r->folder);
	assert_retry(r, "No such file");
	mkdir(r->folder, 0700);
	assert_ok(r, NAME ".json");
}

/* --- construction --------------------------------------------------- */

static void
a_folder_must_be_there_and_writable(void **state)
{
	struct driver_rig *r = *state;
	struct error err;
	char *path = path_of(r, "file");

	assert_int_equal(make(r, "/no/such/folder", &err), -1);
	assert_int_equal(err.code, ERR_CONFIG);
	assert_non_null(strstr(err.text, "/no/such/folder"));
	assert_non_null(strstr(err.hint, "Make it"));
	put(r, "file", "");
	assert_int_equal(make(r, path, &err), -1);
	assert_int_equal(err.code, ERR_CONFIG);
	free(path);
	if (geteuid() == 0) {
		chmod(r->folder, 0555);
		assert_int_equal(seteuid(65534), 0);
		assert_int_equal(make(r, r->folder, &err), -1);
		assert_int_equal(seteuid(0), 0);
		assert_int_equal(err.code, ERR_CONFIG);
		assert_non_null(strstr(err.text, "Permission denied"));
		assert_non_null(strstr(err.hint, "able to write"));
	}
	assert_null(r->target);
}

/* --- large ones ----------------------------------------------------- */

static void
a_large_result_holds_neither_the_loop_nor_memory(void **state)
{
	struct driver_rig *r = *state;
	char *hex = driver_rig_large(r, 64 * MB);
	long before = driver_rig_peak_kb();
	unsigned rounds = 0;
	struct json *j;

	assert_ok(r, NAME ".json");
	while (driver_rig_loop_was_held(r)) {
		assert_true(++rounds < DRIVER_RIG_ROUNDS);
		unlink_in(r, NAME ".out");
		unlink_in(r, NAME ".json");
		assert_ok(r, NAME ".json");
	}
	assert_true(driver_rig_peak_kb() - before < 8000);
	assert_int_equal(stat_of(r, NAME ".out").st_size, 64 * MB);
	j = json_of(r, NAME ".json");
	assert_string_equal(json_get_str(j, "sha256"), hex);
	assert_string_equal(json_get_str(json_get(j, "data"), "sha256"), hex);
	json_free(j);
	/* The digest is known now, and that changes nothing. */
	r->job->result_sha256 = xstrdup(hex);
	assert_ok(r, "it was there already");
	free(hex);
}

static void
a_cancel_leaves_nothing(void **state)
{
	struct driver_rig *r = *state;
	char *hex = driver_rig_large(r, 64 * MB);
	struct error err;
	unsigned i;

	for (i = 0; i < 6; i++) {
		assert_int_equal(driver_rig_start(r, &err), 0);
		driver_rig_turn(r, 3 * i);
		r->target->driver->cancel(r->call);
	}
	driver_rig_turn(r, 20);
	offload_wait_all(20000);
	assert_int_equal(r->calls, 0);
	assert_files(r, 0, 0);
	assert_ok(r, NAME ".json");
	free(hex);
}

/* What a thread still uses is its own. */
static void
a_cancelled_attempt_needs_nobody(void **state)
{
	struct driver_rig *r = *state;
	char *body = xmalloc(3 * MB);
	struct error err;

	memset(body, 'x', 3 * MB);
	driver_rig_body(r, body, 3 * MB);
	assert_int_equal(driver_rig_start(r, &err), 0);
	r->target->driver->cancel(r->call);
	memset(body, 'y', 3 * MB);
	free(body);
	target_unref(r->target);
	r->target = NULL;
	offload_wait_all(20000);
	assert_int_equal(r->calls, 0);
}

/* --- crashes -------------------------------------------------------- */

static void
die_in(struct driver_rig *r, const char *place)
{
	struct driver_rig child = *r;
	int status;
	pid_t pid;

	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		struct error err;

		/* A loop of its own: the other's descriptors are shared. */
		die_at = place;
		child.target = NULL;
		child.loop = loop_new();
		if (make(&child, child.folder, &err) == 0)
			driver_rig_run(&child);
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
}

static void
a_crash_before_the_sync_leaves_nothing_that_can_be_seen(void **state)
{
	struct driver_rig *r = *state;
	unsigned i;

	for (i = 0; i < 3; i++)
		die_in(r, "C18");
	/* Each removed what the one before it had left. */
	assert_files(r, 1, 1);
	assert_ok(r, NAME ".json");
	assert_files(r, 2, 0);
	assert_text(r, NAME ".out", "hello");
}

static void
a_crash_between_the_two_leaves_no_facts(void **state)
{
	struct driver_rig *r = *state;

	die_in(r, "C19");
	assert_files(r, 1, 0);
	assert_text(r, NAME ".out", "hello");
	assert_ok(r, NAME ".json");
	assert_files(r, 2, 0);
}

static void
only_what_nobody_writes_is_left_over(void **state)
{
	struct driver_rig *r = *state;
	char *held = path_of(r, ".awaitd-11111111-x.out.tmp");
	char *link = path_of(r, ".awaitd-22222222-x.out.tmp");
	char *aim = path_of(r, "aim");
	int fd;

	put(r, ".awaitd-00000000-x.out.tmp", "left");
	put(r, ".awaitd-11111111-x.out.tmp", "held");
	put(r, "awaitd-x.tmp", "somebody's");
	put(r, "aim", "somebody's");
	assert_int_equal(symlink(aim, link), 0);
	fd = open(held, O_RDWR | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	assert_ok(r, NAME ".json");
	/* Two of ours, and all but the first. */
	assert_files(r, 6, 3);
	assert_text(r, ".awaitd-11111111-x.out.tmp", "held");
	assert_text(r, "aim", "somebody's");
	close(fd);
	free(held);
	free(link);
	free(aim);
}

#define T(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(a_result_is_a_file_with_its_facts_beside_it),
	    T(the_umask_takes_from_their_mode),
	    T(the_bytes_are_synced_and_named_before_the_facts_are_written),
	    T(an_event_is_one_file_with_its_bytes),
	    T(a_result_without_bytes_is_an_empty_file),
	    T(each_event_has_names_of_its_own),
	    T(a_copy_changes_nothing),
	    T(a_late_result_does_not_change_what_was_told_before),
	    T(what_was_deleted_comes_again),
	    T(nothing_is_written_over),
	    T(a_name_that_appears_meanwhile_is_not_written_over),
	    T(links_and_pipes_of_that_name_are_left_alone),
	    T(facts_in_other_words_are_facts),
	    T(a_full_disk_is_said_and_leaves_nothing),
	    T(a_limit_of_file_sizes_does_not_end_the_process),
	    T(a_sync_that_fails_is_no_success),
	    T(a_body_that_is_cut_short_is_no_result),
	    T(a_folder_that_went_away_is_waited_for),
	    T(a_folder_must_be_there_and_writable),
	    T(a_large_result_holds_neither_the_loop_nor_memory),
	    T(a_cancel_leaves_nothing),
	    T(a_cancelled_attempt_needs_nobody),
	    T(a_crash_before_the_sync_leaves_nothing_that_can_be_seen),
	    T(a_crash_between_the_two_leaves_no_facts),
	    T(only_what_nobody_writes_is_left_over),
	};

	alarm(120);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
