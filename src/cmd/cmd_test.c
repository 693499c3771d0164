/* SPDX-License-Identifier: Apache-2.0 */
/* awaitd test: one trial delivery, and what came back. */
#include "cmd/cmd.h"
#include "cmd/remote_targets.h"
#include "cmd/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "deliver/class.h"

struct test_options {
	bool failed;
};

#define AT(field) offsetof(struct test_options, field)
static const struct cmd_option test_options[] = {
    {"failed", 0, OPT_FLAG, AT(failed), NULL,
	"tell of a job that failed, not of one ok"},
};

/* --- what it means -------------------------------------------------- */

/* By the words of the API: of a delivery, which a trial is none. */
static const struct {
	const char *verdict;
	const char *meaning;
} meanings[] = {
    {"ok", "delivered"},
    {"retry", "a delivery would be tried again"},
    {"dead", "a delivery would be given up at once"},
    {"gone", "a delivery would be given up, and the target be disabled"},
};

static void
print_verdict(const char *verdict)
{
	char text[100];
	size_t i;

	for (i = 0; i < ARRAY_LEN(meanings); i++) {
		if (str_eq(meanings[i].verdict, verdict)) {
			snprintf(text, sizeof(text), "%s: %s", verdict,
			    meanings[i].meaning);
			report_text("verdict", text);
			return;
		}
	}
	report_text("verdict", verdict);
}

/* --- what to do about it -------------------------------------------- */

static const char *
hint_of_status(int status)
{
	switch (status) {
	case 401:
	case 403:
		return "Compare its secret with the target's secret_file, and "
		       "see what else it asks for (header_file).";
	case 404:
	case 405:
		return "Look at the path of the target's url.";
	case 410:
		return "That says that it wants no more: answer 2xx where it "
		       "does.";
	default:
		return "Its own log should say why.";
	}
}

static const char *
hint_of(enum deliver_class class, int status)
{
	switch (class) {
	case CLASS_DNS:
	case CLASS_CONNECT:
	case CLASS_TLS:
		return "'awaitd check' looks at the way there, and says what "
		       "would help.";
	case CLASS_TIMEOUT:
		return "A receiver should answer first and work then; else "
		       "raise the target's timeout.";
	case CLASS_RESET:
	case CLASS_PROTOCOL:
		return "See whether it is the receiver that listens there, and "
		       "its log.";
	case CLASS_EGRESS:
		return "Where that is meant, name its network in the target's "
		       "allow_networks.";
	case CLASS_STATUS:
		return hint_of_status(status);
	case CLASS_START:
		return "Look at the target's command: it must be there, and "
		       "executable.";
	case CLASS_EXIT:
	case CLASS_SIGNAL:
		return "What the handler wrote is its response; a trial's job "
		       "is of the endpoint awaitd-test.";
	case CLASS_CONFIG:
		return "Look at the target's section: 'awaitd config show'.";
	default:
		return "The service's log may say more.";
	}
}

static int
refused(const struct attempt_entry *e, struct error *err)
{
	const struct attempt *a = &e->a;
	enum deliver_class class = CLASS_OTHER;
	char *note = xstrdup(a->note != NULL ? a->note : "nothing said why");

	if (a->error_class != NULL)
		(void)deliver_class_parse(a->error_class, &class);
	str_defang(note);
	err_set(
	    err, ERR_REFUSED, "target %s did not take it: %s", e->target, note);
	free(note);
	str_defang(err->text);
	return err_hint(err, "%s", hint_of(class, a->status));
}

/* --- the command ---------------------------------------------------- */

static void
print(const struct app *app, const struct attempt_entry *e)
{
	if (app->globals->json) {
		report_attempt_json(e, true);
		return;
	}
	print_verdict(e->verdict);
	report_entry(e);
}

static int
test(struct app *app, const struct cmd_line *line, struct error *err)
{
	const struct test_options *o = line->options;
	const char *target = line->args[0];
	struct attempt_entry *e;
	int rc = 0;

	if (remote_test_target(app, target, o->failed, &e, err) == -1)
		return cmd_about(err, "target", target);
	print(app, e);
	if (!str_eq(e->verdict, "ok"))
		rc = refused(e, err);
	attempt_entry_free(e);
	return rc;
}

static int
check(const struct cmd_line *line, struct error *err)
{
	if (line->nargs == 0 || *line->args[0] == '\0') {
		err_set(err, ERR_USAGE, "no target was named");
		return err_hint(err, "'awaitd targets' lists what there is.");
	}
	if (line->nargs == 1)
		return 0;
	err_set(err, ERR_USAGE,
	    "one target is tried at a time, and \"%s\" is "
	    "another",
	    line->args[1]);
	return err_hint(
	    err, "A name has a blank: quote it, as in 'webhook hook'.");
}

static int
run(const struct cmd_line *line)
{
	return app_ask_service(line, "'awaitd test'", check, test);
}

const struct cmd cmd_test = {
    .name = "test",
    .group = GROUP_DELIVER,
    .args = "TARGET",
    .summary = "Send a target one trial delivery, and tell what came back",
    .examples = "  awaitd test 'webhook hook'\n"
		"  awaitd test --failed 'webhook hook'\n",
    .options = test_options,
    .noptions = ARRAY_LEN(test_options),
    .options_size = sizeof(struct test_options),
    .run = run,
};
