/* SPDX-License-Identifier: Apache-2.0 */
/* awaitd batch: thousands of inputs, each once, over as many runs as it takes.
 */
#include "cmd/batch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "cmd/batch_carrier.h"
#include "cmd/batch_progress.h"
#include "cmd/batch_results.h"
#include "cmd/batch_run.h"
#include "cmd/batch_summary.h"
#include "cmd/cmd.h"
#include "cmd/handin.h"
#include "cmd/runs.h"

#define IN_FLIGHT_DEFAULT 100
#define IN_FLIGHT_MAX 10000

#define AT(field) offsetof(struct batch_options, field)
static const struct cmd_option batch_options[] = {
    {"output-dir", 'O', OPT_TEXT, AT(output), "DIR",
	"write results, results.jsonl and the plan here"},
    {"manifest", 0, OPT_TEXT, AT(manifest), "FILE",
	"inputs as JSON lines; - for standard input"},
    {"null", '0', OPT_FLAG, AT(null), NULL,
	"names on standard input end in NUL"},
    {"max-in-flight", 0, OPT_COUNT, AT(in_flight), "N",
	"so many jobs at a time (100)"},
    {"rate", 0, OPT_COUNT, AT(rate), "N",
	"at most so many submissions a second"},
    {"retry-failed", 0, OPT_FLAG, AT(retry_failed), NULL,
	"ask once more for what did not end well"},
    {"resend-lost", 0, OPT_FLAG, AT(resend_lost), NULL,
	"submit again what nobody can tell of any more"},
    {"timeout", 0, OPT_DURATION, AT(timeout_ms), "TIME",
	"stop after this long; the batch can go on later"},
};

/* One batch from its options to its summary. */
struct batch {
	struct batch_options o;
	struct cmd_globals globals;
	struct app app;
	struct batch_plan *plan;
	struct batch_results *results;
	struct batch_inputs in;
	const struct cmd_line *line;
	int64_t began_at;
	bool resumed;
};

/* --- before anything is written ---------------------------------------- */

static int
one_input(const char *option, const char *instead, struct error *err)
{
	err_set(err, ERR_USAGE, "--%s is for one input", option);
	return err_hint(err, "%s", instead);
}

static int
check_options(const struct batch *b, struct error *err)
{
	const struct batch_options *o = &b->o;

	if (o->output == NULL) {
		err_set(err, ERR_USAGE, "no output folder was named");
		return err_hint(err, "Give -O DIR.");
	}
	if (o->request.inference_id != NULL)
		return one_input("inference-id",
		    "A manifest's line can have an \"inference_id\".", err);
	if (o->request.filename != NULL)
		return one_input("filename",
		    "Without it each object has a name of its own.", err);
	if (o->request.input_location != NULL)
		return one_input(
		    "input-location", "Name locations as inputs.", err);
	if (o->manifest != NULL && b->line->nargs > 0)
		return err_set(err, ERR_USAGE,
		    "both --manifest and the input %s were given",
		    b->line->args[0]);
	if (o->in_flight > IN_FLIGHT_MAX)
		return err_set(err, ERR_USAGE,
		    "--max-in-flight %lld: it must be at most %d",
		    (long long)o->in_flight, IN_FLIGHT_MAX);
	return 0;
}

static void
say_left_out(const struct batch *b, size_t n, const char *what)
{
	if (n > 0 && !b->globals.quiet)
		fprintf(stderr, "awaitd: %zu %s\n", n, what);
}

static int
collect(struct batch *b, struct error *err)
{
	struct stat st;
	struct batch_input_words words = {
	    .words = b->line->args,
	    .n = b->line->nargs,
	    .manifest = b->o.manifest,
	    .null = b->o.null,
	    .output = &st,
	};

	if (stat(b->plan->dir, &st) == -1)
		return err_set_errno(err, ERR_IO, "%s", b->plan->dir);
	if (batch_inputs_collect(&b->in, &words, err) == -1)
		return -1;
	say_left_out(b, b->in.hidden, "hidden files or folders left out");
	say_left_out(b, b->in.links, "links to folders not followed");
	say_left_out(b, b->in.odd, "entries left out that are no files");
	say_left_out(b, b->in.doubled, "inputs named twice, taken once");
	return 0;
}

static bool
has_words(const struct batch *b)
{
	return b->line->nargs > 0 || b->o.manifest != NULL;
}

static int
no_inputs(struct error *err)
{
	err_set(err, ERR_USAGE, "no input was given");
	return err_hint(
	    err, "Name files, folders, s3:// locations, - or --manifest FILE.");
}

