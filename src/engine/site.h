/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The addresses of one region, made when first asked for: the runtime that
 * takes submissions and the S3 that holds what they leave.
 */
#ifndef ENGINE_SITE_H
#define ENGINE_SITE_H

#include "aws/call.h"
#include "aws/endpoint.h"
#include "aws/s3.h"
#include "aws/s3_watch.h"
#include "aws/sagemaker.h"
#include "base/error.h"
#include "engine/access.h"

struct site {
	char *name; /* the region as it was asked for: fips-us-east-1, too */
	struct aws_client *aws;
	struct aws_endpoint runtime;
	struct aws_endpoint s3_endpoint;
	struct s3 *s3;
	struct sagemaker *sagemaker;
	struct access *access; /* what is known of its buckets' 403 */
};

struct sites;

/* The client is borrowed; profile may be NULL. */
struct sites *sites_new(struct aws_client *aws, const char *profile);
void sites_free(struct sites *sites);

/* *out is borrowed and lasts as long as the sites. Whoever submits names
 * regions: of more than SITES_MAX none is taken. */
#define SITES_MAX 256
int sites_get(struct sites *sites, const char *region, struct site **out,
    struct error *err);

/* For all of them, those to come included (s3_watch). */
void sites_watch(struct sites *sites, const struct s3_watch *watch);

#endif
