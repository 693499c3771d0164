/* SPDX-License-Identifier: Apache-2.0 */
/* Objects by name, each with the instant from which on it is there. */
#include "tests/support/flow_s3.h"

#include <inttypes.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "tests/support/fake_http.h"

#define DENIED                                                  \
	"<Error><Code>AccessDenied</Code><Message>User is not " \
	"authorized to perform: s3:ListBucket</Message></Error>"
#define NO_KEY                                                  \
	"<Error><Code>AccessDenied</Code><Message>User is not " \
	"authorized to perform: kms:Decrypt</Message></Error>"
#define MISSING "<Error><Code>NoSuchKey</Code></Error>"

struct flow_s3 flow_s3;

struct object {
	char *name; /* ID-N */
	int64_t at; /* monotonic */
	struct flow_s3_fate fate;
	bool seen;
};

static void *objects; /* by name, tsearch(3) */
static flow_s3_fn *fate_fn;
static void *fate_arg;

static int
by_name(const void *a, const void *b)
{
	const struct object *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static void
free_object(void *p)
{
	struct object *o = p;

	free(o->name);
	free(o);
}

/* --- the endpoint --------------------------------------------------- */

static void
invoke(const struct headers *h, struct peer_answer *out)
{
	const char *id = headers_get(h, "x-amzn-sagemaker-inference-id");
	const char *folder =
	    headers_get(h, "x-amzn-sagemaker-s3outputpathextension");
	struct object *o = xcalloc(1, sizeof(*o));

	o->name = xstrdup(id);
	fate_fn(&o->fate, fate_arg);
	o->at = clock_mono_ms() + o->fate.takes_ms;
	tsearch(o, &objects, by_name);
	out->status = 202;
	snprintf(out->headers, sizeof(out->headers),
	    "x-amzn-sagemaker-outputlocation: s3://out/res/%s/%s.out\n"
	    "x-amzn-sagemaker-failurelocation: s3://out/failures/%s-error.out",
	    folder, id, id);
}

/* --- its S3 --------------------------------------------------------- */

/* ".../ID-N.out" and ".../ID-N-error.out". */
static struct object *
find(const char *url, bool *failure)
{
	const char *base = strrchr(url, '/') + 1;
	size_t len = strlen(base), cut;
	struct object key, **node;
	char name[128];

	*failure = str_ends(base, "-error.out");
	cut = strlen(*failure ? "-error.out" : ".out");
	snprintf(name, sizeof(name), "%.*s", (int)(len - cut), base);
	key.name = name;
	node = tfind(&key, &objects, by_name);
	return node != NULL ? *node : NULL;
}

static void
see(struct object *o)
{
	int64_t late = clock_mono_ms() - o->at;

	if (o->seen)
		return;
	o->seen = true;
	flow_s3.found += !o->fate.fails;
	flow_s3.found_failures += o->fate.fails;
	flow_s3.delay_ms = late;
	flow_s3.delay_sum_ms += (double)late;
	if (flow_s3.seen != NULL)
		flow_s3.seen(o->fate.fails, late, fate_arg);
}

static void
show(const struct object *o, bool get, struct peer_answer *out)
{
	int64_t now = clock_wall_ms();
	char date[64], modified[64];

	timefmt_http(now, date);
	timefmt_http(now - (clock_mono_ms() - o->at), modified);
	out->status = 200;
	snprintf(out->headers, sizeof(out->headers),
	    "ETag: \"e1\"\nContent-Type: text/x-result\n"
	    "Content-Length: %" PRId64 "\nDate: %s\nLast-Modified: %s",
	    o->fate.size, date, modified);
	if (get)
		memset(out->body, 'r',
		    o->fate.size < 1000 ? (size_t)o->fate.size : 1000);
}

static void
refuse(bool get, struct peer_answer *out)
{
	out->status = flow_s3.denied ? 403 : 404;
	if (get)
		snprintf(out->body, sizeof(out->body), "%s",
		    flow_s3.denied ? DENIED : MISSING);
}

static void
serve(const char *method, const char *url, const struct headers *h,
    struct peer_answer *out, void *arg)
{
	bool get = str_eq(method, "GET"), failure;
	struct object *o;

	(void)arg;
	if (str_eq(method, "POST")) {
		invoke(h, out);
		return;
	}
	if (strchr(url, '?') != NULL) {
		flow_s3.lists++;
		out->status = 403;
		return;
	}
	o = find(url, &failure);
	flow_s3.failures += failure;
	flow_s3.heads += !failure && !get;
	flow_s3.gets += !failure && get;
	if (o == NULL || o->at > clock_mono_ms() || o->fate.fails != failure) {
		refuse(get, out);
		return;
	}
	if (get && flow_s3.no_key) {
		out->status = 403;
		snprintf(out->body, sizeof(out->body), NO_KEY);
		return;
	}
	see(o);
	show(o, get, out);
}

void
flow_s3_begin(flow_s3_fn *fn, void *arg)
{
	memset(&flow_s3, 0, sizeof(flow_s3));
	fate_fn = fn;
	fate_arg = arg;
	peer_serve(serve, NULL);
}

void
flow_s3_end(void)
{
	tdestroy(objects, free_object);
	objects = NULL;
}

void
flow_s3_clear(void)
{
	flow_s3.heads = flow_s3.gets = flow_s3.failures = flow_s3.lists = 0;
	flow_s3.found = flow_s3.found_failures = 0;
	flow_s3.delay_ms = 0;
	flow_s3.delay_sum_ms = 0;
}

void
flow_s3_fixed(struct flow_s3_fate *out, void *arg)
{
	*out = *(const struct flow_s3_fate *)arg;
}
