/* SPDX-License-Identifier: Apache-2.0 */
/* Objects by name, each with the instant from which on it is there. */
#include "tests/support/flow_s3.h"

#include <inttypes.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "tests/support/fake_http.h"
#include "tests/support/flow_page.h"

#define DENIED                                                  \
	"<Error><Code>AccessDenied</Code><Message>User is not " \
	"authorized to perform: s3:ListBucket</Message></Error>"
#define NO_KEY                                                  \
	"<Error><Code>AccessDenied</Code><Message>User is not " \
	"authorized to perform: kms:Decrypt</Message></Error>"
#define MISSING "<Error><Code>NoSuchKey</Code></Error>"

struct flow_s3 flow_s3;

struct object {
	char *name; /* ID-N, or what the service made up */
	char
	    *hidden; /* that of its failure, where it is another one, or NULL */
	char *folder; /* behind the bucket's */
	int64_t at; /* monotonic */
	struct flow_s3_fate fate;
	bool seen;
	struct object *is; /* of this one it is only another name */
};

static void *objects; /* by name, tsearch(3) */
static struct object **v; /* in the order of names */
static size_t n, cap;
static unsigned made_up;
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
	free(o->hidden);
	free(o->folder);
	free(o);
}

/* --- the endpoint --------------------------------------------------- */

static void
keep(struct object *o)
{
	struct object *twin;
	size_t i;

	tsearch(o, &objects, by_name);
	if (o->hidden != NULL) {
		twin = xcalloc(1, sizeof(*twin));
		twin->name = xstrdup(o->hidden);
		twin->is = o;
		tsearch(twin, &objects, by_name);
	}
	if (n == cap) {
		cap = cap > 0 ? 2 * cap : 1024;
		v = xreallocarray(v, cap, sizeof(struct object *));
	}
	/* Nearly always at the end. */
	for (i = n++; i > 0 && by_name(v[i - 1], o) > 0; i--)
		v[i] = v[i - 1];
	v[i] = o;
}

/* In no order. */
static char *
make_up(void)
{
	unsigned i = ++made_up;

	return xasprintf("%08x-%u", i * 2654435761U, i);
}

static void
invoke(const struct headers *h, struct peer_answer *out)
{
	const char *id = headers_get(h, "x-amzn-sagemaker-inference-id");
	const char *folder =
	    headers_get(h, "x-amzn-sagemaker-s3outputpathextension");
	struct object *o = xcalloc(1, sizeof(*o));

	o->name = flow_s3.names == FLOW_S3_SERVICE ? make_up() : xstrdup(id);
	o->hidden = flow_s3.names == FLOW_S3_HIDDEN ? make_up() : NULL;
	o->folder = xasprintf("res/%s/", folder != NULL ? folder : "service");
	fate_fn(&o->fate, fate_arg);
	o->at = clock_mono_ms() + o->fate.takes_ms;
	keep(o);
	out->status = 202;
	snprintf(out->headers, sizeof(out->headers),
	    "x-amzn-sagemaker-outputlocation: s3://out/%s%s.out\n"
	    "x-amzn-sagemaker-failurelocation: s3://out/failures/%s-error.out",
	    o->folder, o->name, o->hidden != NULL ? o->hidden : o->name);
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
	if (node == NULL)
		return NULL;
	return (*node)->is != NULL ? (*node)->is : *node;
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

/* --- its listings --------------------------------------------------- */

/* The key that is there, as far as the page wants it; else false. */
static bool
shown(const struct object *o, const struct flow_page *page, char key[300])
{
	if (o->at > clock_mono_ms())
		return false;
	if (!o->fate.fails)
		snprintf(key, 300, "%s%s.out", o->folder, o->name);
	else
		snprintf(key, 300, "failures/%s-error.out",
		    o->hidden != NULL ? o->hidden : o->name);
	return str_starts(key, page->prefix) && strcmp(key, page->after) > 0;
}

/* The first that can be behind that: its name is. */
static size_t
begin_of(const struct flow_page *page)
{
	struct object wanted = {0};
	size_t low = 0, high = n, mid;

	if (flow_s3.names == FLOW_S3_HIDDEN ||
	    !str_starts(page->after, page->prefix))
		return 0;
	wanted.name = (char *)page->after + strlen(page->prefix);
	/* "ID-1-error.out" is behind "ID-1". */
	while (low < high) {
		mid = low + (high - low) / 2;
		if (by_name(v[mid], &wanted) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low > 0 ? low - 1 : 0;
}

static void
list(const char *query, struct peer_answer *out)
{
	struct flow_page page;
	size_t i, shows = 0;
	char key[300];
	struct buf b;

	out->status = 200;
	flow_page_read(&page, query);
	buf_init(&b, (size_t)4 << 20);
	buf_puts(&b, "<ListBucketResult>");
	for (i = begin_of(&page); i < n && shows <= page.max; i++) {
		if (!shown(v[i], &page, key))
			continue;
		if (shows++ < page.max)
			flow_page_key(&b, key);
	}
	if (shows > page.max)
		buf_puts(&b, FLOW_PAGE_MORE);
	buf_puts(&b, "</ListBucketResult>");
	out->long_body = buf_take(&b);
}

static void
serve_list(const char *query, struct peer_answer *out)
{
	flow_s3.lists++;
	flow_s3.failure_lists += strstr(query, "prefix=failures") != NULL;
	if (!flow_s3.denied) {
		list(query, out);
		return;
	}
	out->status = 403;
	snprintf(out->body, sizeof(out->body), "%s", DENIED);
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
		serve_list(strchr(url, '?'), out);
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
	free(v);
	v = NULL;
	n = cap = 0;
}

void
flow_s3_clear(void)
{
	flow_s3.heads = flow_s3.gets = flow_s3.failures = 0;
	flow_s3.lists = flow_s3.failure_lists = 0;
	flow_s3.found = flow_s3.found_failures = 0;
	flow_s3.delay_ms = 0;
	flow_s3.delay_sum_ms = 0;
}

void
flow_s3_fixed(struct flow_s3_fate *out, void *arg)
{
	*out = *(const struct flow_s3_fate *)arg;
}
