/* SPDX-License-Identifier: Apache-2.0 */
/* The probes of who we are to AWS, and of the clock that signs. */
#include "cmd/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/awserr.h"
#include "aws/creds_cache.h"
#include "aws/sts.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"

/* More than this is worth a word; AWS takes 5 minutes, and S3 15. */
#define SKEW_WARN_MS 60000

/* --- credentials ------------------------------------------------ */

static void
found(struct check_probe *p, const struct creds *creds)
{
	char span[TIMEFMT_SPAN_SIZE], iso[TIMEFMT_ISO_SIZE];

	p->check->has_creds = true;
	if (creds->expires_at == 0) {
		check_end(p, CHECK_OK, "found; they do not expire");
		return;
	}
	timefmt_span(creds->expires_mono - clock_mono_ms(), span);
	timefmt_iso(creds->expires_at, iso);
	check_end(p, CHECK_OK, "found; they expire in %s, at %s", span, iso);
}

static void
not_found(struct check_probe *p, const struct error *err)
{
	p->check->no_aws = *err;
	if (err->hint[0] == '\0')
		check_remedy(p,
		    "Mend that source, or set another one: see CREDENTIALS in "
		    "awaitd(1).");
	check_end_err(p, CHECK_FAIL, err);
}

static void
on_creds(const struct creds *creds, const struct error *err, void *arg)
{
	struct check_probe *p = arg;

	p->data = NULL;
	if (creds != NULL)
		found(p, creds);
	else
		not_found(p, err);
}

static void
start_creds(struct check_probe *p)
{
	const struct check *c = p->check;
	struct creds_waiter *w = NULL;

	if (c->no_aws.code != ERR_NONE) {
		struct error err = c->no_aws;

		not_found(p, &err);
		return;
	}
	creds_cache_wait(aws_client_creds(c->app->aws), on_creds, p, &w);
	p->data = w;
}

static void
cancel_creds(struct check_probe *p)
{
	creds_waiter_cancel(p->data);
	p->data = NULL;
	err_set(&p->check->no_aws, ERR_TIMEOUT, "no answer");
}

static const struct check_kind creds_kind = {
    .name = "credentials",
    .start = start_creds,
    .cancel = cancel_creds,
};

/* A file that others may read, a profile that is passed over; it says itself
 * what would help. */
static void
start_warning(struct check_probe *p)
{
	struct creds_state state;

	creds_cache_state(aws_client_creds(p->check->app->aws), &state);
	check_end(p, CHECK_WARN, "%s", state.warning);
}

static const struct check_kind warning_kind = {
    .name = "warning",
    .start = start_warning,
};

/* --- who that is ------------------------------------------------ */

struct identity {
	struct aws_endpoint endpoint;
	struct sts_call *call;
};

/* A store of one's own, or an endpoint, need not have STS. */
static bool
is_missing(const struct identity *i, const struct error *err)
{
	if (!i->endpoint.custom || err->http_status == 0)
		return false;
	switch (awserr_class(err)) {
	case AWSERR_EXPIRED:
	case AWSERR_SKEW:
	case AWSERR_AUTH:
	case AWSERR_AMBIGUOUS:
		return false;
	default:
		return true;
	}
}

static void
on_identity(
    const struct sts_identity *identity, const struct error *err, void *arg)
{
	struct check_probe *p = arg;
	struct identity *i = p->data;
	struct error why;

	i->call = NULL;
	check_note_host(p->check, i->endpoint.host, err);
	if (identity != NULL) {
		check_end(p, CHECK_OK, "account %s, %s", identity->account,
		    identity->arn);
	} else if (is_missing(i, err)) {
		check_end(
		    p, CHECK_SKIPPED, "there is no STS at %s", i->endpoint.url);
	} else {
		why = *err;
		check_hint_connect(&why, true);
		check_end_err(p, CHECK_FAIL, &why);
	}
}

static void
start_identity(struct check_probe *p)
{
	const struct check *c = p->check;
	const char *profile = c->app->globals->profile;
	struct endpoint_options o = {
	    .service = "STS",
	    .region = c->nregions > 0 ? c->regions[0].name : NULL,
	    .profile = profile,
	};
	struct identity *i = xcalloc(1, sizeof(*i));
	struct error err;

	p->data = i;
	if (c->nregions == 0) {
		check_end(p, CHECK_SKIPPED, "there is no region to ask in");
		return;
	}
	if (endpoint_resolve(&o, &i->endpoint, &err) == -1 ||
	    sts_get_caller_identity(c->app->aws, o.region, profile, on_identity,
		p, &i->call, &err) == -1)
		check_end_err(p, CHECK_FAIL, &err);
}

static void
cancel_identity(struct check_probe *p)
{
	struct identity *i = p->data;

	sts_cancel(i->call);
	i->call = NULL;
}

static void
forget_identity(struct check_probe *p)
{
	struct identity *i = p->data;

	endpoint_done(&i->endpoint);
}

static const struct check_kind identity_kind = {
    .name = "identity",
    .needs_creds = true,
    .start = start_identity,
    .cancel = cancel_identity,
    .forget = forget_identity,
};

void
check_creds_add(struct check *c)
{
	struct creds_state state = {.source = "AWS"};

	if (c->no_aws.code == ERR_NONE)
		creds_cache_state(aws_client_creds(c->app->aws), &state);
	check_add(c, &creds_kind,
	    xstrdup(state.source != NULL ? state.source : "AWS"));
	if (state.warning != NULL)
		check_add(c, &warning_kind, xstrdup("credentials"));
}

void
check_identity_add(struct check *c)
{
	check_add(c, &identity_kind, xstrdup("STS"));
}

/* --- the clock -------------------------------------------------- */

void
check_note_host(struct check *c, const char *host, const struct error *err)
{
	size_t i;

	if (err != NULL && err->http_status == 0)
		return;
	for (i = 0; i < c->nhosts; i++) {
		if (str_eq(c->hosts[i], host))
			return;
	}
	c->hosts = xreallocarray(c->hosts, c->nhosts + 1, sizeof(char *));
	c->hosts[c->nhosts++] = xstrdup(host);
}

static void
start_clock(struct check_probe *p)
{
	const struct check *c = p->check;
	char span[TIMEFMT_SPAN_SIZE];
	int64_t skew = 0, one;
	size_t i;

	for (i = 0; i < c->nhosts; i++) {
		one = aws_client_skew_ms(c->app->aws, c->hosts[i]);
		if (llabs(one) > llabs(skew))
			skew = one;
	}
	if (c->nhosts == 0) {
		check_end(p, CHECK_SKIPPED, "nobody answered");
	} else if (llabs(skew) < SKEW_WARN_MS) {
		check_end(p, CHECK_OK, "as the services have it");
	} else {
		timefmt_span(llabs(skew), span);
		check_remedy(p,
		    "Set this machine's clock (NTP). Requests are signed with "
		    "the services' time meanwhile.");
		check_end(p, CHECK_WARN, "%s %s the services'", span,
		    skew > 0 ? "behind" : "ahead of");
	}
}

static const struct check_kind clock_kind = {
    .name = "clock",
    .needs_creds = true,
    .goes_last = true,
    .start = start_clock,
};

void
check_clock_add(struct check *c)
{
	check_add(c, &clock_kind, xstrdup("this machine"));
}