static int
new_header(struct batch *b, struct error *err)
{
	char *folder, *path, id[JOBID_SIZE];
	int rc;

	if (b->app.client != NULL)
		return batch_header_make(b->plan, &b->o, &b->app, NULL, err);
	if (runs_folder_to_write(&b->app, &folder, err) == -1)
		return -1;
	runs_prune(&b->app, folder);
	jobid_new(id);
	path = runs_path(folder, id);
	rc = batch_header_make(b->plan, &b->o, &b->app, path, err);
	free(path);
	free(folder);
	return rc;
}

/* The inputs given now go behind those that the plan has. */
static int
plan_inputs(struct batch *b, struct error *err)
{
	size_t added;

	if (!has_words(b))
		return b->resumed ? 0 : no_inputs(err);
	if (collect(b, err) == -1)
		return -1;
	if (b->in.problems.n == 0 &&
	    batch_check(&b->app, &b->o, &b->in, err) == -1)
		return -1;
	if (batch_problems_end(&b->in.problems, err) == -1)
		return -1;
	if (b->in.n == 0)
		return no_inputs(err);
	if (!b->resumed && new_header(b, err) == -1)
		return -1;
	return batch_plan_add(b->plan, &b->in, &added, err);
}

static void
say_resumed(const struct batch *b)
{
	char done[BATCH_COUNT_SIZE], total[BATCH_COUNT_SIZE];
	size_t n = batch_results_ok(b->results) + batch_results_bad(b->results);

	if (!b->resumed || b->globals.quiet)
		return;
	batch_count_format(n, done);
	batch_count_format(b->plan->n, total);
	fprintf(stderr, "awaitd: resuming: %s of %s done\n", done, total);
}

static int
open_results(struct batch *b, struct error *err)
{
	size_t n;

	if (batch_results_open(b->plan, &b->results, err) == -1)
		return -1;
	say_resumed(b);
	if (!b->o.retry_failed)
		return 0;
	if (batch_results_retry(b->results, &n, err) == -1)
		return -1;
	if (n > 0 && !b->globals.quiet)
		fprintf(stderr, "awaitd: asking once more for %zu\n", n);
	return 0;
}

/* --- the run ----------------------------------------------------------- */

/* Each input in flight may be an open file, or a connection. */
static void
raise_limit(void)
{
	struct rlimit lim;

	if (getrlimit(RLIMIT_NOFILE, &lim) == -1)
		return;
	lim.rlim_cur = lim.rlim_max;
	setrlimit(RLIMIT_NOFILE, &lim);
}

static int
new_carrier(struct batch *b, struct batch_run *run, struct error *err)
{
	struct batch_carrier_options co = {
	    .app = &b->app,
	    .plan = b->plan,
	    .request = &b->o.request,
	    .in_flight = (unsigned)b->o.in_flight,
	};
	struct batch_carrier *c;
	const char *state = batch_header_state(b->plan);
	int rc;

	batch_run_news(run, &co.news);
	if (b->app.client != NULL)
		rc = batch_service_new(&co, &c, err);
	else if (state == NULL)
		rc = err_set(err, ERR_DAMAGED,
		    "the plan in %s does not say where its jobs are",
		    b->plan->dir);
	else
		rc = batch_engine_new(&co, state, &c, err);
	if (rc == 0)
		batch_run_carrier(run, c);
	return rc;
}

static int
end_early(const struct batch *b, const struct batch_run *run, int rc,
    struct error *err)
{
	int status = STATUS_OK;

	if (rc == 0 && b->app.signo == 0 && !batch_run_late(run))
		return STATUS_OK;
	if (rc == -1)
		status = app_fail(&b->app, err);
	else if (b->app.signo != 0)
		err_set(err, ERR_CANCELLED, "interrupted");
	else
		err_set(err, ERR_TIMEOUT, "not done in time");
	if (rc == 0) {
		err_hint(err,
		    "Run the same command again to go on, or 'awaitd batch%s "
		    "-O %s'.",
		    app_same_server(&b->app), b->o.output);
		cmd_fail(err);
		status = b->app.signo != 0 ? STATUS_SIGNAL + b->app.signo
					   : STATUS_NOT_READY;
	} else if (b->results != NULL) {
		fprintf(stderr,
		    "awaitd: 'awaitd batch%s -O %s' goes on with the batch\n",
		    app_same_server(&b->app), b->o.output);
	}
	return status;
}

