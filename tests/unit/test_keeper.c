/* SPDX-License-Identifier: Apache-2.0 */
/* Where the keeper is looked for, and which one is believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/keeper.h"
#include "base/mem.h"
#include "base/str.h"

#define NOBODY 65534

/* A folder with a copy of this program, and a keeper beside it. */
struct world {
	char folder[32];
	char *program, *keeper;
};

static int
enter(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));
	char *line;

	strcpy(w->folder, "/tmp/test_keeper.XXXXXX");
	assert_non_null(mkdtemp(w->folder));
	w->program = xasprintf("%s/program", w->folder);
	w->keeper = xasprintf("%s/awaitd-keeper", w->folder);
	line = xasprintf("cp /proc/%d/exe %s && cp /bin/true %s && chmod 755 "
			 "%s %s",
	    (int)getpid(), w->program, w->keeper, w->program, w->keeper);
	assert_int_equal(system(line), 0);
	free(line);
	*state = w;
	return 0;
}

static int
leave(void **state)
{
	struct world *w = *state;

	unlink(w->program);
	unlink(w->keeper);
	rmdir(w->folder);
	free(w->program);
	free(w->keeper);
	free(w);
	return 0;
}

/* Does the copy take it for its keeper? */
static bool
is_taken(const struct world *w)
{
	char *line = xasprintf("%s where", w->program), said[4096] = "";
	FILE *f = popen(line, "r");
	bool taken;

	assert_non_null(f);
	assert_non_null(fgets(said, sizeof(said), f));
	assert_int_equal(pclose(f), 0);
	said[strcspn(said, "\n")] = '\0';
	taken = str_eq(said, w->keeper);
	free(line);
	return taken;
}

static void
one_beside_the_program_is_taken(void **state)
{
	struct world *w = *state;

	assert_true(is_taken(w));
	assert_int_equal(chmod(w->keeper, 0775), 0);
	assert_true(is_taken(w));
}

static void
one_that_everybody_can_write_is_not_taken(void **state)
{
	struct world *w = *state;

	assert_int_equal(chmod(w->keeper, 0757), 0);
	assert_false(is_taken(w));
}

static void
what_is_no_program_is_not_taken(void **state)
{
	struct world *w = *state;

	assert_int_equal(chmod(w->keeper, 0644), 0);
	assert_false(is_taken(w));
	assert_int_equal(unlink(w->keeper), 0);
	assert_int_equal(mkdir(w->keeper, 0755), 0);
	assert_false(is_taken(w));
	assert_int_equal(rmdir(w->keeper), 0);
}

static void
one_of_somebody_else_is_not_taken(void **state)
{
	struct world *w = *state;

	if (geteuid() != 0)
		skip();
	assert_int_equal(chown(w->keeper, NOBODY, NOBODY), 0);
	assert_false(is_taken(w));
	/* His own program was believed before it. */
	assert_int_equal(chown(w->program, NOBODY, NOBODY), 0);
	assert_true(is_taken(w));
}

static void
a_link_of_somebody_else_is_not_taken(void **state)
{
	struct world *w = *state;

	if (geteuid() != 0)
		skip();
	assert_int_equal(unlink(w->keeper), 0);
	assert_int_equal(symlink("/bin/true", w->keeper), 0);
	assert_true(is_taken(w));
	assert_int_equal(lchown(w->keeper, NOBODY, NOBODY), 0);
	assert_false(is_taken(w));
}

#define T(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    T(one_beside_the_program_is_taken),
	    T(one_that_everybody_can_write_is_not_taken),
	    T(what_is_no_program_is_not_taken),
	    T(one_of_somebody_else_is_not_taken),
	    T(a_link_of_somebody_else_is_not_taken),
	};
	const char *path;
	struct error err;

	if (argc == 2 && str_eq(argv[1], "where")) {
		path = keeper_path(&err);
		puts(path != NULL ? path : "nowhere");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
