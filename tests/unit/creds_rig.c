/* SPDX-License-Identifier: Apache-2.0 */
/* A home directory, and plans that are made or refused in it. */
#include "tests/unit/creds_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

extern char **environ;

static char home[64];
static char aws_dir[96];

static void
forget_variables(void)
{
	size_t i = 0;

	while (environ[i] != NULL) {
		char *name = xstrndup(environ[i], strcspn(environ[i], "="));

		if (str_starts(name, "AWS_"))
			unsetenv(name);
		else
			i++;
		free(name);
	}
}

int
creds_rig_setup(void **state)
{
	(void)state;
	forget_variables();
	snprintf(home, sizeof(home), "/tmp/test-creds-XXXXXX");
	if (mkdtemp(home) == NULL)
		return -1;
	snprintf(aws_dir, sizeof(aws_dir), "%s/.aws", home);
	setenv("HOME", home, 1);
	return mkdir(aws_dir, 0700);
}

int
creds_rig_teardown(void **state)
{
	DIR *d = opendir(aws_dir);
	struct dirent *e;

	(void)state;
	while (d != NULL && (e = readdir(d)) != NULL)
		unlinkat(dirfd(d), e->d_name, 0);
	if (d != NULL)
		closedir(d);
	rmdir(aws_dir);
	return rmdir(home);
}

const char *
creds_rig_dir(void)
{
	return aws_dir;
}

const char *
creds_rig_home(void)
{
	return home;
}

void
creds_rig_put(const char *name, const char *text, mode_t mode)
{
	char *path = xasprintf("%s/%s", aws_dir, name);
	struct error err;

	if (file_write_atomic(path, text, strlen(text), 0600, &err) == -1)
		fail_msg("%s", err.text);
	assert_int_equal(chmod(path, mode), 0);
	free(path);
}

void
creds_rig_config(const char *text)
{
	creds_rig_put("config", text, 0600);
}

void
creds_rig_credentials(const char *text)
{
	creds_rig_put("credentials", text, 0600);
}

void
creds_rig_set_keys(const char *id)
{
	setenv("AWS_ACCESS_KEY_ID", id, 1);
	setenv("AWS_SECRET_ACCESS_KEY", SECRET, 1);
}

struct creds_plan *
creds_rig_plan(const char *profile)
{
	struct creds_plan *plan = NULL;
	struct error err;

	if (creds_plan_make(profile, &plan, &err) == -1)
		fail_msg("%s", err.text);
	assert_non_null(plan->source);
	assert_non_null(plan->profile);
	return plan;
}

struct error
creds_rig_refused(const char *profile, enum error_code code, const char *words)
{
	struct creds_plan *plan = NULL;
	struct error err;

	error_clear(&err);
	assert_int_equal(creds_plan_make(profile, &plan, &err), -1);
	assert_null(plan);
	if (strstr(err.text, words) == NULL)
		fail_msg("'%s' is not in: %s", words, err.text);
	assert_int_equal(err.code, code);
	creds_rig_assert_discreet(&err);
	return err;
}

void
creds_rig_assert_discreet(const struct error *err)
{
	assert_null(strstr(err->text, SECRET));
	assert_null(strstr(err->hint, SECRET));
	assert_null(strstr(err->remote_code, SECRET));
	assert_false(str_has_control(err->text));
}