static int
carry_out(struct batch *b)
{
	struct batch_run_options ro = {
	    .app = &b->app,
	    .plan = b->plan,
	    .results = b->results,
	    .in_flight = (unsigned)b->o.in_flight,
	    .rate = b->o.rate,
	    .timeout_ms = b->o.timeout_ms,
	    .resend_lost = b->o.resend_lost,
	};
	struct batch_run *run = batch_run_new(&ro);
	struct error err, lost_why, unread_why;
	struct batch_summary s = {
	    .app = &b->app,
	    .plan = b->plan,
	    .results = b->results,
	    .dir = b->o.output,
	    .lost_why = &lost_why,
	    .unread_why = &unread_why,
	};
	int rc;

	rc = new_carrier(b, run, &err);
	if (rc == 0)
		rc = batch_run(run, &err);
	s.status = end_early(b, run, rc, &err);
	s.lost = batch_run_lost(run, &lost_why);
	s.unread = batch_run_unread(run, &unread_why);
	batch_run_free(run);
	s.took_ms = clock_mono_ms() - b->began_at;
	return batch_summarize(&s);
}

/* Where the plan is known, and with whom the jobs are. */
static int
prepare(struct batch *b, struct error *err)
{
	if (handin_check_teller(&b->app, &b->o.request, err) == -1)
		return -1;
	if (b->app.client != NULL &&
	    handin_refuse_options(&b->app, &b->o.request, err) == -1)
		return -1;
	if (b->resumed && batch_header_check(b->plan, &b->app, err) == -1)
		return -1;
	if (!b->resumed && !has_words(b))
		return no_inputs(err);
	if (b->app.client == NULL && app_connect(&b->app, err) == -1)
		return -1;
	if (plan_inputs(b, err) == -1)
		return -1;
	return open_results(b, err);
}

static int
with_service(struct batch *b)
{
	struct error err;
	int status;

	if (app_find_service(&b->app, &err) == -1) {
		if (b->resumed && err.code == ERR_NET)
			err_hint(&err,
			    "The jobs of the batch are there: start 'awaitd "
			    "serve', and run the same command again.");
		return app_fail(&b->app, &err);
	}
	batch_inputs_init(&b->in);
	if (prepare(b, &err) == -1)
		status = app_fail(&b->app, &err);
	else
		status = carry_out(b);
	batch_results_free(b->results);
	batch_inputs_done(&b->in);
	return status;
}

static int
with_plan(struct batch *b)
{
	struct error err;
	int status;

	b->resumed = b->plan->header != NULL;
	if (b->resumed &&
	    batch_header_apply(b->plan, &b->o, &b->globals, &err) == -1)
		return cmd_fail(&err);
	if (app_init(&b->app, &b->globals, &err) == -1)
		return cmd_fail(&err);
	status = with_service(b);
	app_done(&b->app);
	return status;
}

static int
run(const struct cmd_line *line)
{
	struct batch b = {
	    .o = *(const struct batch_options *)line->options,
	    .globals = *line->globals,
	    .line = line,
	    .began_at = clock_mono_ms(),
	};
	struct option_list *tags = &b.o.request.tags;
	const char **given = tags->v;
	struct error err;
	int status;

	if (check_options(&b, &err) == -1 ||
	    batch_plan_open(b.o.output, &b.plan, &err) == -1)
		return cmd_fail(&err);
	raise_limit();
	status = with_plan(&b);
	batch_plan_free(b.plan);
	if (tags->v != given)
		option_list_done(tags);
	return status;
}

static void
defaults(void *options)
{
	struct batch_options *o = options;

	o->in_flight = IN_FLIGHT_DEFAULT;
}

const struct cmd cmd_batch = {
    .name = "batch",
    .group = GROUP_RUN,
    .args = "INPUT...",
    .summary = "Submit thousands of inputs and write each result to a file",
    .examples =
	"  awaitd batch -e ocr -t image/png -O texts pages/\n"
	"  awaitd batch -O texts                     go on with it\n"
	"  find . -name '*.png' -print0 | awaitd batch -e ocr -O texts -0 -\n"
	"  awaitd batch -O texts --manifest inputs.jsonl --max-in-flight 20\n",
    .options = batch_options,
    .noptions = ARRAY_LEN(batch_options),
    .shared = request_cmd_options,
    .nshared = &request_cmd_options_len,
    .shared_title = "the request",
    .options_size = sizeof(struct batch_options),
    .defaults = defaults,
    .run = run,
};
