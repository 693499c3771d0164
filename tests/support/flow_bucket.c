/* SPDX-License-Identifier: Apache-2.0 */
/* An endpoint and a bucket for many jobs. */
#include "tests/support/flow_bucket.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "tests/support/flow.h"
#include "tests/support/flow_page.h"

#define BASE "http://s3.test/out/"
#define SWOLLEN ((size_t)4 << 20)

struct object {
	char *key;
	int64_t at; /* it appears, by the wall clock */
	bool found;
};

struct flow_bucket flow_bucket;
static struct object *objects; /* in the order of keys */
static size_t nobjects, cap;
static bool hidden;

static int
by_key(const void *a, const void *b)
{
	return strcmp(
	    ((const struct object *)a)->key, ((const struct object *)b)->key);
}

static void
add(const char *key, int64_t at)
{
	size_t i;

	if (nobjects == cap) {
		cap = cap != 0 ? 2 * cap : 64;
		objects = xreallocarray(objects, cap, sizeof(*objects));
	}
	/* Nearly always at the end. */
	for (i = nobjects++; i > 0 && strcmp(objects[i - 1].key, key) > 0; i--)
		objects[i] = objects[i - 1];
	objects[i] = (struct object){.key = xstrdup(key), .at = at};
}

void
flow_bucket_put(const char *key)
{
	add(key, clock_wall_ms());
}

void
flow_bucket_hide(bool hide)
{
	hidden = hide;
}

/* --- the endpoint --------------------------------------------------- */

static void
failure_key(const char *name, char *out, size_t size)
{
	const char *ext = flow.extension;
	int stem = (int)strcspn(name, ".");

	switch (flow_bucket.failures) {
	case FLOW_BUCKET_APART:
		snprintf(out, size, "fail/%s/%.*s-error.out", ext, stem, name);
		return;
	case FLOW_BUCKET_BESIDE:
		snprintf(out, size, "res/%s/%.*s-error.out", ext, stem, name);
		return;
	case FLOW_BUCKET_HIDDEN:
		snprintf(out, size, "fail/%zu-error.out", flow_bucket.njobs);
		return;
	case FLOW_BUCKET_NONE:
		*out = '\0';
		return;
	}
	abort();
}

static void
accept(const struct headers *h, struct peer_answer *out)
{
	const char *name = headers_get(h, "x-amzn-sagemaker-filename");
	int64_t takes = flow_bucket.takes_ms != NULL
	    ? flow_bucket.takes_ms(flow_bucket.njobs)
	    : 1000;
	char key[200], failure[200];

	snprintf(key, sizeof(key), "res/%s/%s", flow.extension, name);
	failure_key(name, failure, sizeof(failure));
	if (takes > 0)
		add(key, clock_wall_ms() + takes);
	if (takes < 0)
		add(failure, clock_wall_ms() - takes);
	flow_bucket.njobs++;
	out->status = 202;
	out->delay_ms = flow_bucket.reply_ms;
	snprintf(out->body, sizeof(out->body), "{}");
	snprintf(out->headers, sizeof(out->headers),
	    "x-amzn-sagemaker-outputlocation: s3://out/%s\n"
	    "x-amzn-sagemaker-failurelocation: %s%s",
	    key, *failure != '\0' ? "s3://out/" : "", failure);
}

/* --- one object ----------------------------------------------------- */

static void
note_found(struct object *o)
{
	int64_t delay = clock_wall_ms() - o->at;

	if (o->found)
		return;
	o->found = true;
	flow_bucket.found++;
	flow_bucket.delay_sum_ms += (double)delay;
	if (delay > flow_bucket.delay_max_ms)
		flow_bucket.delay_max_ms = delay;
}

static void
answer_object(const char *key, struct peer_answer *out)
{
	struct object wanted = {.key = (char *)key}, *o = NULL;

	if (nobjects > 0)
		o = bsearch(&wanted, objects, nobjects, sizeof(wanted), by_key);
	if (o == NULL || o->at > clock_wall_ms()) {
		out->status =
		    flow_bucket.listing == FLOW_BUCKET_DENIES ? 403 : 404;
		snprintf(out->body, sizeof(out->body),
		    "<Error><Code>%s</Code><Message>no</Message></Error>",
		    out->status == 403 ? "AccessDenied" : "NoSuchKey");
		return;
	}
	note_found(o);
	out->status = 200;
	snprintf(out->headers, sizeof(out->headers),
	    "ETag: \"e\"\nContent-Type: text/plain\nContent-Length: 4");
	snprintf(out->body, sizeof(out->body), "done");
}

