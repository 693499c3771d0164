/* SPDX-License-Identifier: Apache-2.0 */
/*
 * URLs and s3:// URIs from configurations, callers and notifications. What
 * was taken apart has to mean the same when it is put together again.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "aws/s3uri.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/header.h"
#include "net/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool ok)
{
	if (!ok)
		abort();
}

static void
check_same(const struct url *a, const char *s)
{
	struct error err;
	struct url b;

	must(url_parse(s, &b, &err) == 0);
	must(str_eq(a->scheme, b.scheme) && str_eq(a->host, b.host));
	must(a->port == b.port && str_eq(a->path, b.path));
	must((a->query == NULL) == (b.query == NULL));
	must(a->query == NULL || str_eq(a->query, b.query));
	url_done(&b);
}

static void
check_url(const char *s)
{
	struct error err;
	struct url u;
	char *host, *again;

	error_clear(&err);
	if (url_parse(s, &u, &err) == -1) {
		must(err.code == ERR_USAGE && *err.text != '\0');
		return;
	}
	must(u.port >= 1 && u.port <= 65535 && *u.path == '/');
	must(strpbrk(u.host, "@/?# %\\") == NULL && *u.host != '\0');
	host = url_host_header(&u);
	must(header_value_ok(host));
	again = xasprintf("%s://%s%s%s%s", u.scheme, host, u.path,
	    u.query != NULL ? "?" : "", u.query != NULL ? u.query : "");
	if (strlen(again) <= URL_LEN_MAX)
		check_same(&u, again);
	free(again);
	free(host);
	url_done(&u);
}

static void
check_s3_uri(const char *s)
{
	char *bucket, *key, *again;
	struct error err;

	error_clear(&err);
	if (s3_uri_parse(s, S3_URI_PREFIX, &bucket, &key, &err) == -1) {
		must(err.code == ERR_USAGE && *err.text != '\0');
		must(s3_uri_parse(s, 0, &bucket, &key, &err) == -1);
		return;
	}
	must(strchr(bucket, '/') == NULL && header_value_ok(key));
	again = xasprintf("s3://%s/%s", bucket, key);
	must(str_eq(again, s) || (*key == '\0' && str_starts(again, s)));
	free(again);
	free(bucket);
	free(key);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *s = xstrndup((const char *)data, size);

	check_url(s);
	check_s3_uri(s);
	free(s);
	return 0;
}
