/* SPDX-License-Identifier: Apache-2.0 */
/* The file that says who may sign requests to the gateway. */
#include "serve/gateway_keys.h"

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

#include "base/file.h"
#include "base/mem.h"

#define KEYS                                  \
	"[app]\naws_access_key_id = APPKEY\n" \
	"aws_secret_access_key = the-secret-of-app\nregion = any\n"

static char dir[] = "/tmp/awaitd-test-XXXXXX";
static char keys_path[100];

static int
setup(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(keys_path, sizeof(keys_path), "%s/keys", dir);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	return unlink(keys_path) == 0 && rmdir(dir) == 0 ? 0 : -1;
}

static void
write_keys(const char *text)
{
	struct error err;

	if (file_write_atomic(keys_path, text, strlen(text), 0600, &err) == -1)
		fail_msg("%s", err.text);
}

static void
keys_that_are_no_keys_are_refused(void **state)
{
	static const struct {
		const char *text;
		const char *named;
	} cases[] = {
	    {"", "no access key"},
	    {"[a]\n", "aws_access_key_id"},
	    {"aws_access_key_id = A\n", "no section"},
	    {"[a]\naws_access_key_id = A\n", "aws_secret_access_key"},
	    {"[a]\naws_access_key_id = A/B\n"
	     "aws_secret_access_key = 0123456789abcdef\n",
		"character"},
	    {"[a]\naws_access_key_id = A\naws_secret_access_key = short\n",
		"less than 16"},
	    {"[a]\naws_access_key_id = A\naws_access_key_id = A\n", "twice"},
	    {"[a]\naws_access_key_id = A\n"
	     "aws_secret_access_key = 0123456789abcdef\n"
	     "[b]\naws_access_key_id = A\n"
	     "aws_secret_access_key = 0123456789abcdeg\n",
		"the same"},
	    {"[a]\naws_access_key_id = A\naws_session_token =\n"
	     "aws_secret_access_key = 0123456789abcdef\n",
		"empty"},
	};
	struct gateway_keys *keys;
	struct error err;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		write_keys(cases[i].text);
		assert_int_equal(gateway_keys_read(keys_path, &keys, &err), -1);
		assert_int_equal(err.code, ERR_CONFIG);
		if (strstr(err.text, cases[i].named) == NULL ||
		    strstr(err.text, "0123456789") != NULL)
			fail_msg("%zu: %s", i, err.text);
	}
	write_keys(KEYS);
	assert_int_equal(gateway_keys_read(keys_path, &keys, &err), 0);
	gateway_keys_unref(keys);
	assert_int_equal(chmod(keys_path, 0644), 0);
	assert_int_equal(gateway_keys_read(keys_path, &keys, &err), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(keys_that_are_no_keys_are_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
