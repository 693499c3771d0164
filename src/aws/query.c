/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/query.h"

#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"

#define TRY_MS 10000

void
query_init(struct query *q, const char *service, const char *action,
    const char *version, size_t max_bytes)
{
	*q = (struct query){
	    .action = action, .service = service, .max_bytes = max_bytes};
	buf_init(&q->form, max_bytes);
	buf_printf(&q->form, "Action=%s&Version=%s", action, version);
}

void
query_done(struct query *q)
{
	hash_wipe(q->form.data, q->form.len);
	buf_done(&q->form);
}

void
query_add(struct query *q, const char *name, const char *value)
{
	if (str_empty(value))
		return;
	buf_printf(&q->form, "&%s=", name);
	encode_uri(&q->form, value, strlen(value), false);
}

int
query_send(const struct query *q, struct aws_client *client,
    const struct endpoint_options *o, size_t body_max, aws_done_fn *done,
    void *arg, struct aws_call **out, struct error *err)
{
	struct headers headers;
	struct aws_request r = {
	    .what = q->action,
	    .service = q->service,
	    .method = "POST",
	    .headers = &headers,
	    .body = q->form.data,
	    .body_len = q->form.len,
	    .body_max = body_max,
	    .timeout_ms = TRY_MS,
	};
	struct aws_endpoint e;
	char *path;
	int rc;

	if (q->form.overflow)
		return err_set(err, ERR_LIMIT,
		    "the request of %s is larger than %zu bytes", q->action,
		    q->max_bytes);
	if (endpoint_resolve(o, &e, err) == -1)
		return -1;
	headers_init(&headers);
	headers_add(&headers, "Content-Type",
	    "application/x-www-form-urlencoded; charset=utf-8");
	path = xasprintf("%s/", e.base_path);
	r.region = e.region;
	r.scheme = e.scheme;
	r.host = e.host;
	r.path = path;
	rc = aws_call(client, &r, done, arg, out, err);
	free(path);
	headers_done(&headers);
	endpoint_done(&e);
	return rc;
}
