/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that are got rid of: which of it happens at once, which on another
 * thread, and that all of it has happened after the wait. close(2) and
 * unlink(2) of this program say who called them.
 */
#include "base/discard.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/mem.h"

static pthread_t mine;
static atomic_uint by_me, by_others;

static void
count(void)
{
	if (pthread_equal(pthread_self(), mine))
		by_me++;
	else
		by_others++;
}

int
close(int fd)
{
	count();
	return (int)syscall(SYS_close, fd);
}

int
unlink(const char *path)
{
	count();
	return unlinkat(AT_FDCWD, path, 0);
}

static int
enter(void **state)
{
	char dir[] = "/tmp/test_discard.XXXXXX";

	if (mkdtemp(dir) == NULL)
		return -1;
	*state = xstrdup(dir);
	mine = pthread_self();
	by_me = by_others = 0;
	return 0;
}

static int
leave(void **state)
{
	char *dir = *state;
	int rc;

	discard_wait();
	/* A file that is left over fails the test. */
	rc = rmdir(dir);
	free(dir);
	return rc;
}

static bool
is_open(int fd)
{
	return fcntl(fd, F_GETFD) != -1;
}

static char *
make(const char *dir, unsigned i)
{
	struct error err;
	char *path = xasprintf("%s/%u", dir, i);

	assert_int_equal(file_write_atomic(path, "x", 1, 0600, &err), 0);
	by_me = 0;
	return path;
}

/* --- tests ---------------------------------------------------------- */

static void
a_path_goes_on_another_thread(void **state)
{
	char *path = make(*state, 0);

	discard_path(path);
	discard_wait();
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(by_others, 1);
	assert_int_equal(by_me, 0);
	free(path);
}

static void
a_file_without_a_name_is_closed_on_another_thread(void **state)
{
	struct error err;
	int fd;

	assert_int_equal(file_open_nameless(*state, false, &fd, &err), 0);
	by_me = 0;
	discard_fd(fd);
	discard_wait();
	assert_false(is_open(fd));
	assert_int_equal(by_others, 1);
	assert_int_equal(by_me, 0);
}

static void
a_file_with_a_name_is_closed_at_once(void **state)
{
	char *path = make(*state, 0);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_int_not_equal(fd, -1);
	discard_fd(fd);
	assert_false(is_open(fd));
	assert_int_equal(by_me, 1);
	discard_path(path);
	free(path);
}

static void
what_is_not_there_is_no_matter(void **state)
{
	char *path = xasprintf("%s/none", (char *)*state);

	discard_fd(-1);
	discard_wait();
	discard_path(path);
	discard_wait();
	assert_int_equal(by_others, 1);
	free(path);
}

static void
many_are_all_gone_behind_the_wait(void **state)
{
	enum { MANY = 500 };
	struct error err;
	int fds[MANY];
	char *path;
	unsigned i;

	for (i = 0; i < MANY; i++) {
		assert_int_equal(
		    file_open_nameless(*state, false, &fds[i], &err), 0);
		path = make(*state, i);
		discard_path(path);
		free(path);
	}
	for (i = 0; i < MANY; i++)
		discard_fd(fds[i]);
	discard_wait();
	for (i = 0; i < MANY; i++)
		assert_false(is_open(fds[i]));
	assert_int_equal(by_others, 2 * MANY);
}

static void
it_goes_on_after_a_wait(void **state)
{
	char *path = make(*state, 0);

	discard_path(path);
	discard_wait();
	free(path);
	path = make(*state, 1);
	discard_path(path);
	discard_wait();
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(errno, ENOENT);
	free(path);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, enter, leave)
	const struct CMUnitTest tests[] = {
	    T(a_path_goes_on_another_thread),
	    T(a_file_without_a_name_is_closed_on_another_thread),
	    T(a_file_with_a_name_is_closed_at_once),
	    T(what_is_not_there_is_no_matter),
	    T(many_are_all_gone_behind_the_wait),
	    T(it_goes_on_after_a_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
