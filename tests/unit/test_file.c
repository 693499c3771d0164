/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files: capped reads, replacement as one step, folders, and locks between
 * descriptors and between processes. Each test has a folder of its own.
 */
#include <dirent.h>
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
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

struct place {
	char dir[32];
	char path[64]; /* of a file "f" in it */
	struct error err;
};

static int
enter(void **state)
{
	struct place *p = xcalloc(1, sizeof(*p));

	snprintf(p->dir, sizeof(p->dir), "/tmp/test_file.XXXXXX");
	if (mkdtemp(p->dir) == NULL)
		return -1;
	snprintf(p->path, sizeof(p->path), "%s/f", p->dir);
	*state = p;
	return 0;
}

static int
leave(void **state)
{
	struct place *p = *state;
	struct dirent *e;
	DIR *d = opendir(p->dir);

	while (d != NULL && (e = readdir(d)) != NULL) {
		if (unlinkat(dirfd(d), e->d_name, 0) == -1)
			unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR);
	}
	closedir(d);
	rmdir(p->dir);
	free(p);
	return 0;
}

static int
entries(const char *dir)
{
	DIR *d = opendir(dir);
	int n = 0;

	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n - 2;
}

static void
assert_content(struct place *p, const char *want)
{
	struct buf b;

	buf_init(&b, 1000);
	assert_int_equal(file_read(p->path, &b, &p->err), 0);
	assert_string_equal(b.data, want);
	buf_done(&b);
}

static void
what_was_written_is_read(void **state)
{
	struct place *p = *state;
	struct stat st;

	assert_int_equal(
	    file_write_atomic(p->path, "hello", 5, 0600, &p->err), 0);
	assert_content(p, "hello");
	stat(p->path, &st);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(entries(p->dir), 1);
}

static void
a_file_that_is_replaced_leaves_its_readers_alone(void **state)
{
	struct place *p = *state;
	char old[4] = "";
	int fd;

	file_write_atomic(p->path, "old", 3, 0600, &p->err);
	fd = open(p->path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(
	    file_write_atomic(p->path, "newer", 5, 0640, &p->err), 0);
	assert_int_equal(read(fd, old, 3), 3);
	close(fd);
	assert_string_equal(old, "old");
	assert_content(p, "newer");
	assert_int_equal(entries(p->dir), 1);
}

static void
an_empty_file_can_be_written_and_read(void **state)
{
	struct place *p = *state;

	assert_int_equal(file_write_atomic(p->path, "", 0, 0600, &p->err), 0);
	assert_content(p, "");
}

static void
a_failed_replacement_leaves_the_old_and_nothing_else(void **state)
{
	struct place *p = *state;
	char inside[80];

	/* A folder with something in it cannot be replaced by a file. */
	mkdir(p->path, 0700);
	snprintf(inside, sizeof(inside), "%s/x", p->path);
	mkdir(inside, 0700);
	assert_int_equal(
	    file_write_atomic(p->path, "new", 3, 0600, &p->err), -1);
	assert_int_equal(p->err.code, ERR_IO);
	assert_int_equal(entries(p->dir), 1);
	rmdir(inside);
	assert_int_equal(
	    file_write_atomic("/nowhere/at/all", "x", 1, 0600, &p->err), -1);
}

static void
a_read_stops_at_the_buffers_maximum(void **state)
{
	struct place *p = *state;
	struct buf b;

	file_write_atomic(p->path, "12345678", 8, 0600, &p->err);
	buf_init(&b, 8);
	assert_int_equal(file_read(p->path, &b, &p->err), 0);
	buf_done(&b);
	buf_init(&b, 7);
	assert_int_equal(file_read(p->path, &b, &p->err), -1);
	assert_int_equal(p->err.code, ERR_LIMIT);
	buf_clear(&b);
	assert_int_equal(file_read("/dev/zero", &b, &p->err), -1);
	assert_int_equal(p->err.code, ERR_LIMIT);
	buf_done(&b);
}

static void
a_file_is_appended_to_what_the_buffer_holds(void **state)
{
	struct place *p = *state;
	struct buf b;

	file_write_atomic(p->path, "tail", 4, 0600, &p->err);
	buf_init(&b, 100);
	buf_puts(&b, "head ");
	assert_int_equal(file_read(p->path, &b, &p->err), 0);
	assert_string_equal(b.data, "head tail");
	buf_done(&b);
}

static void
a_file_is_in_its_folder(void **state)
{
	static const char *const cases[][2] = {{"b", "."}, {"a/b", "a"},
	    {"a/b/c", "a/b"}, {"./b", "."}, {"/b", "/"}, {"/a/b", "/a"},
	    {"a/", "a"}, {"/", "/"}, {"", "."}};
	char *folder;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		folder = file_folder(cases[i][0]);
		assert_string_equal(folder, cases[i][1]);
		free(folder);
	}
}

