/* SPDX-License-Identifier: Apache-2.0 */
/* The addresses of each region in use. */
#include "engine/site.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"

struct sites {
	struct aws_client *aws;
	char *profile;
	struct site **v;
	size_t n;
	struct s3_watch watch;
};

struct sites *
sites_new(struct aws_client *aws, const char *profile)
{
	struct sites *sites = xcalloc(1, sizeof(*sites));

	sites->aws = aws;
	sites->profile = xstrdup_or_null(profile);
	return sites;
}

static void
site_free(struct site *site)
{
	s3_free(site->s3);
	sagemaker_free(site->sagemaker);
	access_free(site->access);
	endpoint_done(&site->runtime);
	endpoint_done(&site->s3_endpoint);
	free(site->name);
	free(site);
}

void
sites_free(struct sites *sites)
{
	size_t i;

	if (sites == NULL)
		return;
	for (i = 0; i < sites->n; i++)
		site_free(sites->v[i]);
	free(sites->v);
	free(sites->profile);
	free(sites);
}

int
sites_get(struct sites *sites, const char *region, struct site **out,
    struct error *err)
{
	struct endpoint_options o = {
	    .region = region,
	    .profile = sites->profile,
	};
	struct s3_options so = {.client = sites->aws};
	struct site *site;
	size_t i;

	if (region == NULL)
		return err_set(err, ERR_CONFIG, "its region is not known");
	for (i = 0; i < sites->n; i++) {
		if (str_eq(sites->v[i]->name, region)) {
			*out = sites->v[i];
			return 0;
		}
	}
	if (sites->n == SITES_MAX)
		return err_set(err, ERR_LIMIT,
		    "more than %d regions are in use", SITES_MAX);
	site = xcalloc(1, sizeof(*site));
	site->name = xstrdup(region);
	o.service = "SAGEMAKER_RUNTIME";
	if (endpoint_resolve(&o, &site->runtime, err) == -1)
		goto fail;
	o.service = "S3";
	if (endpoint_resolve(&o, &site->s3_endpoint, err) == -1)
		goto fail;
	if (s3sum_modes_load(sites->profile, &so.sums, err) == -1)
		goto fail;
	site->aws = sites->aws;
	so.endpoint = &site->s3_endpoint;
	site->s3 = s3_new(&so);
	s3_watch(site->s3, &sites->watch);
	site->sagemaker = sagemaker_new(sites->aws, &site->runtime);
	site->access = access_new();
	sites->v = xreallocarray(sites->v, sites->n + 1, sizeof(struct site *));
	sites->v[sites->n++] = site;
	*out = site;
	return 0;
fail:
	site_free(site);
	return -1;
}

void
sites_watch(struct sites *sites, const struct s3_watch *watch)
{
	static const struct s3_watch none;
	size_t i;

	sites->watch = watch != NULL ? *watch : none;
	for (i = 0; i < sites->n; i++)
		s3_watch(sites->v[i]->s3, watch);
}
