/* SPDX-License-Identifier: Apache-2.0 */
/* The probes of each endpoint's places in S3 that only read. */
#include "cmd/check_s3.h"

#include <stdlib.h>
#include <string.h>

#include "aws/awserr.h"
#include "aws/grant.h"
#include "aws/s3uri.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"
#include "cmd/known.h"
#include "engine/explain.h"

/* --- what all of them have -------------------------------------- */

char *
check_s3_place(const char *prefix)
{
	size_t len = strlen(prefix);
	char id[RANDOM_UUID_SIZE];

	random_uuid(id);
	return xasprintf("%s%sawaitd-check-%s", prefix,
	    prefix[len - 1] == '/' ? "" : "/", id);
}

/* The bucket has a host of its own, and that a clock. */
static char *
host_of(const struct site *site, const char *place)
{
	char *bucket, *key, *path, *host = NULL;
	struct error ignored;

	if (s3_uri_parse(place, 0, &bucket, &key, &ignored) == -1)
		return NULL;
	if (endpoint_s3_target(
		&site->s3_endpoint, bucket, key, &host, &path, &ignored) == 0)
		free(path);
	free(bucket);
	free(key);
	return host;
}

static void
note(struct check_probe *p, const struct error *err)
{
	const struct check_s3 *x = p->data;

	if (x->host != NULL)
		check_note_host(p->check, x->host, err);
}

struct check_s3 *
check_s3_begin(struct check_probe *p)
{
	struct check_s3 *x = p->data;
	struct error err;
	char *region;
	int rc;

	if (check_region_of(p->check, x->endpoint, &region, &err) == -1) {
		check_end(p, CHECK_SKIPPED, "its region is not known");
		return NULL;
	}
	rc = sites_get(p->check->app->sites, region, &x->site, &err);
	free(region);
	if (rc == -1) {
		check_end(p, CHECK_SKIPPED, "its region has no host");
		return NULL;
	}
	x->place = check_s3_place(x->prefix);
	x->host = host_of(x->site, x->place);
	return x;
}

struct s3_ref
check_s3_ref(const struct check_s3 *x)
{
	struct s3_ref ref = {
	    .uri = x->place,
	    .owner = x->endpoint->expected_bucket_owner,
	};

	return ref;
}

void
check_s3_refused(struct check_probe *p, enum check_status status,
    const char *action, const struct error *err)
{
	const struct check_s3 *x = p->data;
	char named[GRANT_ACTION_SIZE];
	struct error why = *err;

	grant_named_action(err, named);
	if (str_starts(err->remote_code, "AccessDenied"))
		grant_hint(&why, named[0] != '\0' ? named : action, x->place,
		    access_prefix_len(x->place, x->prefix),
		    x->site->s3_endpoint.region);
	else if (str_eq(err->remote_code, "NoSuchBucket"))
		err_hint(&why,
		    "Create the bucket, or correct %s of [endpoint %s].",
		    x->key, x->endpoint->head.name);
	else
		check_hint_connect(&why, true);
	if (why.hint[0] == '\0' && why.retryable && p->remedy == NULL)
		err_hint(&why,
		    "The service has trouble of its own; try again later.");
	check_end_err(p, status, &why);
}

void
check_s3_cancel(struct check_probe *p)
{
	struct check_s3 *x = p->data;

	s3_cancel(x->call);
	explain_cancel(x->explain);
	x->call = NULL;
	x->explain = NULL;
}

void
check_s3_forget(struct check_probe *p)
{
	struct check_s3 *x = p->data;

	loop_timer_free(x->timer);
	free(x->place);
	free(x->host);
}

/* --- may it be listed? ------------------------------------------ */

static void
on_listed(const struct s3_listing *listing, const struct error *err, void *arg)
{
	struct check_probe *p = arg;
	struct check_s3 *x = p->data;

	x->call = NULL;
	note(p, err);
	if (listing != NULL)
		check_end(p, CHECK_OK, "may be listed");
	else
		/* It goes without; what cannot be told then, the row of the
		 * results says. */
		check_s3_refused(p,
		    str_starts(err->remote_code, "AccessDenied") ? CHECK_WARN
								 : CHECK_FAIL,
		    "s3:ListBucket", err);
}

static void
start_list(struct check_probe *p)
{
	struct check_s3 *x = check_s3_begin(p);
	struct s3_list list = {.max_keys = 1};
	struct error err;

	if (x == NULL)
		return;
	list.prefix = check_s3_ref(x);
	if (s3_list(x->site->s3, &list, on_listed, p, &x->call, &err) == -1)
		check_end_err(p, CHECK_FAIL, &err);
}

static const struct check_kind list_kind = {
    .name = "output",
    .needs_creds = true,
    .start = start_list,
    .cancel = check_s3_cancel,
    .forget = check_s3_forget,
};

/* --- may it be read? -------------------------------------------- */

static void head(struct check_probe *p);

static void
on_explained(enum explain_answer answer, enum access_verdict verdict,
    const struct error *err, void *arg)
{
	struct check_probe *p = arg;
	struct check_s3 *x = p->data;

	x->explain = NULL;
	switch (answer) {
	case EXPLAIN_THERE:
	case EXPLAIN_MISSING:
		if (x->missing) {
			check_end(p, CHECK_OK,
			    "may be read; what is not there is told (404)");
			return;
		}
		/* With it the bucket's region may have been found out. */
		if (!x->again) {
			x->again = true;
			head(p);
			return;
		}
		check_remedy(p, "See what proxy is on the way.");
		check_end(p, CHECK_FAIL,
		    "HeadObject is refused and GetObject is not");
		return;
	case EXPLAIN_REFUSED:
		check_end_err(
		    p, verdict == ACCESS_DENIED ? CHECK_FAIL : CHECK_WARN, err);
		return;
	case EXPLAIN_KNOWN:
	case EXPLAIN_TROUBLE:
		check_s3_refused(p, CHECK_FAIL, "s3:GetObject", err);
		return;
	}
	abort();
}

