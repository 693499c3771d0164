/* SPDX-License-Identifier: Apache-2.0 */
/* From an object's address to its name. */
#include "aws/s3url.h"

#include <stdlib.h>
#include <string.h>

#include "aws/partition.h"
#include "aws/s3uri.h"
#include "base/buf.h"
#include "base/encode.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/url.h"

/* A key's bytes, each escaped, a bucket and two slashes. */
#define PATH_MAX_BYTES (3 * S3_KEY_MAX + 512)

/* The label that says S3, "s3" or "s3-REGION" of old, behind the bucket's name,
 * which may hold dots, or first. */
static const char *
service_label(const char *host)
{
	const char *p, *found = NULL;

	for (p = host; p != NULL; p = strchr(p, '.')) {
		p += p != host;
		if (str_starts(p, "s3.") || str_starts(p, "s3-"))
			found = p;
	}
	return found;
}

/* What follows is "s3.REGION.…", "s3.dualstack.REGION.…", "s3-REGION.…" or
 * "s3.…", and then nothing is said. */
static char *
region_of(const char *label)
{
	const char *p = label + 3;
	char *region;

	if (str_starts(p, "dualstack."))
		p += strlen("dualstack.");
	region = xstrndup(p, strcspn(p, "."));
	if (strchr(region, '-') != NULL && partition_is_region(region))
		return region;
	free(region);
	return NULL;
}

static int
no_address(const char *location, struct error *err)
{
	err_set(
	    err, ERR_USAGE, "'%.200s' is no address of an S3 object", location);
	return err_hint(err,
	    "Give s3://bucket/key, or "
	    "https://bucket.s3.REGION.amazonaws.com/key.");
}

static int
from_url(const char *location, const struct url *u, char **uri, char **region,
    struct error *err)
{
	const char *label = service_label(u->host);
	struct buf b;

	if (label == NULL || !partition_has_host(u->host) || u->query != NULL)
		return no_address(location, err);
	buf_init(&b, PATH_MAX_BYTES);
	buf_puts(&b, "s3://");
	if (label > u->host) {
		buf_append(&b, u->host, (size_t)(label - u->host) - 1);
		buf_puts(&b, "/");
	}
	if (decode_uri(&b, u->path + 1, strlen(u->path + 1)) == -1 ||
	    memchr(b.data, '\0', b.len) != NULL) {
		buf_done(&b);
		return no_address(location, err);
	}
	*uri = buf_take(&b);
	*region = region_of(label);
	return 0;
}

static int
check(const char *uri, struct error *err)
{
	char *bucket, *key;

	if (s3_uri_parse(uri, 0, &bucket, &key, err) == -1)
		return -1;
	free(bucket);
	free(key);
	return 0;
}

int
s3_location_parse(
    const char *location, char **uri, char **region, struct error *err)
{
	char *name = NULL, *where = NULL;
	struct url u;
	int rc;

	if (!str_starts(location, "https://")) {
		name = xstrdup(location);
	} else {
		if (url_parse(location, &u, err) == -1)
			return no_address(location, err);
		rc = from_url(location, &u, &name, &where, err);
		url_done(&u);
		if (rc == -1)
			return -1;
	}
	if (check(name, err) == -1) {
		free(name);
		free(where);
		return -1;
	}
	*uri = name;
	*region = where;
	return 0;
}