/* --- a listing ------------------------------------------------------ */

static bool
is_shown(const struct object *o, const struct flow_page *page)
{
	return !hidden && o->at <= clock_wall_ms() &&
	    str_starts(o->key, page->prefix) && strcmp(o->key, page->after) > 0;
}

static void
put_page(struct buf *b, const char *query)
{
	struct flow_page page;
	size_t i, n = 0;

	flow_page_read(&page, query);
	if (flow_bucket.listing == FLOW_BUCKET_IGNORES)
		*page.after = '\0';
	for (i = 0; i < nobjects && n < page.max; i++) {
		size_t at = flow_bucket.listing == FLOW_BUCKET_SHUFFLES
		    ? nobjects - 1 - i
		    : i;

		if (is_shown(&objects[at], &page)) {
			flow_page_key(b, objects[at].key);
			n++;
		}
	}
	for (; i < nobjects && !is_shown(&objects[i], &page); i++)
		continue;
	if (i < nobjects || flow_bucket.listing == FLOW_BUCKET_REPEATS)
		buf_puts(b, FLOW_PAGE_MORE);
}

static void
answer_listing(const char *query, struct peer_answer *out)
{
	struct buf b;

	out->status = 200;
	buf_init(&b, (size_t)16 << 20);
	buf_puts(&b, "<ListBucketResult>");
	switch (flow_bucket.listing) {
	case FLOW_BUCKET_DENIES:
		out->status = 403;
		buf_clear(&b);
		buf_puts(&b,
		    "<Error><Code>AccessDenied</Code>"
		    "<Message>Access Denied</Message></Error>");
		break;
	case FLOW_BUCKET_SLOW_DOWN:
		out->status = 503;
		buf_clear(&b);
		buf_puts(&b,
		    "<Error><Code>SlowDown</Code>"
		    "<Message>Please reduce your request rate.</Message>"
		    "</Error>");
		break;
	case FLOW_BUCKET_BREAKS:
		out->status = 0;
		break;
	case FLOW_BUCKET_EMPTY_MORE:
		buf_puts(&b, FLOW_PAGE_MORE);
		break;
	case FLOW_BUCKET_SWELLS:
		put_page(&b, query);
		while (b.len < SWOLLEN)
			buf_puts(&b, "<Nothing>nothing at all</Nothing>");
		break;
	case FLOW_BUCKET_GARBLED:
		put_page(&b, query);
		buf_puts(&b, "<Contents>");
		break;
	case FLOW_BUCKET_LISTS:
	case FLOW_BUCKET_SHUFFLES:
	case FLOW_BUCKET_IGNORES:
	case FLOW_BUCKET_REPEATS:
		put_page(&b, query);
		break;
	}
	if (out->status == 200)
		buf_puts(&b, "</ListBucketResult>");
	if (out->status != 0)
		out->long_body = buf_take(&b);
	else
		buf_done(&b);
}

/* --- all of it ------------------------------------------------------ */

static void
serve(const char *method, const char *url, const struct headers *h,
    struct peer_answer *out, void *arg)
{
	const char *query = strchr(url, '?');

	(void)arg;
	if (str_eq(method, "POST"))
		accept(h, out);
	else if (query != NULL && strstr(query, "list-type=2") != NULL)
		answer_listing(query, out);
	else
		answer_object(url + strlen(BASE), out);
}

void
flow_bucket_serve(void)
{
	peer_serve(serve, NULL);
}

void
flow_bucket_setup(void)
{
	flow_bucket_done();
	memset(&flow_bucket, 0, sizeof(flow_bucket));
	flow.policy.sweep = true;
	flow_bucket_serve();
}

void
flow_bucket_done(void)
{
	size_t i;

	for (i = 0; i < nobjects; i++)
		free(objects[i].key);
	free(objects);
	objects = NULL;
	nobjects = cap = 0;
}

void
flow_bucket_submit(size_t n, int64_t every_ms)
{
	for (; n > 0; n--) {
		engine_submit(flow.engine, flow_job());
		time_passes(every_ms);
	}
}
