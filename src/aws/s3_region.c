/* SPDX-License-Identifier: Apache-2.0 */
/* Where buckets are. */
#include "aws/s3_region.h"

#include <stdio.h>
#include <stdlib.h>

#include "aws/s3xml.h"
#include "base/mem.h"
#include "base/str.h"

struct place {
	char *bucket;
	struct aws_endpoint endpoint;
};

struct s3_regions {
	struct place v[S3_REGIONS_MAX];
	size_t n;
	size_t oldest; /* once it is full */
};

struct s3_regions *
s3_regions_new(void)
{
	return xcalloc(1, sizeof(struct s3_regions));
}

static void
place_done(struct place *p)
{
	free(p->bucket);
	endpoint_done(&p->endpoint);
}

void
s3_regions_free(struct s3_regions *r)
{
	size_t i;

	if (r == NULL)
		return;
	for (i = 0; i < r->n; i++)
		place_done(&r->v[i]);
	free(r);
}

static size_t
index_of(const struct s3_regions *r, const char *bucket)
{
	size_t i;

	for (i = 0; i < r->n && !str_eq(r->v[i].bucket, bucket); i++)
		;
	return i;
}

const struct aws_endpoint *
s3_regions_find(const struct s3_regions *r, const char *bucket,
    const struct aws_endpoint *otherwise)
{
	size_t i = index_of(r, bucket);

	return i < r->n ? &r->v[i].endpoint : otherwise;
}

void
s3_regions_learn(
    struct s3_regions *r, const char *bucket, struct aws_endpoint *take)
{
	size_t i = index_of(r, bucket);
	struct place new = {.bucket = xstrdup(bucket), .endpoint = *take};

	if (i == S3_REGIONS_MAX) {
		i = r->oldest;
		r->oldest = (r->oldest + 1) % S3_REGIONS_MAX;
	}
	if (i == r->n)
		r->n++;
	else
		place_done(&r->v[i]);
	r->v[i] = new;
}

bool
s3_region_of(const struct http_response *r, char *out, size_t size)
{
	struct s3xml_error xml;
	struct error ignored;
	const char *header;

	if (r->status != 301 && r->status != 307 && r->status != 400)
		return false;
	header = headers_get(&r->headers, "x-amz-bucket-region");
	xml.region[0] = '\0';
	if (header == NULL)
		s3xml_parse_error(r->body.data, r->body.len, &xml, &ignored);
	snprintf(out, size, "%s", header != NULL ? header : xml.region);
	return *out != '\0';
}
