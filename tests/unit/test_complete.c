/* SPDX-License-Identifier: Apache-2.0 */
/* Completion knows what stands in every table of the command line. */
#include "cmd/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

static void
check_options(const char *command, const struct cmd_option *options, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		const struct cmd_option *o = &options[i];

		if ((o->type == OPT_FLAG) != (o->metavar == NULL))
			fail_msg("%s --%s: a metavar is for who takes a value",
			    command, o->name);
		if (o->metavar != NULL &&
		    words_kind(o->metavar) == WORDS_UNKNOWN)
			fail_msg("%s --%s: cmd/words.c has no %s", command,
			    o->name, o->metavar);
	}
}

static void
every_option_has_its_words(void **state)
{
	const struct cmd *cmd;
	size_t i;

	(void)state;
	check_options("every", cmd_global_options, cmd_global_options_len);
	for (i = 0; (cmd = cmd_at(i)) != NULL; i++) {
		check_options(cmd->name, cmd->options, cmd->noptions);
		if (cmd->nshared != NULL)
			check_options(cmd->name, cmd->shared, *cmd->nshared);
	}
}

static void
every_argument_has_its_words(void **state)
{
	const struct cmd *cmd;
	char name[40];
	const char *p;
	size_t i, len;

	(void)state;
	for (i = 0; (cmd = cmd_at(i)) != NULL; i++) {
		for (p = cmd->args; *p != '\0'; p += len) {
			len = strspn(p, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
			snprintf(name, sizeof(name), "%.*s", (int)len, p);
			if (len == 0)
				len = 1;
			else if (words_kind(name) == WORDS_UNKNOWN)
				fail_msg("%s: cmd/words.c has no %s", cmd->name,
				    name);
		}
	}
}

static void
every_command_has_a_place_and_examples(void **state)
{
	const struct cmd *cmd;
	size_t i;

	(void)state;
	for (i = 0; (cmd = cmd_at(i)) != NULL; i++) {
		assert_ptr_equal(cmd_find(cmd->name), cmd);
		assert_non_null(cmd->examples);
		assert_non_null(strstr(cmd->examples, cmd->name));
		assert_true(isupper((unsigned char)cmd->summary[0]));
		if (cmd->group == GROUP_MORE && !str_eq(cmd->name, "help") &&
		    !str_eq(cmd->name, "version") &&
		    !str_eq(cmd->name, "completion"))
			fail_msg("%s: in which group is it?", cmd->name);
	}
}

static void
what_no_table_has_is_unknown(void **state)
{
	(void)state;
	assert_int_equal(words_kind("NONSENSE"), WORDS_UNKNOWN);
	assert_int_equal(words_kind("FILE"), WORDS_FILES);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_option_has_its_words),
	    cmocka_unit_test(every_argument_has_its_words),
	    cmocka_unit_test(every_command_has_a_place_and_examples),
	    cmocka_unit_test(what_no_table_has_is_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
