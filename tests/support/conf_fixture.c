/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration file in a folder of its own, and no variable set. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "tests/support/conf_fixture.h"

char conf_dir[64];
char conf_file[96];

void
conf_put(const char *path, const char *text)
{
	struct error err;

	if (file_write_atomic(path, text, strlen(text), 0600, &err) == -1)
		fail_msg("%s", err.text);
}

int
conf_setup(void **state)
{
	static const char *const names[] = {"AWAITD_CONFIG", "XDG_CONFIG_HOME",
	    "AWAITD_STATE", "AWAITD_LOG_LEVEL", "AWAITD_LOG_FORMAT",
	    "AWAITD_DEPLOYMENT", "AWAITD_RETENTION", "AWAITD_STOP_TIMEOUT",
	    "AWAITD_API_LISTEN", "AWAITD_API_TOKEN_FILE", "AWAITD_API_USERS",
	    "AWAITD_METRICS_LISTEN"};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(names); i++)
		unsetenv(names[i]);
	snprintf(conf_dir, sizeof(conf_dir), "/tmp/test-conf-XXXXXX");
	if (mkdtemp(conf_dir) == NULL)
		return -1;
	snprintf(conf_file, sizeof(conf_file), "%s/a.conf", conf_dir);
	setenv("HOME", conf_dir, 1);
	return 0;
}

int
conf_teardown(void **state)
{
	char *path = xasprintf("%s/.config/awaitd/awaitd.conf", conf_dir);

	(void)state;
	unlink(conf_file);
	unlink(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
	free(path);
	return rmdir(conf_dir);
}

int
conf_try(
    const char *text, const char *set, struct conf **out, struct error *err)
{
	struct conf_options o = {
	    .file = text != NULL ? conf_file : NULL,
	    .sets = &set,
	    .nsets = set != NULL,
	};

	if (text != NULL)
		conf_put(conf_file, text);
	return conf_load(&o, out, err);
}

struct conf *
conf_must_load(const char *text, const char *set)
{
	struct conf *conf;
	struct error err;

	if (conf_try(text, set, &conf, &err) == -1)
		fail_msg("%s", err.text);
	return conf;
}
