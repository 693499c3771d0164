/* SPDX-License-Identifier: Apache-2.0 */
/* Targets: how they are, switched off and on. */
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/health.h"
#include "serve/api_call.h"
#include "serve/target_json.h"
#include "serve/targets.h"

#define REPLY_MAX ((size_t)8 << 20)
#define NAME_MAX_LEN 400
/* Its hosts are targets, and not the section itself. */
#define CALLBACK "callback"
/* Those that are not in the configuration: callbacks' hosts may be many. */
#define OTHERS_MAX 1000

/* --- all ------------------------------------------------------------ */

struct listing {
	const struct service *service;
	struct jsonw w;
	size_t others;
};

static bool
is_configured(const struct targets *t, const char *name)
{
	size_t i;

	for (i = 0; i < targets_count(t); i++) {
		if (str_eq(targets_title(t, i), name))
			return true;
	}
	return false;
}

static void
write_other(const struct health *h, void *arg)
{
	struct listing *l = arg;

	if (is_configured(l->service->targets, h->target))
		return;
	if (l->others++ < OTHERS_MAX)
		target_json_write(&l->w, h);
}

void
api_targets_list(struct api_call *c)
{
	struct listing l = {.service = c->api->service};
	const struct targets *t = l.service->targets;
	struct health h;
	struct buf b;
	size_t i;

	buf_init(&b, REPLY_MAX);
	jsonw_init(&l.w, &b);
	jsonw_begin(&l.w, NULL, '{');
	jsonw_begin(&l.w, "targets", '[');
	for (i = 0; i < targets_count(t); i++) {
		if (str_eq(targets_title(t, i), CALLBACK))
			continue;
		health_find(l.service->engine, targets_title(t, i), &h);
		target_json_write(&l.w, &h);
	}
	health_each(l.service->engine, write_other, &l);
	jsonw_end(&l.w, ']');
	if (l.others > OTHERS_MAX)
		jsonw_int(&l.w, "left_out", (int64_t)(l.others - OTHERS_MAX));
	jsonw_end(&l.w, '}');
	buf_putc(&b, '\n');
	api_reply_json(c, 200, &b);
	buf_done(&b);
}

/* --- one ------------------------------------------------------------ */

/* The segment of the path that is the name, decoded; or NULL. The caller's. */
static char *
name_of(const struct api_call *c)
{
	static const char head[] = "/v1/targets/";
	const char *part = http_path(c->x) + strlen(head);
	struct buf b;
	char *name;

	buf_init(&b, NAME_MAX_LEN);
	if (decode_uri(&b, part, strcspn(part, "/")) == -1 || b.overflow ||
	    b.len == 0 || strlen(b.data) != b.len || str_has_control(b.data)) {
		buf_done(&b);
		return NULL;
	}
	name = buf_take(&b);
	return name;
}

static void
refuse_unknown(struct api_call *c, const char *name)
{
	const struct targets *t = c->api->service->targets;
	struct error err;
	size_t i;

	err_set(&err, ERR_NOT_FOUND, "there is no target [%s]", name);
	err_hint(&err, "'awaitd targets' lists what there is%s.",
	    strchr(name, ' ') != NULL
		? ""
		: "; a name has a blank, as in 'webhook hook'");
	for (i = 0; i < targets_count(t); i++) {
		if (str_near(targets_title(t, i), name) ||
		    str_ends(targets_title(t, i), name)) {
			err_hint(
			    &err, "Did you mean \"%s\"?", targets_title(t, i));
			break;
		}
	}
	api_refuse_err(c, 404, "not_found", &err);
}

static void
reply_target(struct api_call *c, const char *name)
{
	struct health h;
	struct jsonw w;
	struct buf b;

	health_find(c->api->service->engine, name, &h);
	buf_init(&b, REPLY_MAX);
	jsonw_init(&w, &b);
	target_json_write(&w, &h);
	buf_putc(&b, '\n');
	api_reply_json(c, 200, &b);
	buf_done(&b);
}

static void
on_switched(const struct error *err, void *arg)
{
	struct api_call *c = arg;

	if (!api_back(c))
		return;
	if (err == NULL)
		reply_target(c, c->work);
	else if (err->code == ERR_NOT_FOUND)
		refuse_unknown(c, c->work);
	else if (err->code == ERR_USAGE)
		api_refuse_err(c, 409, "not_for_callbacks", err);
	else
		api_refuse_store(c, err);
}

static void
switch_it(struct api_call *c, bool on)
{
	char *name;

	if (api_refuse_write(c))
		return;
	name = name_of(c);
	if (name == NULL) {
		api_not_found(c);
		return;
	}
	c->work = name;
	c->work_free = free;
	health_switch(
	    c->api->service->engine, name, on, on_switched, api_hold(c));
}

void
api_targets_enable(struct api_call *c)
{
	switch_it(c, true);
}

void
api_targets_disable(struct api_call *c)
{
	switch_it(c, false);
}
