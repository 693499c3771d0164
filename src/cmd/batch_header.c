/* SPDX-License-Identifier: Apache-2.0 */
/* The plan's first line: what holds for all inputs. */
#include <stdlib.h>
#include <string.h>

#include "base/jsonw.h"
#include "base/mem.h"
#include "base/str.h"
#include "cmd/batch.h"
#include "cmd/batch_plan_inner.h"

#define HEADER_MAX ((size_t)64 << 10)

#define OPTION(field) offsetof(struct batch_options, request.field)
static const struct kept {
	const char *name; /* in the header */
	const char *option;
	size_t offset;
} kept[] = {
    {"endpoint", "endpoint", OPTION(endpoint)},
    {"content_type", "content-type", OPTION(content_type)},
    {"accept", "accept", OPTION(accept)},
    {"custom_attributes", "custom-attributes", OPTION(custom_attributes)},
    {"extension", "extension", OPTION(extension)},
    {"request_ttl", "request-ttl", OPTION(request_ttl)},
    {"invocation_timeout", "invocation-timeout", OPTION(invocation_timeout)},
    {"input_prefix", "input-prefix", OPTION(input_prefix)},
    {"output_path", "output-path", OPTION(output_path)},
    {"deliver", "deliver", OPTION(deliver)},
    {"callback", "callback", OPTION(callback)},
};

#define GLOBAL(field) offsetof(struct cmd_globals, field)
static const struct kept kept_globals[] = {
    {"region", "region", GLOBAL(region)},
    {"profile", "profile", GLOBAL(profile)},
};

static const char **
at(void *options, const struct kept *k)
{
	return (const char **)(void *)((char *)options + k->offset);
}

/* --- of a plan that is there ---------------------------------------------- */

static int
other_option(const struct batch_plan *p, const char *option, const char *was,
    struct error *err)
{
	if (was == NULL)
		err_set(err, ERR_USAGE,
		    "the batch in %s was begun without --%s", p->dir, option);
	else
		err_set(err, ERR_USAGE,
		    "the batch in %s was begun with --%s %s", p->dir, option,
		    was);
	return err_hint(err,
	    "Leave the option out to go on with it, or name another folder by "
	    "-O.");
}

static int
apply(const struct batch_plan *p, const struct kept *rows, size_t n,
    void *options, struct error *err)
{
	const struct json *had = json_get(p->header, "options");
	const char **value, *was;
	size_t i;

	for (i = 0; i < n; i++) {
		was = json_get_str(had, rows[i].name);
		value = at(options, &rows[i]);
		if (*value == NULL)
			*value = was;
		else if (was == NULL || !str_eq(was, *value))
			return other_option(p, rows[i].option, was, err);
	}
	return 0;
}

static int
apply_tags(
    const struct batch_plan *p, struct request_options *o, struct error *err)
{
	const struct json *tags =
	    json_get(json_get(p->header, "options"), "tags");
	struct option_list had = {0};
	const struct json *j;
	size_t i;
	bool same;

	for (j = json_first(tags); j != NULL; j = json_next(j)) {
		had.v = xreallocarray(had.v, had.n + 1, sizeof(*had.v));
		had.v[had.n++] = json_str(j) != NULL ? json_str(j) : "";
	}
	same = o->tags.n == had.n;
	for (i = 0; same && i < had.n; i++)
		same = str_eq(o->tags.v[i], had.v[i]);
	if (o->tags.n > 0 && !same) {
		option_list_done(&had);
		err_set(err, ERR_USAGE,
		    "the batch in %s was begun with other tags", p->dir);
		return err_hint(err,
		    "Leave --tag out to go on with it, or name another folder "
		    "by -O.");
	}
	if (o->tags.n > 0)
		option_list_done(&had);
	else
		o->tags = had;
	return 0;
}

int
batch_header_apply(const struct batch_plan *p, struct batch_options *o,
    struct cmd_globals *g, struct error *err)
{
	const char *service = json_get_str(p->header, "service");
	const char *named =
	    g->server != NULL ? g->server : getenv("AWAITD_SERVER");

	if (apply(p, kept, ARRAY_LEN(kept), o, err) == -1 ||
	    apply(p, kept_globals, ARRAY_LEN(kept_globals), g, err) == -1 ||
	    apply_tags(p, &o->request, err) == -1)
		return -1;
	if (str_empty(named))
		g->server = service != NULL ? service : "none";
	return 0;
}

int
batch_header_check(
    const struct batch_plan *p, const struct app *app, struct error *err)
{
	const char *service = json_get_str(p->header, "service");
	const char *now =
	    app->client != NULL ? client_address(app->client) : NULL;

	if (service == NULL && now == NULL)
		return 0;
	if (service != NULL && now != NULL && str_eq(service, now))
		return 0;
	if (service != NULL) {
		err_set(err, ERR_USAGE,
		    "the jobs of the batch in %s are with the service at %s",
		    p->dir, service);
		return err_hint(err,
		    "Leave --server and AWAITD_SERVER out to go on there.");
	}
	err_set(err, ERR_USAGE,
	    "the batch in %s was begun without a service, and its jobs are in "
	    "a state file",
	    p->dir);
	return err_hint(err, "Give --server none to go on with it.");
}

const char *
batch_header_state(const struct batch_plan *p)
{
	return json_get_str(p->header, "state");
}

/* --- a new one ------------------------------------------------------- */

static void
put(struct jsonw *w, const struct kept *rows, size_t n, const void *options)
{
	const char *value;
	size_t i;

	for (i = 0; i < n; i++) {
		value =
		    *(const char *const *)(const void *)((const char *)options +
			rows[i].offset);
		/* --deliver alone is "". */
		if (value != NULL)
			jsonw_str(w, rows[i].name, value);
	}
}

static void
put_tags(struct jsonw *w, const struct option_list *tags)
{
	size_t i;

	if (tags->n == 0)
		return;
	jsonw_begin(w, "tags", '[');
	for (i = 0; i < tags->n; i++)
		jsonw_str(w, NULL, tags->v[i]);
	jsonw_end(w, ']');
}

int
batch_header_make(struct batch_plan *p, const struct batch_options *o,
    const struct app *app, const char *state, struct error *err)
{
	struct jsonw w;
	struct buf b;
	char id[JOBID_SIZE];
	int rc;

	jobid_new(id);
	buf_init(&b, HEADER_MAX);
	jsonw_init(&w, &b);
	jsonw_begin(&w, NULL, '{');
	jsonw_int(&w, "awaitd_batch", BATCH_VERSION);
	jsonw_str(&w, "batch", id);
	if (app->client != NULL)
		jsonw_str(&w, "service", client_address(app->client));
	else
		jsonw_str(&w, "state", state);
	jsonw_begin(&w, "options", '{');
	put(&w, kept, ARRAY_LEN(kept), o);
	put(&w, kept_globals, ARRAY_LEN(kept_globals), app->globals);
	put_tags(&w, &o->request.tags);
	jsonw_end(&w, '}');
	jsonw_end(&w, '}');
	rc = b.overflow ? err_set(err, ERR_USAGE, "the options are too long")
			: batch_plan_head(p, b.data, b.len, err);
	buf_done(&b);
	return rc;
}
