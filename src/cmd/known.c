/* SPDX-License-Identifier: Apache-2.0 */
/* A misspelled name matches nothing, which looks as if all were well. */
#include "cmd/known.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/sagemaker.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/near.h"
#include "base/str.h"
#include "cmd/remote.h"
#include "cmd/remote_query.h"
#include "cmd/remote_targets.h"

#define TIMEOUT_MS 60000

/* --- targets -------------------------------------------------------- */

struct search {
	const char *name;
	struct near near; /* its best is `best` */
	char *best;
	char *kin; /* "webhook hook" for "hook" */
	bool found;
};

static void
replace(char **text, const char *with)
{
	free(*text);
	*text = xstrdup(with);
}

/* Lives only for this call. */
static void
on_target(const struct health *h, void *arg)
{
	struct search *s = arg;
	const char *blank = strchr(h->target, ' ');

	s->found |= str_eq(h->target, s->name);
	near_try(&s->near, h->target);
	if (s->near.best == h->target) {
		replace(&s->best, h->target);
		s->near.best = s->best;
	}
	if (blank != NULL && str_eq(blank + 1, s->name))
		replace(&s->kin, h->target);
}

static int
take_any(const struct json *answer, void *out, struct error *err)
{
	bool *any = out;

	(void)err;
	*any = json_first(json_get(answer, "deliveries")) != NULL;
	return 0;
}

/* One that the configuration does not have any more has its deliveries. */
static bool
had_any(struct app *app, const char *name)
{
	struct client_request r = {.method = "GET", .timeout_ms = TIMEOUT_MS};
	struct error ignored;
	struct buf path;
	bool any = true;

	buf_init(&path, REMOTE_QUERY_MAX);
	buf_puts(&path, "/v1/deliveries?limit=1");
	remote_parameter(&path, "target", name);
	r.path = path.data;
	if (!path.overflow)
		remote_ask(app, &r, take_any, &any, &ignored);
	buf_done(&path);
	return any;
}

static int
refuse(const struct search *s, struct error *err)
{
	const char *meant = s->kin != NULL ? s->kin : s->best;

	err_set(err, ERR_NOT_FOUND,
	    "there is no target [%s], and no delivery to one", s->name);
	if (meant != NULL)
		return err_hint(err, "Did you mean \"%s\"?", meant);
	return err_hint(err, "'awaitd targets' lists what there is%s.",
	    strchr(s->name, ' ') != NULL
		? ""
		: "; a name has a blank, as in 'webhook hook'");
}

int
known_target(struct app *app, const char *name, struct error *err)
{
	struct search s = {.name = name};
	struct error ignored;
	size_t left_out;
	int rc = 0;

	near_init(&s.near, name);
	if (remote_list_targets(app, on_target, &s, &left_out, &ignored) == 0 &&
	    !s.found && !had_any(app, name))
		rc = refuse(&s, err);
	free(s.best);
	free(s.kin);
	return rc;
}

void
known_none(struct app *app, const char *many, const char *target)
{
	struct error err;

	if (app->globals->quiet)
		return;
	if (target != NULL && known_target(app, target, &err) == -1)
		cmd_fail(&err); /* nothing found is no failure of a list */
	else if (!app->globals->json)
		fprintf(stderr, "awaitd: no such %s\n", many);
}

/* --- ids ------------------------------------------------------------ */

int
known_delivery_form(const char *id, struct error *err)
{
	if (delivery_id_ok(id))
		return 0;
	err_set(err, ERR_USAGE, "\"%s\" is no delivery id", id);
	if (jobid_ok(id))
		return err_hint(err,
		    "It is a job's: 'awaitd deliveries --job %s' lists its "
		    "deliveries.",
		    id);
	return err_hint(err, "'awaitd deliveries' lists what there is.");
}

int
known_job_form(const char *id, struct error *err)
{
	if (jobid_ok(id))
		return 0;
	err_set(err, ERR_USAGE, "\"%s\" is no job id", id);
	if (str_starts(id, "s3://") || str_starts(id, "https://"))
		return err_hint(err,
		    "'awaitd wait --output S3URI' awaits what will be at a "
		    "location.");
	if (delivery_id_ok(id))
		return err_hint(err,
		    "It is a delivery's: 'awaitd deliveries %s' tells of it, "
		    "and of its job.",
		    id);
	return err_hint(err, "'awaitd list' shows the jobs there are.");
}

int
known_delivery_failed(const char *id, struct error *err)
{
	if (err->code == ERR_NOT_FOUND && *err->hint == '\0')
		err_hint(err, "'awaitd deliveries' lists what there is.");
	return cmd_about(err, "delivery", id);
}

/* --- endpoints ------------------------------------------------------ */

const char *
known_endpoint_near(const struct app *app, const char *name)
{
	const struct conf *conf = app->conf;
	struct near near;
	size_t i;

	if (name == NULL)
		return NULL;
	near_init(&near, name);
	for (i = 0; i < conf->nendpoints; i++) {
		if (str_eq(conf->endpoints[i]->head.name, name))
			return NULL;
		near_try(&near, conf->endpoints[i]->head.name);
	}
	return near.best;
}

void
known_say_jobs(
    const struct app *app, const char *endpoint, const char *fmt, ...)
{
	const char *near = known_endpoint_near(app, endpoint);
	va_list ap;

	if (app->globals->quiet || (app->globals->json && near == NULL))
		return;
	fputs("awaitd: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	if (near != NULL)
		fprintf(stderr, ". Did you mean the endpoint \"%s\"?", near);
	fputc('\n', stderr);
}

/* Who asked, and where; a service tells no URL. */
static void
say_asked(const struct app *app, const char *region)
{
	struct error ignored;
	struct site *site;
	char *words;

	if (app->client != NULL) {
		words = xstrdup(region);
		str_defang(words);
		fprintf(stderr, "; the service at %s asked in %s",
		    client_address(app->client), words);
		free(words);
	} else if (app->sites != NULL &&
	    sites_get(app->sites, region, &site, &ignored) == 0) {
		fprintf(stderr, "; asked was %s, %s%s", region,
		    site->runtime.url,
		    site->runtime.custom
			? " (the log of an awaitd-local says what it has)"
			: "");
	}
}

void
known_endpoint_refused(const struct app *app, const struct job *job)
{
	const char *near = known_endpoint_near(app, job->spec.endpoint);

	/* A model may say anything: "refused" is SageMaker's own word. */
	if (job->error_code == NULL || !str_eq(job->error_code, "refused") ||
	    !sagemaker_is_unknown(job->error_text))
		return;
	fprintf(stderr, "awaitd: check the endpoint's name and the region");
	if (job->spec.region != NULL)
		say_asked(app, job->spec.region);
	if (near != NULL)
		fprintf(stderr, ". Did you mean the endpoint \"%s\"?", near);
	fputc('\n', stderr);
}
