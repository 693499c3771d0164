/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses, signatures, and what an error of S3's means to us. */
#include "local/s3client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/sigv4.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/mem.h"
#include "base/str.h"
#include "local/xmlread.h"
#include "net/url.h"

#define URL_MAX 8192
/* A transfer that goes on is let go on, but not without end: this, and the
 * time that its bytes take at so many a millisecond. */
#define TIME_MS (INT64_C(5) * 60 * 1000)
#define BYTES_PER_MS 64
#define EXPECT_FROM ((int64_t)1 << 20)
#define GET_TIME_MS (INT64_C(60) * 60 * 1000)

struct s3client {
	struct http_client *http;
	const struct conf_s3 *conf;
	struct url url;
	char *base; /* its path without a slash at the end */
};

int
s3client_new(struct http_client *http, const struct conf_s3 *conf,
    struct s3client **out, struct error *err)
{
	struct s3client *c;
	struct url url;
	size_t n;

	if (url_parse(conf->endpoint, &url, err) == -1)
		return err_prefix(err, "endpoint of [s3]");
	c = xcalloc(1, sizeof(*c));
	c->http = http;
	c->conf = conf;
	c->url = url;
	n = strlen(url.path);
	while (n > 0 && url.path[n - 1] == '/')
		n--;
	c->base = xstrndup(url.path, n);
	*out = c;
	return 0;
}

void
s3client_free(struct s3client *c)
{
	if (c == NULL)
		return;
	url_done(&c->url);
	free(c->base);
	free(c);
}

/* --- addresses ------------------------------------------------------ */

/* An address has no names below it, and a certificate for *.host is for no
 * bucket with a dot. */
static bool
is_virtual(const struct s3client *c, const char *bucket)
{
	const char *host = c->url.host;

	return c->conf->addressing == CONF_ADDRESSING_VIRTUAL && *host != '[' &&
	    strspn(host, "0123456789.") != strlen(host) &&
	    (strchr(bucket, '.') == NULL || str_eq(c->url.scheme, "http"));
}

char *
s3client_path(const struct s3client *c, const char *bucket, const char *key)
{
	struct buf b;
	char *path;

	buf_init(&b, URL_MAX);
	buf_puts(&b, c->base);
	if (!is_virtual(c, bucket))
		buf_printf(&b, "/%s", bucket);
	buf_putc(&b, '/');
	encode_uri(&b, key, strlen(key), true);
	path = buf_take(&b);
	buf_done(&b);
	return path;
}

static char *
host_of(const struct s3client *c, const char *bucket)
{
	char *host = url_host_header(&c->url), *result;

	if (!is_virtual(c, bucket))
		return host;
	result = xasprintf("%s.%s", bucket, host);
	free(host);
	return result;
}

/* One request before it leaves; headers are all that is signed. */
struct asking {
	const char *bucket;
	const char *key;
	struct http_request r;
	struct headers h;
	http_done_fn *done;
	void *arg;
};

static int
sign(struct s3client *c, struct asking *a, const char *path, struct error *err)
{
	struct sigv4_credentials creds = {
	    .access_key = c->conf->access_key,
	    .secret_key = c->conf->secret_key,
	};
	struct sigv4_scope scope = {c->conf->region, "s3", clock_wall_ms()};
	struct sigv4_request request = {
	    .method = a->r.method,
	    .path = path,
	    .query = "",
	    .headers = &a->h,
	    .payload_hash = headers_get(&a->h, "x-amz-content-sha256"),
	    .path_as_is = true,
	};

	return sigv4_sign(&creds, &scope, &request, &a->h, err);
}

static int
start(struct s3client *c, struct asking *a, struct http_call **out,
    struct error *err)
{
	char *host = host_of(c, a->bucket);
	char *path = s3client_path(c, a->bucket, a->key);
	char *url = xasprintf("%s://%s%s", c->url.scheme, host, path);
	int rc;

	headers_add(&a->h, "Host", host);
	rc = sign(c, a, path, err);
	/* Not signed: the way may take it off. A refusal then comes before the
	 * bytes have left. */
	if (a->r.file_len > EXPECT_FROM)
		headers_add(&a->h, "Expect", "100-continue");
	a->r.url = url;
	a->r.headers = &a->h;
	if (rc == 0)
		rc = http_start(c->http, &a->r, a->done, a->arg, out, err);
	headers_done(&a->h);
	free(url);
	free(path);
	free(host);
	return rc;
}

int
s3client_get(struct s3client *c, const struct s3client_get *g,
    http_done_fn *done, void *arg, struct http_call **out, struct error *err)
{
	struct asking a = {
	    .bucket = g->bucket,
	    .key = g->key,
	    .r.method = "GET",
	    .r.head = g->head,
	    .r.head_arg = g->arg,
	    .r.sink = g->sink,
	    .r.sink_arg = g->arg,
	    .r.timeout_ms = GET_TIME_MS,
	    .done = done,
	    .arg = arg,
	};

	headers_init(&a.h);
	headers_add(&a.h, "x-amz-content-sha256", SIGV4_EMPTY_SHA256);
	return start(c, &a, out, err);
}

