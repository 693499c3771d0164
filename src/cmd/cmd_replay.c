/* SPDX-License-Identifier: Apache-2.0 */
/* awaitd replay: have the service attempt deliveries again. */
#include "cmd/cmd.h"
#include "cmd/remote.h"
#include "cmd/report.h"

#include <stdio.h>

#include "base/str.h"

static int
replay(struct app *app, const char *id)
{
	struct error err;
	struct delivery *d;

	if (!delivery_id_ok(id)) {
		err_set(&err, ERR_USAGE, "\"%s\" is no delivery id", id);
		err_hint(&err, "'awaitd deliveries' lists what there is.");
		return cmd_fail(&err);
	}
	if (remote_replay(app, id, &d, &err) == -1) {
		cmd_about(&err, "delivery", id);
		return cmd_fail(&err);
	}
	if (app->globals->json)
		report_delivery_json(d, false);
	else if (!app->globals->quiet)
		fprintf(stderr, "awaitd: delivery %s is attempted again\n", id);
	delivery_free(d);
	return STATUS_OK;
}

static int
run(const struct cmd_line *line)
{
	struct app app;
	struct error err;
	int i, one, status = STATUS_OK;

	if (line->nargs == 0) {
		err_set(&err, ERR_USAGE, "no delivery was named");
		err_hint(&err, "'awaitd deliveries' lists what there is.");
		return cmd_fail(&err);
	}
	if (app_init(&app, line->globals, &err) == -1)
		return cmd_fail(&err);
	if (app_find_service(&app, &err) == -1 ||
	    app_need_service(&app, "'awaitd replay'", &err) == -1) {
		status = cmd_fail(&err);
	} else {
		for (i = 0; i < line->nargs; i++) {
			one = replay(&app, line->args[i]);
			if (one > status)
				status = one;
		}
	}
	app_done(&app);
	return status;
}

const struct cmd cmd_replay = {
    .name = "replay",
    .args = "DELIVERY...",
    .summary = "Attempt deliveries again, now",
    .examples = "  awaitd replay msg_01jd2k3m4n5p6q7r8s9t0v1w2x\n",
    .run = run,
};
