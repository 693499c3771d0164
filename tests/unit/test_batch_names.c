/* SPDX-License-Identifier: Apache-2.0 */
/* Names of results: safe, each its own, always the same. */
#include "cmd/batch_names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"

#define ROUNDS 200
#define PATHS 60

static void
made(struct batch_names *n, const char *path, const char *want)
{
	char *name = batch_names_make(n, path);

	assert_string_equal(name, want);
	free(name);
}

static void
a_name_is_the_path_and_out(void **state)
{
	struct batch_names *n = batch_names_new();

	(void)state;
	made(n, "a.png", "a.png.out");
	made(n, "sub/deep/a.png", "sub/deep/a.png.out");
	made(n, "\xe7\x8c\xab.png", "\xe7\x8c\xab.png.out");
	batch_names_free(n);
}

static void
no_name_leads_out(void **state)
{
	struct batch_names *n = batch_names_new();

	(void)state;
	made(n, "../../etc/passwd", "_/_/etc/passwd.out");
	made(n, "/abs/./x", "abs/x.out");
	made(n, "..", "_.out");
	made(n, "", "_~2.out");
	made(n, "a//b/", "a/b.out");
	batch_names_free(n);
}

static void
what_is_no_text_is_written_as_bytes(void **state)
{
	struct batch_names *n = batch_names_new();

	(void)state;
	made(n, "a\nb\x7f", "a%0Ab%7F.out");
	made(n, "\xff\xc2\x85", "%FF%C2%85.out");
	batch_names_free(n);
}

static void
those_that_meet_get_a_number(void **state)
{
	struct batch_names *n = batch_names_new();

	(void)state;
	made(n, "a", "a.out");
	made(n, "a", "a~2.out");
	made(n, "A", "A~3.out");
	made(n, "a~2", "a~2~2.out");
	made(n, "\xc3\x84", "\xc3\x84.out");
	made(n, "\xc3\xa4", "\xc3\xa4~2.out");
	batch_names_free(n);
}

static void
no_name_is_a_folder_of_another(void **state)
{
	struct batch_names *n = batch_names_new();

	(void)state;
	made(n, "x", "x.out");
	made(n, "x.out/y", "x.out~2/y.out");
	made(n, "X.OUT/z", "X.OUT~2/z.out");
	made(n, "d.out/e", "d.out/e.out");
	made(n, "d", "d~2.out");
	batch_names_free(n);
}

static void
our_own_files_are_nobodys(void **state)
{
	struct batch_names *n = batch_names_new();
	struct error err;

	(void)state;
	made(n, ".awaitd-batch/plan", ".awaitd-batch~2/plan.out");
	assert_int_equal(batch_names_claim(n, "Results.JSONL", &err), -1);
	assert_int_equal(err.code, ERR_EXISTS);
	batch_names_free(n);
}

static void
a_chosen_name_is_sound_and_free(void **state)
{
	static const char *const wrong[] = {"", "/a", "../a", "a/../b", "a//b",
	    "a/", "./a", "a\nb", "\xff", "a/.", ".."};
	struct batch_names *n = batch_names_new();
	struct error err;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(wrong); i++) {
		assert_int_equal(batch_names_claim(n, wrong[i], &err), -1);
		assert_int_equal(err.code, ERR_USAGE);
	}
	assert_int_equal(batch_names_claim(n, "sub/a.txt", &err), 0);
	assert_int_equal(batch_names_claim(n, "SUB/a.TXT", &err), -1);
	assert_int_equal(err.code, ERR_EXISTS);
	assert_int_equal(batch_names_claim(n, "sub", &err), -1);
	assert_int_equal(batch_names_claim(n, "sub/a.txt/b", &err), -1);
	assert_int_equal(batch_names_claim(n, "a.out", &err), 0);
	made(n, "a", "a~2.out");
	batch_names_free(n);
}

static void
long_parts_are_cut_and_differ(void **state)
{
	struct batch_names *n = batch_names_new();
	struct error err;
	char path[600], *one, *two;

	(void)state;
	memset(path, 'a', sizeof(path));
	path[599] = '\0';
	one = batch_names_make(n, path);
	path[598] = 'b';
	two = batch_names_make(n, path);
	assert_true(strlen(one) < 240 && strlen(two) < 240);
	assert_string_not_equal(one, two);
	batch_names_free(n);
	n = batch_names_new();
	assert_int_equal(batch_names_claim(n, one, &err), 0);
	batch_names_free(n);
	free(one);
	free(two);
}

/* --- any paths ------------------------------------------------------------ */

static unsigned
next(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(*seed >> 33);
}

/* Few different pieces, so that they meet. */
static void
random_path(uint64_t *seed, char *out)
{
	static const char *const pieces[] = {"a", "A", "b", "/", "/", ".out",
	    "~2", "..", ".", "\xc3\xa4", "\xc3\x84", "\xff", "\n", "%FF",
	    "results.jsonl", ".awaitd-batch", "~3", "/../"};
	unsigned i, n = 1 + next(seed) % 6;

	out[0] = '\0';
	for (i = 0; i < n; i++)
		strncat(out, pieces[next(seed) % ARRAY_LEN(pieces)], 20);
}

static bool
in_front(const char *folder, const char *name)
{
	size_t len = strlen(folder);

	return strncmp(folder, name, len) == 0 && name[len] == '/';
}

/* As a file system that ignores ASCII's case sees them. */
static void
check_apart(const char *a, const char *b)
{
	char *x = xstrdup(a), *y = xstrdup(b);

	str_lower(x);
	str_lower(y);
	assert_string_not_equal(x, y);
	assert_false(in_front(x, y));
	assert_false(in_front(y, x));
	free(x);
	free(y);
}

static void
whatever_the_paths_names_are_apart_and_sound(void **state)
{
	char *names[PATHS], path[200], *again;
	struct batch_names *n, *same, *claimed;
	struct error err;
	uint64_t seed = 1, from;
	unsigned round, i, k;

	(void)state;
	for (round = 0; round < ROUNDS; round++) {
		from = seed;
		n = batch_names_new();
		claimed = batch_names_new();
		for (i = 0; i < PATHS; i++) {
			random_path(&seed, path);
			names[i] = batch_names_make(n, path);
			for (k = 0; k < i; k++)
				check_apart(names[i], names[k]);
			assert_true(str_ends(names[i], BATCH_SUFFIX));
			/* As the plan gives them back. */
			assert_int_equal(
			    batch_names_claim(claimed, names[i], &err), 0);
		}
		same = batch_names_new();
		for (i = 0; i < PATHS; i++) {
			random_path(&from, path);
			again = batch_names_make(same, path);
			assert_string_equal(again, names[i]);
			free(again);
			free(names[i]);
		}
		batch_names_free(n);
		batch_names_free(same);
		batch_names_free(claimed);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_name_is_the_path_and_out),
	    cmocka_unit_test(no_name_leads_out),
	    cmocka_unit_test(what_is_no_text_is_written_as_bytes),
	    cmocka_unit_test(those_that_meet_get_a_number),
	    cmocka_unit_test(no_name_is_a_folder_of_another),
	    cmocka_unit_test(our_own_files_are_nobodys),
	    cmocka_unit_test(a_chosen_name_is_sound_and_free),
	    cmocka_unit_test(long_parts_are_cut_and_differ),
	    cmocka_unit_test(whatever_the_paths_names_are_apart_and_sound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
