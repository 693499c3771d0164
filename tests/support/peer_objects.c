/* SPDX-License-Identifier: Apache-2.0 */
/*
 * peer's S3: PUT, HEAD and GET by path, with ETags and the conditions that
 * awaitd uses. A result is not kept but made again from what it says, so that
 * a hundred thousand cost little.
 */
#include "tests/support/peer.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"

#define RESULT_MAX ((size_t)64 << 20)

struct object {
	char *name;
	/* Of a result. */
	char *text;
	int64_t ready_at; /* monotonic */
	/* Of an upload. */
	char *data;
	size_t len;
	char sha[HASH_SHA256_HEX_SIZE];
	int64_t modified_at;
};

static void *objects; /* tsearch(3) */

static int
by_name(const void *a, const void *b)
{
	const struct object *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static struct object *
find(char *name)
{
	struct object key = {.name = name};
	void *node = tfind(&key, &objects, by_name);

	return node != NULL ? *(struct object **)node : NULL;
}

/* A new one, or the old one without its bytes. */
static struct object *
make(const char *name)
{
	char *copy = xstrdup(name);
	struct object *o = find(copy);

	if (o == NULL) {
		o = xcalloc(1, sizeof(*o));
		o->name = copy;
		tsearch(o, &objects, by_name);
		return o;
	}
	free(copy);
	xfree(&o->text);
	xfree(&o->data);
	o->len = 0;
	return o;
}

static void
free_object(void *node)
{
	struct object *o = node;

	free(o->name);
	free(o->text);
	free(o->data);
	free(o);
}

void
object_forget(void)
{
	tdestroy(objects, free_object);
	objects = NULL;
}

/* --- results -------------------------------------------------------- */

/* The text, and as many letters behind it as are wanted. */
static void
write_result(const struct object *o, struct buf *out)
{
	static const char fill[] = "0123456789abcdefghijklmnopqrstuvwxyz..\n";
	size_t wanted = (size_t)peer.k.result_bytes;

	buf_puts(out, o->text);
	while (out->len < wanted) {
		size_t left = wanted - out->len;

		buf_append(
		    out, fill, left < strlen(fill) ? left : strlen(fill));
	}
}

void
object_result(const char *name, const char *input_sha, const char *id,
    int64_t delay_ms, char sha[HASH_SHA256_HEX_SIZE])
{
	struct object *o = make(name);
	struct buf bytes;

	o->text = xasprintf("%s %s\n", input_sha, id);
	o->ready_at = clock_mono_ms() + delay_ms;
	o->modified_at = clock_wall_ms() + delay_ms;
	buf_init(&bytes, RESULT_MAX);
	write_result(o, &bytes);
	hash_sha256_hex(bytes.data, bytes.len, o->sha);
	o->len = bytes.len;
	buf_done(&bytes);
	memcpy(sha, o->sha, sizeof(o->sha));
}

bool
object_sha(const char *name, char sha[HASH_SHA256_HEX_SIZE])
{
	char *copy = xstrdup(name);
	const struct object *o = find(copy);

	free(copy);
	if (o == NULL)
		return false;
	memcpy(sha, o->sha, sizeof(o->sha));
	return true;
}

/* --- HTTP ----------------------------------------------------------- */

/* Of a length that no MD5 has. */
#define ETAG_LEN 40

static void
add_etag(struct headers *h, const struct object *o)
{
	headers_addf(h, "ETag", "\"%.*s\"", ETAG_LEN, o->sha);
}

static bool
is_it(const struct object *o, const char *etag)
{
	return strlen(etag) == ETAG_LEN + 2 &&
	    memcmp(etag + 1, o->sha, ETAG_LEN) == 0;
}

static void
say(struct http_exchange *x, int status, const char *code)
{
	char *body = xasprintf("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
			       "<Error><Code>%s</Code><Message>%s</Message>"
			       "</Error>",
	    code, code);
	struct headers h;

	headers_init(&h);
	headers_add(&h, "Content-Type", "application/xml");
	http_reply(x, status, &h, body, strlen(body));
	headers_done(&h);
	free(body);
}

static char *
name_of(struct http_exchange *x)
{
	const char *path = http_path(x) + 1;
	struct buf b;

	buf_init(&b, 4096);
	if (decode_uri(&b, path, strlen(path)) == -1)
		buf_clear(&b);
	return buf_take(&b);
}

static void
on_put(struct peer_call *c)
{
	const char *none = headers_get(http_headers(c->x), "If-None-Match");
	struct object *o = find(c->a);
	struct headers h;

	if (none != NULL && o != NULL) {
		static const char body[] =
		    "<Error><Code>PreconditionFailed</Code></Error>";

		peer_reply(c, 412, NULL, body, strlen(body));
		return;
	}
	o = make(c->a);
	o->len = c->body.len;
	o->modified_at = clock_wall_ms();
	hash_sha256_hex(c->body.data, c->body.len, o->sha);
	o->data = buf_take(&c->body);
	headers_init(&h);
	add_etag(&h, o);
	peer_reply(c, 200, &h, "", 0);
	headers_done(&h);
}

static void
name_then_put(struct peer_call *c)
{
	c->a = name_of(c->x);
	on_put(c);
}

static void
send_object(struct http_exchange *x, const struct object *o)
{
	char date[TIMEFMT_HTTP_SIZE];
	struct headers h;
	struct buf bytes;

	headers_init(&h);
	add_etag(&h, o);
	timefmt_http(o->modified_at, date);
	headers_add(&h, "Last-Modified", date);
	headers_add(&h, "Content-Type", "text/plain");
	buf_init(&bytes, RESULT_MAX);
	if (str_eq(http_method(x), "HEAD")) {
		http_reply_head(x, 200, &h, (int64_t)o->len);
	} else if (o->data != NULL) {
		http_reply(x, 200, &h, o->data, o->len);
	} else {
		write_result(o, &bytes);
		http_reply(x, 200, &h, bytes.data, bytes.len);
	}
	buf_done(&bytes);
	headers_done(&h);
}

static void
get(struct http_exchange *x)
{
	const char *match = headers_get(http_headers(x), "If-Match");
	char *name = name_of(x);
	const struct object *o = find(name);

	free(name);
	if (o == NULL || (o->text != NULL && o->ready_at > clock_mono_ms()))
		say(x, 404, "NoSuchKey");
	else if (match != NULL && !is_it(o, match))
		say(x, 412, "PreconditionFailed");
	else
		send_object(x, o);
}

void
object_serve(struct http_exchange *x)
{
	if (str_eq(http_method(x), "PUT"))
		peer_take(x, name_then_put);
	else if (str_eq(http_method(x), "GET") ||
	    str_eq(http_method(x), "HEAD"))
		get(x);
	else
		say(x, 405, "MethodNotAllowed");
}
