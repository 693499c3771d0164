/* SPDX-License-Identifier: Apache-2.0 */
/* Inputs with what is asked for: checked before anything is written. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "cmd/batch.h"
#include "cmd/batch_carrier.h"
#include "serve/intake.h"

struct checking {
	struct app *app;
	const struct batch_options *o;
	struct batch_inputs *in;
	char *endpoint; /* the last one, which has a region; or NULL */
};

/* It is sent, then; a service knows by itself. */
static int
check_region(
    struct checking *c, const struct batch_request *r, struct error *err)
{
	const struct cmd_globals *g = c->app->globals;
	struct job_spec spec = {0};
	int rc;

	if (c->app->client != NULL ||
	    (c->endpoint != NULL && str_eq(c->endpoint, r->o.endpoint)))
		return 0;
	rc = intake_region(
	    &spec, c->app->sites, r->endpoint, g->region, g->profile, err);
	job_spec_done(&spec);
	if (rc == 0) {
		free(c->endpoint);
		c->endpoint = xstrdup(r->o.endpoint);
	}
	return rc;
}

/* How it will travel: only the service knows its own configuration. */
static int
check_way(const struct checking *c, const struct batch_input *i,
    const struct batch_request *r, struct error *err)
{
	if (c->app->client != NULL || i->location != NULL ||
	    intake_inline(r->endpoint, i->size) ||
	    (i->path != NULL && r->endpoint->input_prefix != NULL))
		return 0;
	return intake_no_prefix(r->endpoint, i->size, err);
}

static int
check_one(struct checking *c, const struct batch_input *i,
    const struct batch_entry *e, struct error *err)
{
	struct batch_request r;
	int rc;

	if (batch_request_init(&r, c->app, &c->o->request, e, err) == -1)
		return -1;
	rc = request_check(c->app, &r.o, r.endpoint, i->location, err);
	if (rc == 0)
		rc = check_region(c, &r, err);
	if (rc == 0)
		rc = check_way(c, i, &r, err);
	batch_request_done(&r);
	return rc;
}

static int
check_line(struct checking *c, const struct batch_input *i, struct error *err)
{
	char *text = xmalloc(i->line_len + 1);
	ssize_t n =
	    pread(c->in->manifest_fd, text, i->line_len, (off_t)i->line_at);
	struct batch_entry e = {0};
	int rc;

	if (n != (ssize_t)i->line_len)
		rc = err_set(err, ERR_IO, "it changes while it is read");
	else
		rc = json_parse(text, i->line_len, &e.root, err);
	free(text);
	if (rc == 0)
		rc = batch_line_read(e.root, &e.line, err);
	if (rc == 0)
		rc = check_one(c, i, &e, err);
	batch_entry_done(&e);
	return rc == -1 ? err_prefix(err, "manifest, line %zu", i->line_no) : 0;
}

int
batch_check(struct app *app, const struct batch_options *o,
    struct batch_inputs *in, struct error *err)
{
	struct checking c = {.app = app, .o = o, .in = in};
	struct batch_entry none = {0};
	struct batch_input *i;
	size_t k;
	int rc;

	/* What holds for all is told once. */
	if (o->manifest == NULL && in->n > 0) {
		struct batch_input any = {.location = NULL, .size = 1};

		if (check_one(&c, &any, &none, err) == -1) {
			free(c.endpoint);
			return -1;
		}
	}
	for (k = 0; k < in->n; k++) {
		struct error wrong;

		i = &in->v[k];
		if (i->line_len > 0)
			rc = check_line(&c, i, &wrong);
		else
			rc = check_one(&c, i, &none, &wrong);
		if (rc == 0)
			continue;
		if (i->line_len == 0)
			err_prefix(&wrong, "input %s", i->shown);
		batch_problem(&in->problems, &wrong);
	}
	free(c.endpoint);
	return 0;
}