static void
a_missing_file_and_a_folder_are_told_apart(void **state)
{
	struct place *p = *state;
	struct buf b;

	buf_init(&b, 100);
	assert_int_equal(file_read(p->path, &b, &p->err), -1);
	assert_int_equal(p->err.code, ERR_NOT_FOUND);
	assert_non_null(strstr(p->err.text, p->path));
	assert_int_equal(file_read(p->dir, &b, &p->err), -1);
	assert_int_equal(p->err.code, ERR_IO);
	buf_done(&b);
}

static void
a_write_to_a_full_device_is_an_error(void **state)
{
	struct place *p = *state;
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	assert_int_equal(file_write_all(fd, "x", 1, &p->err), -1);
	assert_int_equal(p->err.code, ERR_IO);
	assert_int_equal(file_write_all(fd, "", 0, &p->err), 0);
	close(fd);
}

static void
on_alarm(int signo)
{
	(void)signo;
}

/* Signals without SA_RESTART cut a write to a full pipe, or end it at once. */
static void
write_interrupted(int fd, const char *bytes, size_t n, struct error *err)
{
	struct itimerval often = {{0, 500}, {0, 500}};
	struct sigaction sa;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = on_alarm;
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	_exit(file_write_all(fd, bytes, n, err) != 0);
}

static void
an_interrupted_write_loses_and_doubles_nothing(void **state)
{
	struct place *p = *state;
	size_t n = 300000, got = 0, wrong = 0, i;
	char *bytes = xmalloc(n), chunk[777];
	int ends[2], status;
	ssize_t r;
	pid_t pid;

	for (i = 0; i < n; i++)
		bytes[i] = (char)(i % 251);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	fcntl(ends[1], F_SETPIPE_SZ, 4096);
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		write_interrupted(ends[1], bytes, n, &p->err);
	}
	close(ends[1]);
	while ((r = read(ends[0], chunk, sizeof(chunk))) > 0) {
		for (i = 0; i < (size_t)r && got + i < n; i++)
			wrong += chunk[i] != bytes[got + i];
		got += (size_t)r;
		usleep(100); /* so that the pipe is full most of the time */
	}
	close(ends[0]);
	free(bytes);
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	assert_int_equal(got, n);
	assert_int_equal(wrong, 0);
}

