/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared files from anybody: up to the first byte 1 it is the config file,
 * behind it the credentials file. A plan has all that its kind needs, is the
 * same when it is made again, and what is wrong is told in one line.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

#include "aws/creds_plan.h"
#include "base/error.h"
#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool ok)
{
	if (!ok)
		abort();
}

static int
open_file(const char *variable)
{
	char path[64];
	int fd = memfd_create(variable, 0);

	must(fd != -1);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	setenv(variable, path, 1);
	return fd;
}

static void
fill(int fd, const uint8_t *data, size_t size)
{
	must(ftruncate(fd, 0) == 0);
	must(pwrite(fd, data, size, 0) == (ssize_t)size);
}

static void
check_role(const struct creds_plan *plan)
{
	const struct creds_plan_role *r = &plan->role;

	must(str_starts(r->arn, "arn:") && !str_empty(r->session_name));
	must(r->duration_s == 0 ||
	    (r->duration_s >= 900 && r->duration_s <= 43200));
	must((plan->kind == CREDS_ROLE) == (plan->base != NULL));
	must((plan->kind == CREDS_ROLE) == (plan->token_file == NULL));
}

static void
check_plan(const struct creds_plan *plan, int depth)
{
	must(depth < 10 && !str_empty(plan->source) && plan->profile != NULL);
	switch (plan->kind) {
	case CREDS_KEYS:
		must(!str_empty(plan->keys.access_key) &&
		    !str_empty(plan->keys.secret_key));
		break;
	case CREDS_PROCESS:
		must(!str_empty(plan->command));
		break;
	case CREDS_ROLE:
	case CREDS_WEB_IDENTITY:
		check_role(plan);
		break;
	case CREDS_SSO:
		must(!str_empty(plan->sso.account_id) &&
		    !str_empty(plan->sso.role_name) &&
		    !str_empty(plan->sso.region) &&
		    !str_empty(plan->sso.start_url));
		break;
	case CREDS_CONTAINER:
		must(strncasecmp(plan->container.url, "http", 4) == 0);
		break;
	case CREDS_IMDS:
		must(strncasecmp(plan->imds.url, "http", 4) == 0 &&
		    plan->imds.timeout_ms > 0 && plan->imds.tries > 0);
		break;
	default:
		abort();
	}
	if (plan->base != NULL)
		check_plan(plan->base, depth + 1);
}

static void
make(const char *profile)
{
	struct creds_plan *plan, *again;
	struct error err;

	error_clear(&err);
	if (creds_plan_make(profile, &plan, &err) == -1) {
		must(err.code == ERR_CONFIG || err.code == ERR_AUTH);
		must(*err.text != '\0' && !str_has_control(err.text));
		return;
	}
	check_plan(plan, 0);
	must(creds_plan_make(profile, &again, &err) == 0);
	must(creds_plan_equal(plan, again));
	creds_plan_free(again);
	creds_plan_free(plan);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int config = -1, credentials = -1;
	const uint8_t *cut = memchr(data, 1, size);
	size_t n = cut != NULL ? (size_t)(cut - data) : size;

	if (config == -1) {
		config = open_file("AWS_CONFIG_FILE");
		credentials = open_file("AWS_SHARED_CREDENTIALS_FILE");
		setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI",
		    "http://127.0.0.1/", 1);
	}
	fill(config, data, n);
	fill(credentials, cut != NULL ? cut + 1 : data,
	    cut != NULL ? size - n - 1 : 0);
	make(NULL);
	make("p");
	return 0;
}
