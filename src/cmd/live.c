/* SPDX-License-Identifier: Apache-2.0 */
/* Words from the configuration, a service and state files. */
#include "cmd/live.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/profile.h"
#include "base/clock.h"
#include "base/ini.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "cmd/remote.h"
#include "cmd/remote_targets.h"
#include "cmd/report.h"
#include "cmd/runs.h"
#include "cmd/snapshot.h"
#include "conf/keys.h"
#include "job/jobjson.h"

/* The newest ones: nobody looks for one word among thousands. */
#define MOST 100
#define MOST_TEXT "100"

/* --- the configuration ---------------------------------------------- */

/* Nothing is logged, whatever the configuration says. */
static int
start(struct app *app, const struct words *w, struct cmd_globals *quiet)
{
	struct error err;

	*quiet = *w->globals;
	quiet->log_level = "none";
	quiet->verbose = false;
	return app_init(app, quiet, &err);
}

struct sections {
	const struct words *w;
	const struct conf *conf;
	bool targets; /* only those that can be delivered to */
	size_t cut; /* of each title: "endpoint " */
	char last[256];
};

/* Each section once: its keys follow one another. */
static void
on_section(const struct conf_value *v, void *arg)
{
	struct sections *s = arg;

	if (str_eq(v->section, s->last))
		return;
	snprintf(s->last, sizeof(s->last), "%s", v->section);
	if ((s->targets && !conf_has_target(s->conf, v->section)) ||
	    strlen(v->section) < s->cut)
		return;
	words_put(s->w, v->section + s->cut, "of the configuration");
}

static void
put_sections(const struct words *w, const char *kind, bool targets)
{
	struct sections s = {.w = w, .targets = targets};
	struct cmd_globals quiet;
	struct app app;

	if (start(&app, w, &quiet) == -1)
		return;
	s.conf = app.conf;
	s.cut = kind != NULL ? strlen(kind) + 1 : 0;
	conf_show(app.conf, kind, on_section, &s);
	app_done(&app);
}

void
live_endpoints(const struct words *w)
{
	put_sections(w, "endpoint", false);
}

void
live_sections(const struct words *w)
{
	put_sections(w, NULL, false);
}

static void
on_key(const struct conf_value *v, void *arg)
{
	char *word = xasprintf("%s.%s=", v->section, v->key->name);

	words_put(arg, word, NULL);
	free(word);
}

void
live_keys(const struct words *w)
{
	struct words copy = *w;
	struct cmd_globals quiet;
	struct app app;

	if (start(&app, w, &quiet) == -1)
		return;
	conf_show(app.conf, NULL, on_key, &copy);
	app_done(&app);
}

/* --- AWS's own files ------------------------------------------------- */

static int
on_profile(const struct ini_entry *e, void *arg, struct error *err)
{
	const char *name = e->section;

	(void)err;
	if (*e->key != '\0')
		return 0;
	if (str_starts(name, "profile "))
		name += strlen("profile ");
	else if (strchr(name, ' ') != NULL)
		return 0;
	words_put(arg, name, NULL);
	return 0;
}

void
live_profiles(const struct words *w)
{
	static const enum profile_kind kinds[] = {
	    PROFILE_CREDENTIALS, PROFILE_CONFIG};
	struct words copy = *w;
	struct error err;
	char *path;
	size_t i;

	for (i = 0; i < ARRAY_LEN(kinds); i++) {
		path = profile_path(kinds[i]);
		if (path != NULL)
			ini_parse_file(
			    path, INI_NESTED, on_profile, &copy, &err);
		free(path);
	}
}

/* --- the service ----------------------------------------------------- */

static bool
is_here(const char *address)
{
	static const char *const hosts[] = {
	    "http://127.0.0.1:", "http://localhost:", "http://[::1]:"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(hosts); i++) {
		if (str_starts(address, hosts[i]))
			return true;
	}
	return str_starts(address, CLIENT_UNIX) || *address == '/' ||
	    *address == '.';
}

/* app->client is there, or nobody of this machine is. */
static void
find_service(struct app *app)
{
	char *address = app_service_name(app);
	struct error err;

	if (address != NULL && is_here(address) &&
	    app_service_client(app, &app->client, &err) == 0 &&
	    client_probe(app->client, &err) == -1) {
		client_free(app->client);
		app->client = NULL;
	}
	free(address);
}

static void
on_target(const struct health *h, void *arg)
{
	words_put(arg, h->target, health_state_name(h->state));
}