int
s3client_put(struct s3client *c, const struct s3client_put *p,
    http_done_fn *done, void *arg, struct http_call **out, struct error *err)
{
	struct asking a = {
	    .bucket = p->bucket,
	    .key = p->key,
	    .r.method = "PUT",
	    .r.body_fd = p->fd,
	    .r.file_len = p->size,
	    .r.timeout_ms = TIME_MS + p->size / BYTES_PER_MS,
	    .done = done,
	    .arg = arg,
	};
	char hex[HASH_SHA256_HEX_SIZE];
	struct buf md5;

	headers_init(&a.h);
	encode_hex(p->sha256, HASH_SHA256_SIZE, hex);
	headers_add(&a.h, "x-amz-content-sha256", hex);
	buf_init(&md5, 64);
	encode_base64(&md5, p->md5, HASH_MD5_SIZE);
	headers_add(&a.h, "Content-MD5", md5.data);
	buf_done(&md5);
	if (p->content_type != NULL)
		headers_add(&a.h, "Content-Type", p->content_type);
	return start(c, &a, out, err);
}

/* --- answers -------------------------------------------------------- */

struct complaint {
	char code[64];
	char message[256];
	char region[64];
};

static int
take_element(const char *path, const char *text, void *arg, struct error *err)
{
	struct complaint *c = arg;

	(void)err;
	if (str_eq(path, "/Error/Code"))
		snprintf(c->code, sizeof(c->code), "%s", text);
	else if (str_eq(path, "/Error/Message"))
		snprintf(c->message, sizeof(c->message), "%s", text);
	else if (str_eq(path, "/Error/Region"))
		snprintf(c->region, sizeof(c->region), "%s", text);
	return 0;
}

/* It need not be S3 that answers: then there is only the status. */
static void
read_complaint(const struct http_response *r, struct complaint *c)
{
	const char *region = headers_get(&r->headers, "x-amz-bucket-region");
	struct error ignored;

	memset(c, 0, sizeof(*c));
	if (xmlread(r->body.data, r->body.len, take_element, c, &ignored) == -1)
		memset(c, 0, sizeof(*c));
	if (region != NULL && c->region[0] == '\0')
		snprintf(c->region, sizeof(c->region), "%s", region);
	str_defang(c->code);
	str_defang(c->message);
	str_defang(c->region);
}

static bool
is_later(int status, const char *code)
{
	static const char *const codes[] = {"InternalError", "OperationAborted",
	    "RequestTimeout", "ServiceUnavailable", "SlowDown"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(codes); i++) {
		if (str_eq(codes[i], code))
			return true;
	}
	return status >= 500 || status == 429 || status == 408;
}

static enum error_code
code_of(int status, const char *code)
{
	if (status == 429 || str_eq(code, "SlowDown"))
		return ERR_THROTTLED;
	if (is_later(status, code))
		return ERR_REMOTE;
	if (status == 404)
		return ERR_NOT_FOUND;
	/* Other 403 are about our clock and our keys. */
	if (status == 403 &&
	    (*code == '\0' || str_eq(code, "AccessDenied") ||
		str_eq(code, "AllAccessDisabled") ||
		str_eq(code, "InvalidObjectState")))
		return ERR_AUTH;
	return ERR_REFUSED;
}

static const char *
hint_for(const char *code)
{
	static const struct {
		const char *code;
		const char *hint;
	} hints[] = {
	    {"NoSuchBucket",
		"Make the bucket there, or name another one in "
		"the endpoint's paths."},
	    {"AccessDenied",
		"Allow the access key of [s3] s3:GetObject and "
		"s3:PutObject there."},
	    {"InvalidAccessKeyId",
		"Set access_key of [s3] to one that it "
		"knows."},
	    {"SignatureDoesNotMatch",
		"Check secret_key, region and "
		"addressing of [s3]."},
	    {"RequestTimeTooSkewed", "Set the clock of this machine."},
	    {"InvalidBucketName",
		"Check addressing of [s3] and the "
		"endpoint's paths."},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(hints); i++) {
		if (str_eq(hints[i].code, code))
			return hints[i].hint;
	}
	return NULL;
}

static void
add_hint(int status, const struct complaint *c, struct error *err)
{
	const char *hint = hint_for(c->code);

	if (c->region[0] != '\0' &&
	    (status == 301 || status == 307 || status == 400))
		err_hint(err,
		    "Set region = %s, and the endpoint of it, in "
		    "[s3].",
		    c->region);
	else if (hint != NULL)
		err_hint(err, "%s", hint);
	else if (status >= 300 && status < 400)
		err_hint(err, "Set endpoint of [s3] to where it leads to.");
	else if (!err->retryable)
		err_hint(err,
		    "Check [s3], and the bucket and its policy "
		    "there.");
}

int
s3client_check(const struct http_response *r, struct error *err)
{
	struct complaint c;

	if (r->status >= 200 && r->status < 300)
		return 0;
	read_complaint(r, &c);
	err_set(err, code_of(r->status, c.code),
	    "the other S3 answered %d%s%s%s%s", r->status,
	    c.code[0] != '\0' ? " " : "", c.code,
	    c.message[0] != '\0' ? ": " : "", c.message);
	err->http_status = r->status;
	err->retryable = is_later(r->status, c.code);
	snprintf(err->remote_code, sizeof(err->remote_code), "%s", c.code);
	add_hint(r->status, &c, err);
	return -1;
}
