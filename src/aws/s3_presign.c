/* SPDX-License-Identifier: Apache-2.0 */
/* URLs for those who have no credentials. */
#include <stdlib.h>

#include "aws/s3_inner.h"
#include "aws/s3uri.h"
#include "aws/sigv4.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"

#define EXPIRES_MAX_S 604800
/* The longest session tokens are some kB, and each byte may become three. */
#define QUERY_MAX ((size_t)64 * 1024)

struct address {
	const struct aws_endpoint *endpoint;
	char *host;
	char *path;
};

static int
find_address(
    struct s3 *s3, const char *uri, struct address *a, struct error *err)
{
	char *bucket, *key;
	int rc;

	if (s3_uri_parse(uri, 0, &bucket, &key, err) == -1)
		return -1;
	a->endpoint = s3_regions_find(s3->regions, bucket, s3->endpoint);
	rc = endpoint_s3_target(
	    a->endpoint, bucket, key, &a->host, &a->path, err);
	free(bucket);
	free(key);
	return rc;
}

static int
presign(struct s3 *s3, const struct address *a, const struct creds *creds,
    int64_t valid_s, char **url, struct error *err)
{
	struct sigv4_credentials sc = creds_for_signing(creds);
	struct sigv4_scope scope = {
	    .region = a->endpoint->region,
	    .service = "s3",
	    .at = clock_wall_ms() + aws_client_skew_ms(s3->client, a->host),
	};
	struct headers headers;
	struct sigv4_request r = {
	    .method = "GET",
	    .path = a->path,
	    .query = "",
	    .headers = &headers,
	    .payload_hash = SIGV4_UNSIGNED_PAYLOAD,
	    .path_as_is = true,
	};
	struct buf query;
	int rc;

	headers_init(&headers);
	headers_add(&headers, "Host", a->host);
	buf_init(&query, QUERY_MAX);
	rc = sigv4_presign(&sc, &scope, &r, valid_s, &query, err);
	if (rc == 0)
		*url = xasprintf("%s://%s%s?%s", a->endpoint->scheme, a->host,
		    a->path, query.data);
	headers_done(&headers);
	buf_done(&query);
	return rc;
}

/* The URL is worth no more than what it is signed with. */
static int
cut_to_creds(const struct creds *creds, int64_t *valid_s, struct error *err)
{
	int64_t left_s = INT64_MAX;

	if (creds->expires_mono != INT64_MAX)
		left_s = (creds->expires_mono - clock_mono_ms()) / 1000;
	if (left_s < 1)
		return err_set(err, ERR_AUTH,
		    "the time of the credentials (%s) is over", creds->source);
	if (*valid_s > left_s)
		*valid_s = left_s;
	return 0;
}

int
s3_presign(struct s3 *s3, const struct s3_ref *ref, int64_t expires_s,
    char **url, int64_t *valid_s, struct error *err)
{
	struct creds_cache *cache = aws_client_creds(s3->client);
	const struct creds *creds =
	    cache != NULL ? creds_cache_now(cache) : NULL;
	struct address a;
	int64_t valid = expires_s;
	int rc;

	if (expires_s < 1 || expires_s > EXPIRES_MAX_S)
		return err_set(err, ERR_USAGE,
		    "a presigned URL is valid for 1 to %d seconds",
		    EXPIRES_MAX_S);
	if (creds == NULL)
		return err_set(err, ERR_AUTH,
		    "there are no credentials to sign a URL with");
	if (cut_to_creds(creds, &valid, err) == -1 ||
	    find_address(s3, ref->uri, &a, err) == -1)
		return -1;
	rc = presign(s3, &a, creds, valid, url, err);
	free(a.host);
	free(a.path);
	if (rc == 0)
		*valid_s = valid;
	return rc;
}