/* Those of the service, callbacks' hosts among them; else the file's. */
void
live_targets(const struct words *w)
{
	struct words copy = *w;
	struct cmd_globals quiet;
	struct error err;
	struct app app;
	size_t left_out;
	int rc = -1;

	if (start(&app, w, &quiet) == -1)
		return;
	find_service(&app);
	if (app.client != NULL)
		rc = remote_list_targets(
		    &app, on_target, &copy, &left_out, &err);
	app_done(&app);
	if (rc == -1)
		put_sections(w, NULL, true);
}

/* --- jobs ------------------------------------------------------------ */

/* Those that the command can do something with. */
static bool
is_of_use(const char *command, const struct job *job)
{
	bool done = job->state == JOB_DONE;

	if (str_eq(command, "wait") || str_eq(command, "cancel"))
		return !done;
	if (str_eq(command, "result"))
		return done &&
		    (job->outcome == OUTCOME_OK || job->late_at != 0);
	if (str_eq(command, "retry"))
		return done && job->outcome != OUTCOME_OK;
	return true;
}

static void
put_job(const struct words *w, const struct job *job)
{
	char age[TIMEFMT_SPAN_SIZE], about[200];

	if (!is_of_use(w->command, job))
		return;
	timefmt_span(clock_wall_ms() - job->created_at, age);
	snprintf(about, sizeof(about), "%s, %s, %s ago", job->spec.endpoint,
	    job->state == JOB_DONE ? job_outcome_name(job->outcome)
				   : job_state_name(job->state),
	    age);
	words_put(w, job->id, about);
}

static int
take_jobs(const struct json *answer, void *out, struct error *err)
{
	const struct json *j;
	struct job *job;

	for (j = json_first(json_get(answer, "jobs")); j != NULL;
	     j = json_next(j)) {
		if (jobjson_parse(j, &job, err) == -1)
			return -1;
		put_job(out, job);
		job_free(job);
	}
	return 0;
}

static void
put_file(const struct words *w, const char *path)
{
	struct job **jobs = NULL;
	struct error err;
	size_t n = 0, i;

	if (snapshot_read(path, NULL, &jobs, &n, &err) == -1)
		return;
	for (i = n; i > 0; i--)
		put_job(w, jobs[i - 1]);
	runs_free_jobs(jobs, n);
}

/* The folder is not made for it. */
static void
put_files(const struct app *app, const struct words *w)
{
	char *folder = runs_folder_name(app), **paths;
	struct error err;
	size_t n, i;

	if (folder != NULL && runs_all(folder, &paths, &n, &err) == 0) {
		for (i = n; i > 0 && n - i < MOST; i--)
			put_file(w, paths[i - 1]);
		runs_free(paths, n);
	}
	free(folder);
}

static void
ask(const struct words *w, const char *path, remote_take_fn *take, bool files)
{
	struct client_request r = {.method = "GET", .path = path};
	struct words copy = *w;
	struct cmd_globals quiet;
	struct error err;
	struct app app;

	if (start(&app, w, &quiet) == -1)
		return;
	find_service(&app);
	if (app.client != NULL)
		remote_ask(&app, &r, take, &copy, &err);
	if (files)
		put_files(&app, w);
	app_done(&app);
}

void
live_jobs(const struct words *w)
{
	ask(w, "/v1/jobs?order=newest&limit=" MOST_TEXT, take_jobs, true);
}

/* --- deliveries ------------------------------------------------------ */

static int
take_deliveries(const struct json *answer, void *out, struct error *err)
{
	const struct json *j;
	struct delivery *d;
	char about[200];

	for (j = json_first(json_get(answer, "deliveries")); j != NULL;
	     j = json_next(j)) {
		if (jobjson_parse_delivery(j, &d, err) == -1)
			return -1;
		snprintf(about, sizeof(about), "%s, %s", d->target,
		    report_delivery_state(d));
		words_put(out, d->id, about);
		delivery_free(d);
	}
	return 0;
}

void
live_deliveries(const struct words *w)
{
	const char *path = "/v1/deliveries?limit=" MOST_TEXT;

	if (str_eq(w->command, "replay"))
		path = "/v1/deliveries?state=dead&limit=" MOST_TEXT;
	else if (str_eq(w->command, "cancel"))
		path = "/v1/deliveries?state=waiting&limit=" MOST_TEXT;
	ask(w, path, take_deliveries, false);
}
