/* SPDX-License-Identifier: Apache-2.0 */
/* ListObjectsV2, a page at a time. */
#include <stdlib.h>
#include <string.h>

#include "aws/s3_inner.h"
#include "aws/s3uri.h"
#include "aws/s3xml.h"
#include "base/buf.h"
#include "base/encode.h"
#include "base/mem.h"
#include "base/str.h"

#define LIST_TIMEOUT_MS 60000
#define KEYS_MAX 1000
/* Ceph's tokens are keys; S3's are shorter than that. */
#define TOKEN_MAX ((size_t)4096)
#define QUERY_MAX (3 * (2 * S3_KEY_MAX + TOKEN_MAX) + 256)

static void
put_param(struct buf *b, const char *name, const char *value)
{
	if (str_empty(value))
		return;
	if (b->len > 0)
		buf_putc(b, '&');
	buf_puts(b, name);
	buf_putc(b, '=');
	encode_uri(b, value, strlen(value), false);
}

/* Keys may hold what XML cannot, hence the encoding. */
static int
make_query(struct s3_call *call, const struct s3_list *list, struct error *err)
{
	struct buf b;

	buf_init(&b, QUERY_MAX);
	put_param(&b, "continuation-token", list->continuation);
	put_param(&b, "encoding-type", "url");
	put_param(&b, "list-type", "2");
	if (list->max_keys > 0)
		buf_printf(&b, "&max-keys=%d", list->max_keys);
	put_param(&b, "prefix", call->prefix);
	if (str_empty(list->continuation))
		put_param(&b, "start-after", list->start_after);
	if (b.overflow) {
		buf_done(&b);
		return err_set(err, ERR_LIMIT,
		    "ListObjectsV2: start-after or the token is too long");
	}
	call->query = buf_take(&b);
	return 0;
}

static void
tell(struct s3_call *call, const struct s3xml_list *page)
{
	struct s3_list_item *v = xcalloc(page->n + 1, sizeof(*v));
	struct s3_listing listing = {
	    .v = v,
	    .n = page->n,
	    .continuation = page->continuation,
	};
	size_t i;

	for (i = 0; i < page->n; i++) {
		v[i].key = page->v[i].key;
		v[i].etag = page->v[i].etag;
		v[i].size = page->v[i].size;
		v[i].modified_at = page->v[i].modified_at;
	}
	call->list_done(&listing, NULL, call->arg);
	free(v);
}

static bool
on_listed(struct s3_call *call, const struct http_response *r,
    const struct error *err)
{
	struct s3xml_list page;
	struct error e;

	if (r != NULL &&
	    s3xml_parse_list(r->body.data, r->body.len, &page, &e) == -1) {
		err_prefix(&e, "ListObjectsV2");
		err = &e;
	}
	if (err != NULL) {
		call->list_done(NULL, err, call->arg);
		return true;
	}
	tell(call, &page);
	s3xml_list_done(&page);
	return true;
}

int
s3_list(struct s3 *s3, const struct s3_list *list, s3_list_fn *done, void *arg,
    struct s3_call **out, struct error *err)
{
	struct s3_call *call;

	if (list->max_keys < 0 || list->max_keys > KEYS_MAX)
		return err_set(err, ERR_USAGE,
		    "ListObjectsV2: a page has 1 to %d keys", KEYS_MAX);
	call = s3_call_new(s3, &list->prefix, S3_CALL_BUCKET, on_listed, err);
	if (call == NULL)
		return -1;
	if (make_query(call, list, err) == -1) {
		s3_call_free(call);
		return -1;
	}
	call->request = (struct aws_request){
	    .what = "ListObjectsV2",
	    .method = "GET",
	    .timeout_ms =
		list->timeout_ms > 0 ? list->timeout_ms : LIST_TIMEOUT_MS,
	    .body_max = list->body_max > 0 ? list->body_max : S3XML_LIST_MAX,
	    .no_retry = list->no_retry,
	};
	call->list_done = done;
	call->arg = arg;
	return s3_call_launch(call, out, err);
}
