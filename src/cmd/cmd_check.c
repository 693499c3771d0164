/* SPDX-License-Identifier: Apache-2.0 */
/* awaitd check: try what can be tried, and say what would help. */
#include "cmd/check.h"
#include "cmd/cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aws/sagemaker.h"
#include "base/mem.h"
#include "base/str.h"

#define TIMEOUT_MS 30000

struct check_options {
	bool write;
	int64_t timeout_ms;
};

#define AT(field) offsetof(struct check_options, field)
static const struct cmd_option check_options[] = {
    {"write", 0, OPT_FLAG, AT(write), NULL,
	"put and delete a small object below each prefix"},
    {"timeout", 0, OPT_DURATION, AT(timeout_ms), "TIME",
	"for all of it, default 30s"},
};

/* The rows in their order. Another kind of thing that can be tried is a file
 * with such a function. */
static check_group_fn *const groups[] = {
    check_conf_add,
    check_creds_add,
    check_hosts_add,
    check_identity_add,
    check_s3_add,
    check_gateway_add,
    check_topics_add,
    check_queues_add,
    check_targets_add,
    check_callback_add,
    check_clock_add,
};

/* --- what is wrong before anything can be tried ----------------- */

/* For machines it is a row like any other. */
static int
refuse(const struct cmd_globals *globals, const struct error *err)
{
	static const struct check_kind kind = {.name = "configuration"};
	struct app app = {.globals = globals};
	struct error why = *err;
	struct check_probe p = {
	    .kind = &kind,
	    .subject =
		(char *)(uintptr_t)(globals->config != NULL ? globals->config
							    : "-"),
	    .status = CHECK_FAIL,
	    .detail = why.text,
	    .remedy = why.hint[0] != '\0' ? why.hint : NULL,
	};

	if (globals->json && err->code == ERR_CONFIG)
		check_print_row(&app, &p);
	return cmd_fail(err);
}

/* --- the end ---------------------------------------------------- */

static int
report(const struct check *c)
{
	const struct cmd_globals *g = c->app->globals;
	size_t i, n[CHECK_SKIPPED + 1] = {0};

	for (i = 0; i < c->n; i++)
		n[c->v[i]->status]++;
	if (!g->json && !g->quiet)
		fprintf(stderr,
		    "awaitd: %zu ok, %zu warned, %zu failed, %zu skipped\n",
		    n[CHECK_OK], n[CHECK_WARN], n[CHECK_FAIL],
		    n[CHECK_SKIPPED]);
	if (c->app->signo != 0)
		return STATUS_SIGNAL + c->app->signo;
	return n[CHECK_FAIL] > 0 ? STATUS_ERROR : STATUS_OK;
}

/* Hosts are tried with and without credentials. */
static int
make_client(struct check *c, struct error *err)
{
	struct http_client_options ho = {
	    .user_agent = "awaitd/" PACKAGE_VERSION,
	};
	struct error ignored; /* c->no_aws has it */
	char *ca_file;
	int rc;

	if (app_connect_later(c->app, &c->no_aws) == 0)
		c->no_aws.code = ERR_NONE;
	if (app_ca_bundle(c->app, &ca_file, &ignored) == -1)
		ca_file = NULL;
	ho.ca_file = ca_file;
	rc = http_client_new(c->app->loop, &ho, &c->aws_http, err);
	free(ca_file);
	return rc;
}

static int
try_all(struct app *app, const struct cmd_line *line)
{
	const struct check_options *o = line->options;
	struct check c = {
	    .app = app,
	    .write = o->write,
	    .names = line->args,
	    .nnames = line->nargs,
	};
	struct error err;
	size_t i;
	int status;

	if (make_client(&c, &err) == -1) {
		status = cmd_fail(&err);
	} else {
		for (i = 0; i < ARRAY_LEN(groups); i++)
			groups[i](&c);
		check_run(&c, o->timeout_ms);
		status = report(&c);
	}
	check_done(&c);
	return status;
}

static int
check(const struct cmd_line *line, struct error *err)
{
	const struct check_options *o = line->options;
	int i;

	if (o->timeout_ms <= 0)
		return err_set(
		    err, ERR_USAGE, "--timeout: it must be more than 0");
	for (i = 0; i < line->nargs; i++) {
		const struct sagemaker_invoke in = {
		    .endpoint_name = line->args[i]};

		if (sagemaker_check(&in, err) == -1)
			return -1;
	}
	return 0;
}

static int
run(const struct cmd_line *line)
{
	struct app app;
	struct error err;
	int status;

	if (check(line, &err) == -1)
		return cmd_fail(&err);
	if (app_init(&app, line->globals, &err) == -1)
		return refuse(line->globals, &err);
	status = try_all(&app, line);
	app_done(&app);
	return status;
}

static void
defaults(void *options)
{
	struct check_options *o = options;

	o->timeout_ms = TIMEOUT_MS;
}

const struct cmd cmd_check = {
    .name = "check",
    .group = GROUP_OPERATE,
    .args = "[ENDPOINT...]",
    .summary = "Try all that can be tried, and say what would help",
    .examples = "  awaitd check                writes nothing anywhere\n"
		"  awaitd check --write ocr    one endpoint, and an upload\n",
    .options = check_options,
    .noptions = ARRAY_LEN(check_options),
    .options_size = sizeof(struct check_options),
    .defaults = defaults,
    .run = run,
};
