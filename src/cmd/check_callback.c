/* SPDX-License-Identifier: Apache-2.0 */
/* The probes of callbacks, and of what URLs of results are signed with. */
#include "cmd/check.h"

#include <stdlib.h>

#include "aws/creds_cache.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/timefmt.h"
#include "serve/targets.h"

#define SUBJECT_MAX 200

/* --- callbacks -------------------------------------------------- */

/* Which URLs there will be nobody knows yet. */
static void
start_callback(struct check_probe *p)
{
	const struct conf_webhook *w = p->section;
	struct error err;

	if (targets_try(p->check->app->conf, "callback", p->check->app->loop,
		&err) == -1)
		check_end_err(p, CHECK_FAIL, &err);
	else
		check_end(p, CHECK_OK, "submissions may name %s",
		    w->allow.n == 1 ? "this host" : "these hosts");
}

static const struct check_kind callback_kind = {
    .name = "callback",
    .start = start_callback,
};

static char *
hosts_of(const struct conf_webhook *w)
{
	struct buf b;
	size_t i;

	buf_init(&b, SUBJECT_MAX);
	for (i = 0; i < w->allow.n; i++)
		buf_printf(&b, "%s%s", i > 0 ? ", " : "", w->allow.v[i]);
	return buf_take(&b);
}

/* --- presigned URLs --------------------------------------------- */

/* The section that wants them for the longest time. */
struct reference {
	const char *kind;
	const struct conf_head *head; /* NULL: there is none */
	int64_t valid_ms;
};

static void
note(struct reference *r, const char *kind, const struct conf_head *head,
    int payload, int64_t valid_ms)
{
	if (payload != CONF_PAYLOAD_REFERENCE || valid_ms <= r->valid_ms)
		return;
	r->kind = kind;
	r->head = head;
	r->valid_ms = valid_ms;
}

static struct reference
find_reference(const struct conf *conf)
{
	const struct conf_webhook *back = &conf->callback;
	struct reference r = {0};
	size_t i;

	for (i = 0; i < conf->nwebhooks; i++)
		note(&r, "webhook ", &conf->webhooks[i]->head,
		    conf->webhooks[i]->payload,
		    conf->webhooks[i]->url_valid_ms);
	for (i = 0; i < conf->nexecs; i++)
		note(&r, "exec ", &conf->execs[i]->head,
		    conf->execs[i]->payload, conf->execs[i]->url_valid_ms);
	for (i = 0; i < conf->ndirs; i++)
		note(&r, "dir ", &conf->dirs[i]->head, conf->dirs[i]->payload,
		    conf->dirs[i]->url_valid_ms);
	for (i = 0; i < conf->nunixes; i++)
		note(&r, "unix ", &conf->unixes[i]->head,
		    conf->unixes[i]->payload, conf->unixes[i]->url_valid_ms);
	if (back->allow.n > 0)
		note(&r, "callback", &back->head, back->payload,
		    back->url_valid_ms);
	return r;
}

/* NULL: there are none that are valid. */
static const struct creds *
creds_of(const struct check *c)
{
	if (!c->has_creds)
		return NULL;
	return creds_cache_now(aws_client_creds(c->app->aws));
}

/* A URL is worth no more than what it is signed with. */
static void
start_reference(struct check_probe *p)
{
	struct reference r = find_reference(p->check->app->conf);
	const struct creds *creds = creds_of(p->check);
	char span[TIMEFMT_SPAN_SIZE], wanted[TIMEFMT_SPAN_SIZE];
	int64_t left;

	timefmt_span(r.valid_ms, wanted);
	if (creds == NULL) {
		check_remedy(p,
		    "Give the service credentials, or set payload "
		    "= event.");
		check_end(p, CHECK_WARN,
		    "there are no credentials to sign "
		    "URLs of results with");
		return;
	}
	left = creds->expires_mono == INT64_MAX
	    ? INT64_MAX
	    : creds->expires_mono - clock_mono_ms();
	if (left >= r.valid_ms) {
		check_end(
		    p, CHECK_OK, "URLs of results are good for %s", wanted);
		return;
	}
	timefmt_span(left, span);
	check_remedy(p,
	    "Set url_valid to what the credentials last, or use "
	    "some that last longer; later attempts get a new URL.");
	check_end(p, CHECK_WARN,
	    "URLs of results end with the credentials (%s from now), not "
	    "behind %s",
	    span, wanted);
}

static const struct check_kind reference_kind = {
    .name = "result urls",
    .needs_creds = true,
    .start = start_reference,
};

/* --- rows ------------------------------------------------------- */

void
check_callback_add(struct check *c)
{
	const struct conf *conf = c->app->conf;
	struct reference r = find_reference(conf);

	if (conf->callback.allow.n > 0)
		check_add(c, &callback_kind, hosts_of(&conf->callback))
		    ->section = &conf->callback;
	if (r.head != NULL)
		check_add(c, &reference_kind,
		    xasprintf("%s%s", r.kind, r.head->name));
}
