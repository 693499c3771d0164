/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses of results. */
#include "cmd/link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/jsonw.h"
#include "base/mem.h"
#include "base/timefmt.h"
#include "cmd/remote.h"
#include "engine/presign.h"

#define JSON_MAX ((size_t)128 * 1024)

int
link_check(int64_t ms, struct error *err)
{
	if (ms < 1000 || ms > PRESIGN_MAX_S * (int64_t)1000 || ms % 1000 != 0) {
		err_set(err, ERR_USAGE,
		    "--url: the time must be whole seconds, from 1s to 7d");
		return err_hint(err, "'--url=10m' gives ten minutes.");
	}
	return 0;
}

/* --- from S3 -------------------------------------------------------- */

struct signing {
	struct app *app;
	struct remote_url *out;
	struct error *err;
	int rc;
	bool over;
};

static void
on_signed(const struct presigned *p, const struct error *err, void *arg)
{
	struct signing *s = arg;

	s->over = true;
	if (err != NULL) {
		*s->err = *err;
		s->rc = -1;
	} else {
		s->out->url = xstrdup(p->url);
		s->out->valid_s = p->valid_s;
		s->out->expires_at = p->expires_at;
	}
	loop_stop(s->app->loop);
}

static int
sign_here(struct app *app, const struct job *job, int64_t valid_s,
    struct remote_url *out, struct error *err)
{
	struct signing s = {.app = app, .out = out, .err = err};
	struct presign_options o = {
	    .uri = job->result_location,
	    .etag = job->result_etag,
	    .valid_s = valid_s,
	};
	struct engine_policy policy;
	struct presign *presign;

	app_policy(job->spec.endpoint, &policy, app);
	o.owner = policy.bucket_owner;
	if (sites_get(app->sites, job->spec.region, &o.site, err) == -1 ||
	    presign_start(&o, on_signed, &s, &presign, err) == -1)
		return -1;
	while (!s.over && app->signo == 0)
		loop_run(app->loop);
	if (s.over)
		return s.rc;
	presign_cancel(presign);
	return err_set(err, ERR_CANCELLED, "interrupted");
}

/* --- for people ----------------------------------------------------- */

static void
print_json(const struct job *job, const struct remote_url *u)
{
	struct jsonw w;
	struct buf b;

	buf_init(&b, JSON_MAX);
	jsonw_init(&w, &b);
	jsonw_begin(&w, NULL, '{');
	jsonw_str(&w, "job", job->id);
	jsonw_str(&w, "url", u->url);
	jsonw_time(&w, "expires_at", u->expires_at);
	jsonw_int(&w, "valid_s", u->valid_s);
	jsonw_end(&w, '}');
	puts(b.data);
	hash_wipe(b.data, b.len);
	buf_done(&b);
}

static void
warn(const struct remote_url *u, int64_t asked_s)
{
	char until[TIMEFMT_ISO_SIZE];

	timefmt_iso(u->expires_at, until);
	fprintf(stderr,
	    "awaitd: until %s whoever has this address can read the result\n",
	    until);
	if (u->valid_s < asked_s)
		fprintf(stderr,
		    "awaitd: the credentials end then: it holds %lld s, not "
		    "%lld\n",
		    (long long)u->valid_s, (long long)asked_s);
}

int
link_print(struct app *app, const struct job *job, const struct client *service,
    int64_t valid_s, struct error *err)
{
	struct remote_url u = {.url = NULL};
	int rc;

	rc = service != NULL ? remote_result_url(app, job, valid_s, &u, err)
			     : sign_here(app, job, valid_s, &u, err);
	if (rc == -1)
		return -1;
	if (app->globals->json)
		print_json(job, &u);
	else
		puts(u.url);
	warn(&u, valid_s);
	hash_wipe_free(&u.url);
	return 0;
}
