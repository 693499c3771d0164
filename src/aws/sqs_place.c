/* SPDX-License-Identifier: Apache-2.0 */
/* Regions in the hosts of queues. */
#include "aws/sqs_place.h"

#include <stdlib.h>
#include <string.h>

#include "aws/partition.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/url.h"

#define OLD "queue.amazonaws.com"

/* Is what stands behind REGION that of its partition? */
static bool
is_suffix(const char *s, const char *region, bool vpce)
{
	const struct partition *p = partition_of(region);

	if (vpce)
		return str_starts(s, "vpce.") &&
		    (str_eq(s + 5, p->suffix) ||
			str_eq(s + 5, p->dual_stack_suffix));
	return str_eq(s, p->suffix) || str_eq(s, p->dual_stack_suffix);
}

/* REGION.queue.amazonaws.com, with .cn in China. */
static char *
old_region(const char *host)
{
	const char *dot = strchr(host, '.');
	char *region;

	if (str_eq(host, OLD))
		return xstrdup("us-east-1");
	if (dot == NULL ||
	    (!str_eq(dot + 1, OLD) && !str_eq(dot + 1, OLD ".cn")))
		return NULL;
	region = xstrndup(host, (size_t)(dot - host));
	if (partition_is_region(region) &&
	    is_suffix(dot + 1 + strlen("queue."), region, false))
		return region;
	free(region);
	return NULL;
}

char *
sqs_region_of_host(const char *host)
{
	bool vpce = str_starts(host, "vpce-");
	const char *s = host, *dot;
	char *region;

	if (vpce)
		s = strchr(host, '.') != NULL ? strchr(host, '.') + 1 : "";
	if (str_starts(s, "sqs."))
		s += strlen("sqs.");
	else if (str_starts(s, "sqs-fips."))
		s += strlen("sqs-fips.");
	else
		return old_region(host);
	dot = strchr(s, '.');
	if (dot == NULL)
		return NULL;
	region = xstrndup(s, (size_t)(dot - s));
	if (partition_is_region(region) && is_suffix(dot + 1, region, vpce))
		return region;
	free(region);
	return NULL;
}

static int
complain(struct error *err)
{
	err_prefix(err, "the URL of a queue");
	err->code = ERR_CONFIG;
	return err_hint(err,
	    "It looks like https://sqs.REGION.amazonaws.com/ACCOUNT/NAME, as "
	    "GetQueueUrl has it.");
}

static int
check_url(const struct url *u, struct error *err)
{
	if (u->query == NULL && strlen(u->path) > 1)
		return 0;
	err_set(err, ERR_CONFIG, "%s",
	    u->query != NULL ? "it has a query" : "it names no queue");
	return complain(err);
}

static void
use_host(const struct url *u, struct aws_endpoint *e)
{
	free(e->scheme);
	free(e->host);
	free(e->url);
	e->scheme = xstrdup(u->scheme);
	e->host = url_host_header(u);
	e->url = xasprintf("%s://%s", e->scheme, e->host);
}

int
sqs_place(const char *queue_url, const char *profile, struct aws_endpoint *out,
    struct error *err)
{
	struct endpoint_options o = {.service = "SQS", .profile = profile};
	char *region;
	struct url u;
	int rc;

	if (url_parse(queue_url, &u, err) == -1)
		return complain(err);
	rc = check_url(&u, err);
	if (rc == 0) {
		region = sqs_region_of_host(u.host);
		o.region = region;
		rc = endpoint_resolve(&o, out, err);
		free(region);
	}
	if (rc == 0 && !out->custom)
		use_host(&u, out);
	url_done(&u);
	return rc;
}

char *
sqs_arn(const char *queue_url, const char *region)
{
	const char *partition = partition_of(region)->name;
	const char *name = strrchr(queue_url, '/'), *account = name;

	if (name == NULL)
		return xasprintf("arn:%s:sqs:%s:*:*", partition, region);
	while (account > queue_url && account[-1] != '/')
		account--;
	return xasprintf("arn:%s:sqs:%s:%.*s:%s", partition, region,
	    (int)(name - account), account, name + 1);
}
