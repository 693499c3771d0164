/* SPDX-License-Identifier: Apache-2.0 */
/* The probes of each region: are its services there, and is it them? */
#include "cmd/check.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cmd/check_connect.h"

/* --- regions ---------------------------------------------------- */

int
check_region_of(struct check *c, const struct conf_endpoint *e, char **out,
    struct error *err)
{
	const struct cmd_globals *g = c->app->globals;
	const char *named = g->region != NULL ? g->region : e->region;

	return endpoint_region(named, g->profile, out, err);
}

static const struct check_region *
find(const struct check *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->nregions; i++) {
		if (str_eq(c->regions[i].name, name))
			return &c->regions[i];
	}
	return NULL;
}

static int
resolve(struct check *c, const char *name, struct check_region *r,
    struct error *err)
{
	struct endpoint_options o = {
	    .region = name,
	    .profile = c->app->globals->profile,
	};

	o.service = "SAGEMAKER_RUNTIME";
	if (endpoint_resolve(&o, &r->runtime, err) == -1)
		return -1;
	o.service = "S3";
	if (endpoint_resolve(&o, &r->s3, err) == 0)
		return 0;
	endpoint_done(&r->runtime);
	return -1;
}

/* --- rows ------------------------------------------------------- */

/* It could not be found out which region. */
static void
start_region(struct check_probe *p)
{
	struct error *err = p->data;

	check_end_err(p, CHECK_FAIL, err);
}

static const struct check_kind region_kind = {
    .name = "region",
    .start = start_region,
};

static const struct check_kind runtime_kind = {
    .name = "runtime",
    .start = check_connect_start,
    .cancel = check_connect_cancel,
    .forget = check_connect_forget,
};

static const struct check_kind s3_kind = {
    .name = "s3",
    .start = check_connect_start,
    .cancel = check_connect_cancel,
    .forget = check_connect_forget,
};

static void
add_host(struct check *c, const struct check_kind *kind,
    const struct check_region *r, const struct aws_endpoint *e)
{
	struct check_probe *p = check_add(
	    c, kind, xasprintf("%s, %s://%s", r->name, e->scheme, e->host));

	check_connect_init(p, c->aws_http, e->url, true);
}

static void
add_region(struct check *c, const char *name)
{
	struct check_region r = {0};
	struct check_probe *p;
	struct error err;

	if (find(c, name) != NULL)
		return;
	if (resolve(c, name, &r, &err) == -1) {
		p = check_add(c, &region_kind, xstrdup(name));
		p->data = xmemdup(&err, sizeof(err));
		return;
	}
	r.name = xstrdup(name);
	c->regions =
	    xreallocarray(c->regions, c->nregions + 1, sizeof(*c->regions));
	c->regions[c->nregions++] = r;
	add_host(c, &runtime_kind, &r, &r.runtime);
	add_host(c, &s3_kind, &r, &r.s3);
}

static void
add_region_of(
    struct check *c, const struct conf_endpoint *e, const char *endpoint)
{
	struct check_probe *p;
	struct error err;
	char *name;

	if (check_region_of(c, e, &name, &err) == -1) {
		p = check_add(c, &region_kind, xstrdup(endpoint));
		p->data = xmemdup(&err, sizeof(err));
		return;
	}
	add_region(c, name);
	free(name);
}

bool
check_wants(const struct check *c, const char *endpoint)
{
	int i;

	for (i = 0; i < c->nnames; i++) {
		if (str_eq(c->names[i], endpoint))
			return true;
	}
	return c->nnames == 0;
}

void
check_hosts_add(struct check *c)
{
	const struct conf *conf = c->app->conf;
	size_t i;
	int k;

	for (i = 0; i < conf->nendpoints && c->nnames == 0; i++)
		add_region_of(
		    c, conf->endpoints[i], conf->endpoints[i]->head.name);
	for (k = 0; k < c->nnames; k++)
		add_region_of(c, conf_endpoint(conf, c->names[k]), c->names[k]);
	if (conf->nendpoints == 0 && c->nnames == 0)
		add_region_of(c, conf->fallback, "environment");
}
