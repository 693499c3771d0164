/* SPDX-License-Identifier: Apache-2.0 */
/* Programs looked up before they are run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/child.h"
#include "base/mem.h"
#include "base/str.h"

static void
a_program_is_found_as_it_will_be_run(void **state)
{
	struct error err;
	char *path = child_find("sh", &err), *cwd = getcwd(NULL, 0);
	char *was = xstrdup(getenv("PATH"));

	(void)state;
	assert_non_null(path);
	assert_int_equal(*path, '/');
	assert_true(str_ends(path, "/sh"));
	free(path);
	path = child_find("/bin/sh", &err);
	assert_string_equal(path, "/bin/sh");
	free(path);
	assert_int_equal(chdir("/usr"), 0);
	path = child_find("bin/env", &err);
	assert_string_equal(path, "/usr/bin/env");
	free(path);
	setenv("PATH", "/no/such/folder:bin:", 1);
	path = child_find("env", &err);
	assert_string_equal(path, "/usr/bin/env");
	free(path);
	assert_int_equal(chdir("/usr/bin"), 0);
	setenv("PATH", "/etc:", 1);
	path = child_find("env", &err);
	assert_string_equal(path, "/usr/bin/env");
	free(path);
	unsetenv("PATH");
	path = child_find("env", &err);
	assert_string_equal(path, "/usr/bin/env");
	free(path);
	setenv("PATH", was, 1);
	free(was);
	assert_int_equal(chdir(cwd), 0);
	free(cwd);
}

static void
what_is_no_program_is_not_found(void **state)
{
	static const char *const names[] = {"", "no-such-program-anywhere",
	    "/no/such/file", "/etc", "/etc/passwd", "/usr/bin/"};
	struct error err;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(names); i++) {
		error_clear(&err);
		assert_null(child_find(names[i], &err));
		assert_int_equal(err.code, ERR_NOT_FOUND);
		assert_non_null(strstr(err.text, names[i]));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_program_is_found_as_it_will_be_run),
	    cmocka_unit_test(what_is_no_program_is_not_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