static void
every_missing_folder_is_made(void **state)
{
	struct place *p = *state;
	char path[100];
	struct stat st;

	snprintf(path, sizeof(path), "%s//b/c/", p->path);
	assert_int_equal(file_mkdirs(path, 0700, &p->err), 0);
	assert_int_equal(file_mkdirs(path, 0700, &p->err), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(file_sync_dir(path, &p->err), 0);
	assert_int_equal(file_mkdirs("/", 0700, &p->err), 0);
	rmdir(path);
	snprintf(path, sizeof(path), "%s/b", p->path);
	rmdir(path);
}

static void
a_file_in_the_way_of_a_folder_is_named(void **state)
{
	struct place *p = *state;
	char path[100];

	file_write_atomic(p->path, "x", 1, 0600, &p->err);
	snprintf(path, sizeof(path), "%s/b/c", p->path);
	assert_int_equal(file_mkdirs(path, 0700, &p->err), -1);
	assert_int_equal(p->err.code, ERR_IO);
	assert_non_null(strstr(p->err.text, p->path));
	assert_int_equal(file_sync_dir(p->path, &p->err), -1);
}

static void
a_file_that_is_made_durable_is_there_and_no_link(void **state)
{
	struct place *p = *state;
	char link[100];

	assert_int_equal(file_sync(p->path, &p->err), -1);
	assert_int_equal(p->err.code, ERR_IO);
	assert_non_null(strstr(p->err.text, p->path));
	file_write_atomic(p->path, "x", 1, 0600, &p->err);
	assert_int_equal(file_sync(p->path, &p->err), 0);
	snprintf(link, sizeof(link), "%s.link", p->path);
	assert_int_equal(symlink(p->path, link), 0);
	assert_int_equal(file_sync(link, &p->err), -1);
	unlink(link);
}

static void
a_lock_is_held_while_its_descriptor_is_open(void **state)
{
	struct place *p = *state;
	int a = -1, b = -1;
	struct stat st;

	assert_int_equal(file_lock(p->path, 0, &a, &p->err), 0);
	assert_int_equal(fcntl(a, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	stat(p->path, &st);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(file_lock(p->path, 0, &b, &p->err), -1);
	assert_int_equal(p->err.code, ERR_BUSY);
	assert_int_equal(b, -1);
	close(a);
	assert_int_equal(file_lock(p->path, 0, &b, &p->err), 0);
	close(b);
}

static void
a_lock_that_is_given_up_soon_is_waited_for(void **state)
{
	struct place *p = *state;
	const struct timespec moment = {.tv_nsec = 50 * 1000 * 1000};
	int fd = -1, status;
	pid_t pid;

	assert_int_equal(file_lock(p->path, 0, &fd, &p->err), 0);
	/* The child has the lock as long as it lives, too. */
	pid = fork();
	if (pid == 0) {
		nanosleep(&moment, NULL);
		_exit(0);
	}
	close(fd);
	assert_int_equal(file_lock(p->path, 0, &fd, &p->err), -1);
	assert_int_equal(p->err.code, ERR_BUSY);
	assert_int_equal(file_lock(p->path, 30000, &fd, &p->err), 0);
	close(fd);
	waitpid(pid, &status, 0);
}

static void
a_lock_of_another_process_is_busy_until_it_ends(void **state)
{
	struct place *p = *state;
	int ready[2], quit[2], fd = -1, status;
	char c = 0;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(quit), 0);
	pid = fork();
	if (pid == 0) {
		close(quit[1]);
		if (file_lock(p->path, 0, &fd, &p->err) != 0)
			_exit(1);
		if (write(ready[1], "x", 1) != 1)
			_exit(2);
		_exit(read(quit[0], &c, 1) != 0);
	}
	close(ready[1]);
	close(quit[0]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	assert_int_equal(file_lock(p->path, 0, &fd, &p->err), -1);
	assert_int_equal(p->err.code, ERR_BUSY);
	close(quit[1]);
	waitpid(pid, &status, 0);
	close(ready[0]);
	assert_int_equal(status, 0);
	assert_int_equal(file_lock(p->path, 0, &fd, &p->err), 0);
	close(fd);
}

static void
a_lock_follows_no_link_and_keeps_what_the_file_holds(void **state)
{
	struct place *p = *state;
	char link[64];
	int fd = -1;

	file_write_atomic(p->path, "data", 4, 0600, &p->err);
	snprintf(link, sizeof(link), "%s/l", p->dir);
	assert_int_equal(symlink(p->path, link), 0);
	assert_int_equal(file_lock(link, 0, &fd, &p->err), -1);
	assert_int_equal(p->err.code, ERR_IO);
	assert_int_equal(file_lock(p->path, 0, &fd, &p->err), 0);
	close(fd);
	assert_content(p, "data");
}

static void
a_failed_read_leaves_the_buffer_as_it_was(void **state)
{
	struct place *p = *state;
	struct buf b;

	buf_init(&b, 100000);
	buf_puts(&b, "kept");
	assert_int_equal(file_read("/dev/zero", &b, &p->err), -1);
	assert_int_equal(p->err.code, ERR_LIMIT);
	assert_int_equal(b.len, 4);
	assert_string_equal(b.data, "kept");
	buf_done(&b);
}

static void
a_file_of_the_users_beside_it_is_left_alone(void **state)
{
	struct place *p = *state;
	char beside[70];

	snprintf(beside, sizeof(beside), "%s.tmp", p->path);
	assert_int_equal(
	    file_write_atomic(beside, "mine", 4, 0666, &p->err), 0);
	assert_int_equal(
	    file_write_atomic(p->path, "new", 3, 0600, &p->err), 0);
	assert_content(p, "new");
	snprintf(p->path, sizeof(p->path), "%s/f.tmp", p->dir);
	assert_content(p, "mine");
	assert_int_equal(entries(p->dir), 2);
}

static void
two_writers_never_mix_their_bytes(void **state)
{
	struct place *p = *state;
	char *bytes = xmalloc(300000);
	struct buf b;
	int i, status;
	pid_t pid;

	pid = fork();
	memset(bytes, pid == 0 ? 'a' : 'b', 300000);
	for (i = 0; i < 20; i++) {
		if (file_write_atomic(p->path, bytes,
			pid == 0 ? 300000 : 200000, 0600, &p->err) == 0)
			continue;
		if (pid == 0)
			_exit(1);
		fail_msg("%s", p->err.text);
	}
	if (pid == 0)
		_exit(0);
	free(bytes);
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	buf_init(&b, 300000);
	assert_int_equal(file_read(p->path, &b, &p->err), 0);
	assert_int_equal(b.len, b.data[0] == 'a' ? 300000 : 200000);
	assert_int_equal(strspn(b.data, "a") + strspn(b.data, "b"), b.len);
	buf_done(&b);
	assert_int_equal(entries(p->dir), 1);
}

static void
a_file_is_no_folder(void **state)
{
	struct place *p = *state;

	file_write_atomic(p->path, "x", 1, 0600, &p->err);
	assert_int_equal(file_mkdirs(p->path, 0700, &p->err), -1);
	assert_int_equal(p->err.code, ERR_IO);
	assert_non_null(strstr(p->err.text, p->path));
}

static void
a_link_to_a_folder_is_one(void **state)
{
	struct place *p = *state;

	assert_int_equal(symlink("/tmp", p->path), 0);
	assert_int_equal(file_mkdirs(p->path, 0700, &p->err), 0);
}

static void
a_folder_needs_a_name(void **state)
{
	struct place *p = *state;
	char *nothing = xstrdup("");
	int rc = file_mkdirs(nothing, 0700, &p->err);

	free(nothing);
	assert_int_equal(rc, -1);
	assert_int_equal(p->err.code, ERR_IO);
}

static void
a_busy_lock_says_who_is_in_the_way(void **state)
{
	struct place *p = *state;
	char want[120];
	int a, b = -1;

	assert_int_equal(file_lock(p->path, 0, &a, &p->err), 0);
	assert_int_equal(file_lock(p->path, 0, &b, &p->err), -1);
	close(a);
	snprintf(
	    want, sizeof(want), "%s is locked by another process", p->path);
	assert_string_equal(p->err.text, want);
	assert_true(p->err.retryable);
}

#define T(name) cmocka_unit_test_setup_teardown(name, enter, leave)

static void
a_file_without_a_name_is_there_for_its_descriptor_only(void **state)
{
	struct error err;
	struct stat st;
	char b[4];
	int fd;

	(void)state;
	assert_int_equal(file_open_nameless("/tmp", true, &fd, &err), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_nlink, 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(file_write_all(fd, "ab", 2, &err), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(file_write_all(fd, "c", 1, &err), 0);
	assert_int_equal(pread(fd, b, sizeof(b), 0), 3);
	assert_memory_equal(b, "abc", 3);
	close(fd);
	assert_int_equal(
	    file_open_nameless("/nowhere-at-all", false, &fd, &err), -1);
	assert_int_equal(err.sys_errno, ENOENT);
	assert_false(err_no_room(&err));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(what_was_written_is_read),
	    T(a_file_that_is_replaced_leaves_its_readers_alone),
	    T(an_empty_file_can_be_written_and_read),
	    T(a_failed_replacement_leaves_the_old_and_nothing_else),
	    T(a_read_stops_at_the_buffers_maximum),
	    T(a_file_is_appended_to_what_the_buffer_holds),
	    T(a_file_is_in_its_folder),
	    T(a_missing_file_and_a_folder_are_told_apart),
	    T(a_write_to_a_full_device_is_an_error),
	    T(an_interrupted_write_loses_and_doubles_nothing),
	    T(every_missing_folder_is_made),
	    T(a_file_in_the_way_of_a_folder_is_named),
	    T(a_file_that_is_made_durable_is_there_and_no_link),
	    T(a_lock_is_held_while_its_descriptor_is_open),
	    T(a_lock_that_is_given_up_soon_is_waited_for),
	    T(a_lock_of_another_process_is_busy_until_it_ends),
	    T(a_lock_follows_no_link_and_keeps_what_the_file_holds),
	    T(a_failed_read_leaves_the_buffer_as_it_was),
	    T(a_file_without_a_name_is_there_for_its_descriptor_only),
	    T(a_file_of_the_users_beside_it_is_left_alone),
	    T(two_writers_never_mix_their_bytes),
	    T(a_file_is_no_folder),
	    T(a_link_to_a_folder_is_one),
	    T(a_folder_needs_a_name),
	    T(a_busy_lock_says_who_is_in_the_way),
	};

	umask(022);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
