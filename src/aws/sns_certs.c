/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates that are kept, that are on their way, and that failed. */
#include "aws/sns_certs.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"

#define FETCH_MS 10000
#define CONNECT_MS 5000
/* New ones are needed about once a year; names that somebody makes up must
 * make no flood of requests, nor keep the real one away for long: of each rank
 * but KNOWN, of which there are few. */
#define FETCHES_AT_ONCE 10 /* for each host */
#define FETCH_EVERY_MS 60000
#define KEPT_MAX 32
#define FORGET_BAD_MS 60000
#define FORGET_TROUBLE_MS 15000

struct sns_certs_entry {
	struct sns_certs *certs;
	char *url;
	const struct sns_cert_wanted *wanted;
	struct http_call *http; /* on its way, or NULL */
	struct sns_cert *cert; /* or NULL */
	struct error *why; /* it failed, or NULL */
	int64_t until; /* monotonic: so long that counts */
	bool telling; /* stays, whatever they do */
	TAILQ_HEAD(, sns_certs_waiter) waiters;
	TAILQ_ENTRY(sns_certs_entry) link;
};

/* Of fetches. */
struct allowance {
	int64_t left; /* may begin now */
	int64_t counted_at; /* monotonic */
};

struct sns_certs {
	struct http_client *http;
	TAILQ_HEAD(sns_certs_list, sns_certs_entry) list; /* last used first */
	size_t n, max;
	int64_t fetches_max;
	struct allowance allowances[SNS_CERTS_KNOWN]; /* of the ranks below */
};

struct sns_certs *
sns_certs_new(struct http_client *http, size_t hosts)
{
	struct sns_certs *s = xcalloc(1, sizeof(*s));
	size_t i;

	s->http = http;
	TAILQ_INIT(&s->list);
	s->max = KEPT_MAX + hosts;
	s->fetches_max = (int64_t)hosts * FETCHES_AT_ONCE;
	for (i = 0; i < ARRAY_LEN(s->allowances); i++) {
		s->allowances[i].left = s->fetches_max;
		s->allowances[i].counted_at = clock_mono_ms();
	}
	return s;
}

static void
drop(struct sns_certs_entry *e)
{
	TAILQ_REMOVE(&e->certs->list, e, link);
	e->certs->n--;
	http_cancel(e->http);
	sns_cert_free(e->cert);
	free(e->why);
	free(e->url);
	free(e);
}

void
sns_certs_free(struct sns_certs *s)
{
	struct sns_certs_entry *e;

	if (s == NULL)
		return;
	while ((e = TAILQ_FIRST(&s->list)) != NULL)
		drop(e);
	free(s);
}

/* --- room ----------------------------------------------------------- */

/* Made-up names fail, and never drive out what is good. */
static struct sns_certs_entry *
least_needed(const struct sns_certs *s)
{
	struct sns_certs_entry *e, *good = NULL;

	TAILQ_FOREACH_REVERSE(e, &s->list, sns_certs_list, link)
	{
		if (e->telling)
			continue;
		if (e->why != NULL)
			return e;
		if (good == NULL && e->cert != NULL)
			good = e;
	}
	return good;
}

/* One fetch less; false: there is none left. */
static bool
use_fetch(struct sns_certs *s, enum sns_certs_rank rank)
{
	struct allowance *a;
	int64_t more;

	if (rank == SNS_CERTS_KNOWN)
		return true;
	a = &s->allowances[rank];
	more = (clock_mono_ms() - a->counted_at) / FETCH_EVERY_MS;
	a->counted_at += more * FETCH_EVERY_MS;
	a->left += more;
	if (a->left > s->fetches_max)
		a->left = s->fetches_max;
	if (a->left == 0)
		return false;
	a->left--;
	return true;
}

/* --- fetching ------------------------------------------------------- */

static void
leave(struct sns_certs_waiter *w)
{
	TAILQ_REMOVE(&w->entry->waiters, w, link);
	w->entry = NULL;
}

static void
tell(struct sns_certs_entry *e)
{
	struct sns_certs_waiter *w;

	e->telling = true;
	while ((w = TAILQ_FIRST(&e->waiters)) != NULL) {
		leave(w);
		w->fn(e->cert, e->why, w->arg);
	}
	e->telling = false;
}