static void
explain(struct check_probe *p)
{
	struct check_s3 *x = p->data;
	struct explain_options o = {
	    .site = x->site,
	    .ref = check_s3_ref(x),
	    .prefix_len = access_prefix_len(x->place, x->prefix),
	};
	struct error err;

	if (explain_start(&o, on_explained, p, &x->explain, &err) == -1)
		check_end_err(p, CHECK_FAIL, &err);
}

static void
on_head(const struct s3_object *object, const struct error *err, void *arg)
{
	struct check_probe *p = arg;
	struct check_s3 *x = p->data;

	x->call = NULL;
	x->missing = object == NULL && err->code == ERR_NOT_FOUND;
	if (object != NULL)
		check_end(
		    p, CHECK_FAIL, "%s is there, and cannot be", x->place);
	else if (err->http_status >= 400 && err->http_status < 500)
		/* A 404 has no words either: key or bucket? */
		explain(p);
	else
		check_s3_refused(p, CHECK_FAIL, "s3:GetObject", err);
}

static void
head(struct check_probe *p)
{
	struct check_s3 *x = p->data;
	struct s3_ref ref = check_s3_ref(x);
	struct error err;

	if (s3_head(x->site->s3, &ref, on_head, p, &x->call, &err) == -1)
		check_end_err(p, CHECK_FAIL, &err);
}

static void
start_read(struct check_probe *p)
{
	if (check_s3_begin(p) != NULL)
		head(p);
}

static const struct check_kind read_kind = {
    .name = "results",
    .needs_creds = true,
    .start = start_read,
    .cancel = check_s3_cancel,
    .forget = check_s3_forget,
};

/* --- what is not tried ------------------------------------------ */

static void
start_unset(struct check_probe *p)
{
	check_end(p, CHECK_SKIPPED, "%s", (const char *)p->data);
}

static void
start_unknown(struct check_probe *p)
{
	const struct app *app = p->check->app;
	const char *near = known_endpoint_near(app, p->subject);

	if (near != NULL)
		check_remedy(p, "Did you mean \"%s\"?", near);
	else
		check_remedy(p,
		    "Where results and large inputs are is said there: "
		    "output_path, input_prefix.");
	/* Where no endpoint has one, its name may well be right. */
	check_end(p, app->conf->nendpoints > 0 ? CHECK_FAIL : CHECK_SKIPPED,
	    "the configuration has no section [endpoint %s]", p->subject);
}

static const struct check_kind unknown_kind = {
    .name = "endpoint",
    .start = start_unknown,
};

static const struct check_kind no_output_kind = {
    .name = "output",
    .start = start_unset,
};

static const struct check_kind no_input_kind = {
    .name = "input",
    .start = start_unset,
};

/* --- rows ------------------------------------------------------- */

static void
add(struct check *c, const struct check_kind *kind,
    const struct conf_endpoint *e, const char *name, const char *prefix)
{
	struct check_probe *p =
	    check_add(c, kind, xasprintf("%s, %s", name, prefix));
	struct check_s3 *x = xcalloc(1, sizeof(*x));

	x->endpoint = e;
	x->prefix = prefix;
	x->key = str_eq(kind->name, "input") ? "input_prefix" : "output_path";
	p->data = x;
}

static void
add_unset(struct check *c, const struct check_kind *kind, const char *name,
    const char *why)
{
	check_add(c, kind, xstrdup(name))->data = xstrdup(why);
}

static void
add_endpoint(struct check *c, const struct conf_endpoint *e, const char *name)
{
	if (e == c->app->conf->fallback && e->output_path == NULL) {
		/* A name that was mistyped looks like that. */
		check_add(c, &unknown_kind, xstrdup(name));
		return;
	}
	if (e->output_path != NULL) {
		add(c, &list_kind, e, name, e->output_path);
		add(c, &read_kind, e, name, e->output_path);
	} else {
		add_unset(c, &no_output_kind, name,
		    "not tried: output_path is not set");
	}
	if (e->input_prefix == NULL)
		add_unset(c, &no_input_kind, name,
		    "input_prefix is not set: inputs over 128,000 bytes cannot "
		    "be sent");
	else if (c->write)
		add(c, &check_write_kind, e, name, e->input_prefix);
	else
		add_unset(c, &no_input_kind, name, "not tried: --write");
}

/* One that was named twice is tried once. */
static bool
is_repeated(const struct check *c, int k)
{
	int i;

	for (i = 0; i < k; i++) {
		if (str_eq(c->names[i], c->names[k]))
			return true;
	}
	return false;
}

void
check_s3_add(struct check *c)
{
	const struct conf *conf = c->app->conf;
	size_t i;
	int k;

	for (i = 0; i < conf->nendpoints && c->nnames == 0; i++)
		add_endpoint(
		    c, conf->endpoints[i], conf->endpoints[i]->head.name);
	for (k = 0; k < c->nnames; k++) {
		if (!is_repeated(c, k))
			add_endpoint(
			    c, conf_endpoint(conf, c->names[k]), c->names[k]);
	}
}
