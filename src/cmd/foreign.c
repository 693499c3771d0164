/* SPDX-License-Identifier: Apache-2.0 */
/* From two places to a job that is only waited for. */
#include "cmd/foreign.h"

#include <stdlib.h>
#include <string.h>

#include "aws/sagemaker.h"
#include "aws/s3url.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "serve/intake.h"

/* In lists, where an endpoint's name stands. */
#define NO_ENDPOINT "-"

bool
foreign_is_location(const char *text)
{
	return str_starts(text, "s3://") || str_starts(text, "https://");
}

/* --- what was given ------------------------------------------------- */

struct places {
	char *output;
	char *failure; /* or NULL */
	char *region; /* that an address names, or NULL */
};

static void
places_done(struct places *p)
{
	free(p->output);
	free(p->failure);
	free(p->region);
}

static int
parse_failure(
    const struct foreign_options *o, struct places *p, struct error *err)
{
	char *region = NULL;

	if (o->failure == NULL)
		return 0;
	if (s3_location_parse(o->failure, &p->failure, &region, err) == -1)
		return err_prefix(err, "--failure");
	free(region);
	if (!str_eq(p->output, p->failure))
		return 0;
	err_set(err, ERR_USAGE, "--output and --failure name the same object");
	return err_hint(err,
	    "Give OutputLocation and FailureLocation as InvokeEndpointAsync "
	    "answered them.");
}

static int
parse(const struct foreign_options *o, struct places *out, struct error *err)
{
	struct places p = {0};

	if (s3_location_parse(o->output, &p.output, &p.region, err) == -1)
		return err_prefix(err, "--output");
	if (parse_failure(o, &p, err) == -1) {
		places_done(&p);
		return -1;
	}
	*out = p;
	return 0;
}

int
foreign_check(const struct foreign_options *o, struct error *err)
{
	struct sagemaker_invoke in = {.endpoint_name = o->endpoint};
	struct places p;

	if (o->endpoint != NULL && sagemaker_check(&in, err) == -1)
		return -1;
	if (parse(o, &p, err) == -1)
		return -1;
	places_done(&p);
	return 0;
}

/* --- is the bucket there? ------------------------------------------- */

struct asking {
	struct app *app;
	struct s3_call *call; /* NULL: it was answered */
	bool late;
	struct error err; /* code NONE: nothing is wrong */
};

static int
enough(const void *data, size_t len, void *arg, struct error *err)
{
	(void)data;
	(void)len;
	(void)arg;
	return err_set(err, ERR_CANCELLED, "it is there");
}

static void
on_answer(const struct s3_object *object, const struct error *err, void *arg)
{
	struct asking *a = arg;

	a->call = NULL;
	if (object == NULL)
		a->err = *err;
	loop_stop(a->app->loop);
}

static void
on_late(void *arg)
{
	struct asking *a = arg;

	a->late = true;
	loop_stop(a->app->loop);
}

static void
wait_for_answer(struct asking *a, int64_t most_ms)
{
	struct app *app = a->app;
	struct loop_timer *timer = loop_timer_new(app->loop, on_late, a);

	loop_timer_set(timer, most_ms);
	app_catch_signals(app);
	while (a->call != NULL && app->signo == 0 && !a->late)
		loop_run(app->loop);
	app_default_signals(app);
	loop_timer_free(timer);
	s3_cancel(a->call);
}

/* A HEAD says 404 of a missing object and of a missing bucket; a GET has
 * words. */
static int
ask(struct app *app, struct site *site, const struct s3_ref *ref,
    int64_t most_ms, struct error *err)
{
	struct asking a = {.app = app};
	struct s3_get get = {.ref = *ref, .sink = enough, .sink_arg = &a};

	if (s3_get(site->s3, &get, on_answer, &a, &a.call, err) == -1)
		return -1;
	wait_for_answer(&a, most_ms);
	if (app->signo != 0)
		return err_set(err, ERR_CANCELLED, "interrupted");
	if (!str_eq(a.err.remote_code, "NoSuchBucket"))
		return 0;
	err_set(err, ERR_NOT_FOUND, "%s: there is no such bucket", ref->uri);
	return err_hint(err,
	    "Give the location as InvokeEndpointAsync answered it, and the "
	    "account's own credentials.");
}

static bool
same_bucket(const char *a, const char *b)
{
	size_t len = strcspn(a + strlen("s3://"), "/") + strlen("s3:///");

	return strncmp(a, b, len) == 0;
}

static int
ask_buckets(struct app *app, const struct job *job, const char *owner,
    int64_t most_ms, struct error *err)
{
	const struct submission *s = job_last_submission(job);
	struct s3_ref ref = {s->output_location, owner};
	struct site *site;

	if (sites_get(app->sites, job->spec.region, &site, err) == -1 ||
	    ask(app, site, &ref, most_ms, err) == -1)
		return -1;
	ref.uri = s->failure_location;
	if (ref.uri == NULL || same_bucket(s->output_location, ref.uri))
		return 0;
	return ask(app, site, &ref, most_ms, err);
}

/* --- the job -------------------------------------------------------- */

static void
fill(struct job *job, const struct foreign_options *o,
    const struct conf_endpoint *endpoint)
{
	job->spec.endpoint =
	    xstrdup(o->endpoint != NULL ? o->endpoint : NO_ENDPOINT);
	job->spec.request_ttl_s = endpoint->request_ttl_ms / 1000;
	job->spec.invocation_timeout_s = endpoint->invocation_timeout_ms / 1000;
	job->spec.output_path = xstrdup_or_null(endpoint->output_path);
}

static const char *
region_of(const struct app *app, const struct places *p,
    const struct conf_endpoint *endpoint)
{
	if (app->globals->region != NULL || endpoint->region != NULL)
		return app->globals->region;
	return p->region;
}

int
foreign_job(struct app *app, const struct foreign_options *o, int64_t most_ms,
    struct job **out, struct error *err)
{
	const struct conf_endpoint *endpoint = conf_endpoint(
	    app->conf, o->endpoint != NULL ? o->endpoint : NO_ENDPOINT);
	struct places p;
	struct job *job;
	int rc;

	if (parse(o, &p, err) == -1)
		return -1;
	job = job_new_foreign(p.output, p.failure);
	fill(job, o, endpoint);
	rc = intake_region(&job->spec, app->sites, endpoint,
	    region_of(app, &p, endpoint), app->globals->profile, err);
	places_done(&p);
	if (rc == 0)
		rc = ask_buckets(
		    app, job, endpoint->expected_bucket_owner, most_ms, err);
	if (rc == -1) {
		job_free(job);
		return -1;
	}
	if (o->failure == NULL)
		log_warn("wait",
		    "without --failure a failed inference cannot be told from "
		    "one that takes long");
	*out = job;
	return 0;
}