static void
note_failure(struct sns_certs_entry *e, struct error *err)
{
	bool final = err->code == ERR_AUTH;

	err_prefix(err, "certificate %s", e->url);
	err->retryable = !final;
	e->why = xmemdup(err, sizeof(*err));
	e->until =
	    clock_mono_ms() + (final ? FORGET_BAD_MS : FORGET_TROUBLE_MS);
}

/* What a server says of itself passes; all else means that there is none. */
static int
judge_status(int status, struct error *err)
{
	if (status == 200)
		return 0;
	if (status >= 500 || status == 408 || status == 429)
		return err_set(err, ERR_REMOTE, "the answer is %d", status);
	return err_set(err, ERR_AUTH, "the answer is %d", status);
}

static void
on_fetched(
    const struct http_response *r, const struct error *http_err, void *arg)
{
	struct sns_certs_entry *e = arg;
	struct error err;
	int rc = -1;

	e->http = NULL;
	if (r == NULL && http_err->code == ERR_LIMIT)
		err_set(&err, ERR_AUTH, "it is too large");
	else if (r == NULL)
		err = *http_err;
	else if (judge_status(r->status, &err) == 0)
		rc = sns_cert_read(
		    r->body.data, r->body.len, e->wanted, &e->cert, &err);
	if (rc == -1)
		note_failure(e, &err);
	tell(e);
}

static int
fetch(struct sns_certs_entry *e, struct error *err)
{
	struct headers none;
	struct http_request r = {
	    .method = "GET",
	    .url = e->url,
	    .headers = &none,
	    .body_max = SNS_CERT_MAX_BYTES,
	    .timeout_ms = FETCH_MS,
	    .connect_ms = CONNECT_MS,
	};

	headers_init(&none);
	return http_start(e->certs->http, &r, on_fetched, e, &e->http, err);
}

/* --- asking --------------------------------------------------------- */

static struct sns_certs_entry *
find(const struct sns_certs *s, const char *url)
{
	struct sns_certs_entry *e;

	TAILQ_FOREACH (e, &s->list, link) {
		if (str_eq(e->url, url))
			return e;
	}
	return NULL;
}

static int
busy(const char *what, struct error *err)
{
	err_set(err, ERR_BUSY, "%s", what);
	err->retryable = true;
	return -1;
}

static int
begin(struct sns_certs *s, const char *url, enum sns_certs_rank rank,
    const struct sns_cert_wanted *wanted, struct sns_certs_entry **out,
    struct error *err)
{
	struct sns_certs_entry *old, *e;

	if (!use_fetch(s, rank))
		return busy("too many new certificates were named", err);
	old = s->n >= s->max ? least_needed(s) : NULL;
	if (old != NULL)
		drop(old);
	e = xcalloc(1, sizeof(*e));
	e->certs = s;
	e->url = xstrdup(url);
	e->wanted = wanted;
	TAILQ_INIT(&e->waiters);
	TAILQ_INSERT_HEAD(&s->list, e, link);
	s->n++;
	if (fetch(e, err) == -1) {
		drop(e);
		return -1;
	}
	*out = e;
	return 0;
}

int
sns_certs_get(struct sns_certs *s, const char *url, enum sns_certs_rank rank,
    const struct sns_cert_wanted *wanted, struct sns_certs_waiter *waiter,
    struct sns_cert **out, struct error *err)
{
	struct sns_certs_entry *e = find(s, url);

	if (e != NULL && e->why != NULL && e->until <= clock_mono_ms()) {
		drop(e);
		e = NULL;
	}
	if (e == NULL && begin(s, url, rank, wanted, &e, err) == -1)
		return -1;
	TAILQ_REMOVE(&s->list, e, link);
	TAILQ_INSERT_HEAD(&s->list, e, link);
	if (e->cert != NULL) {
		*out = e->cert;
		return 1;
	}
	if (e->why != NULL) {
		*err = *e->why;
		return -1;
	}
	TAILQ_INSERT_TAIL(&e->waiters, waiter, link);
	waiter->entry = e;
	return 0;
}

void
sns_certs_leave(struct sns_certs_waiter *waiter)
{
	if (waiter->entry != NULL)
		leave(waiter);
}
