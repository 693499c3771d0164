/* SPDX-License-Identifier: Apache-2.0 */
/* Which kind of model an endpoint has, and what all kinds share. */
#include "local/model.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/child.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "local/command.h"
#include "local/fleet.h"
#include "local/model_kind.h"

/* It may still come; who waits for that should know. */
static void
warn_of_program(const struct conf_endpoint *e)
{
	struct error err;
	char *path;

	if (e->argv == NULL)
		return;
	path = child_find(e->argv[0], &err);
	if (path == NULL) {
		log_begin(LOG_WARN, "model");
		log_str("endpoint", e->name);
		log_str("msg", "its program is not there");
		log_err(&err);
		log_end();
	}
	free(path);
}

int
model_new(const struct model_options *o, struct model **out, struct error *err)
{
	struct model *m;
	int rc;

	warn_of_program(o->endpoint);
	rc = str_empty(o->endpoint->command) ? fleet_new(o, NULL, &m, err)
					     : command_new(o, &m, err);
	if (rc == -1)
		return -1;
	m->faults = o->faults;
	*out = m;
	return 0;
}

void
model_free(struct model *m)
{
	if (m != NULL)
		m->kind->free(m);
}

void
model_backlog(struct model *m, size_t waiting)
{
	m->kind->backlog(m, waiting);
}

size_t
model_room(const struct model *m)
{
	return m->kind->room(m);
}

int
model_invoke(struct model *m, const struct model_invocation *v,
    model_done_fn *done, void *arg, struct model_call **out, struct error *err)
{
	struct fault_subject subject = {
	    .operation = "Invocation", .endpoint = v->facts.endpoint};
	bool crash = fault_take(m->faults, FAULT_CRASH_MODEL, &subject) != NULL;

	return m->kind->invoke(m, v, crash, done, arg, out, err);
}

void
model_cancel(struct model_call *c)
{
	if (c != NULL)
		c->kind->cancel(c);
}

void
model_drain(struct model *m, loop_fn *drained, void *arg)
{
	m->kind->drain(m, drained, arg);
}

void
model_look(const struct model *m, struct model_state *out)
{
	m->kind->look(m, out);
}

char **
model_environment(const struct model_var *vars, size_t n)
{
	const struct model_var ours[] = {
	    {"PATH", getenv("PATH")},
	    {"LANG", getenv("LANG")},
	    {"HOME", getenv("HOME")},
	    {"OMP_THREAD_LIMIT", "1"},
	};
	char **env = xcalloc(ARRAY_LEN(ours) + n + 1, sizeof(*env));
	const struct model_var *v;
	size_t i, used = 0;

	for (i = 0; i < ARRAY_LEN(ours) + n; i++) {
		v = i < ARRAY_LEN(ours) ? &ours[i] : &vars[i - ARRAY_LEN(ours)];
		if (v->value != NULL)
			env[used++] = xasprintf("%s=%s", v->name, v->value);
	}
	return env;
}

void
model_reason(char out[MODEL_REASON_SIZE], int status)
{
	const char *whose = status >= 400 && status < 500 ? "client" : "server";

	snprintf(out, MODEL_REASON_SIZE,
	    "ClientError: Received %s error (%d) from model. See the SageMaker "
	    "Endpoint logs in your account for more information.",
	    whose, status);
}
