/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration: what is in force, and having it read again. */
#include <unistd.h>

#include "base/str.h"
#include "conf/keys.h"
#include "serve/api_call.h"
#include "serve/conf_json.h"
#include "serve/reload.h"

#define REPLY_MAX ((size_t)16 << 20)
#define CHANGES_MAX 1000

/* --- who may -------------------------------------------------------- */

/*
 * URLs of receivers often are all that one needs to write to them, so that who
 * may submit a job need not know them. A token is given to who submits, too.
 */
static bool
refuse_others(struct api_call *c)
{
	int64_t uid = http_peer_uid(c->x);
	struct error err;

	if (uid == 0 || uid == (int64_t)geteuid())
		return false;
	err_set(&err, ERR_AUTH,
	    "the configuration is for root and for the user that the service "
	    "runs as, over its socket");
	err_hint(&err,
	    "Ask as one of the two; 'unix:PATH' in [api] listen makes a "
	    "socket.");
	api_refuse_err(c, 403, "forbidden", &err);
	return true;
}

/* --- what is in force ----------------------------------------------- */

struct showing {
	struct jsonw w;
	const struct reload *reload;
	const struct conf *conf; /* that was read last */
	bool changed;
	struct conf_shown waits; /* for a restart */
};

/* What is in force is that of the start. */
static void
write_first(const struct conf_value *v, void *arg)
{
	struct showing *s = arg;
	struct conf_shown shown = conf_json_of(v);

	shown.pending = s->waits.value;
	conf_json_write(&s->w, &shown);
}

static void
write_value(const struct conf_value *v, void *arg)
{
	struct showing *s = arg;
	const struct conf *first = reload_first(s->reload);
	struct conf_shown shown = conf_json_of(v);

	if (shown.restart && !conf_same_key(first, s->conf, v->key)) {
		s->waits = shown;
		conf_show_key(first, v->key, write_first, s);
		return;
	}
	if (!s->changed || !v->is_default)
		conf_json_write(&s->w, &shown);
}

static void
show(struct api_call *c, struct showing *s, const char *section, bool changed)
{
	struct error err;
	struct buf b;

	s->changed = changed;
	buf_init(&b, REPLY_MAX);
	jsonw_init(&s->w, &b);
	jsonw_begin(&s->w, NULL, '{');
	jsonw_opt(&s->w, "file", s->conf->file);
	jsonw_time(&s->w, "read_at", reload_at(s->reload));
	jsonw_begin(&s->w, "values", '[');
	conf_show(s->conf, section, write_value, s);
	jsonw_end(&s->w, ']');
	jsonw_end(&s->w, '}');
	buf_putc(&b, '\n');
	if (b.overflow) {
		err_set(&err, ERR_LIMIT,
		    "the configuration is too large to be shown at once");
		err_hint(&err, "Ask for one section, or for what changed.");
		api_refuse_err(c, 422, "too_large", &err);
	} else {
		api_reply_json(c, 200, &b);
	}
	buf_done(&b);
}

void
api_config_show(struct api_call *c)
{
	static const char *const words[] = {"true", "false", NULL};
	const char *section = api_query_get(&c->query, "section");
	const char *changed = NULL;
	struct showing s = {
	    .reload = c->api->service->reload,
	    .conf = c->api->service->conf,
	};
	struct error err;

	if (refuse_others(c))
		return;
	if (api_query_word(&c->query, "changed", words, &changed, &err) == -1)
		api_refuse_err(c, 400, "bad_parameter", &err);
	else if (section != NULL &&
	    conf_need_section(s.conf, section, &err) == -1)
		api_refuse_err(c, 404, "not_found", &err);
	else
		show(
		    c, &s, section, changed != NULL && str_eq(changed, "true"));
}

/* --- once more ------------------------------------------------------ */

struct changes {
	struct jsonw w;
	size_t n;
};

static void
write_change(const struct conf_change *change, void *arg)
{
	struct changes *s = arg;

	if (s->n++ < CHANGES_MAX)
		conf_json_write_change(&s->w, change);
}

static void
write_finding(const struct error *finding, void *arg)
{
	struct jsonw *w = arg;

	jsonw_begin(w, NULL, '{');
	jsonw_str(w, "detail", finding->text);
	jsonw_opt(w, "hint", finding->hint);
	jsonw_end(w, '}');
}

static void
write_rest(const struct service *service, struct changes *s)
{
	jsonw_end(&s->w, ']');
	if (s->n > CHANGES_MAX)
		jsonw_int(&s->w, "left_out", (int64_t)(s->n - CHANGES_MAX));
	s->n = 0;
	jsonw_begin(&s->w, "restart", '[');
	reload_pending(service->reload, write_change, s);
	jsonw_end(&s->w, ']');
	jsonw_begin(&s->w, "warnings", '[');
	conf_warn(service->conf, write_finding, &s->w);
	jsonw_end(&s->w, ']');
	jsonw_opt(&s->w, "file", service->conf->file);
	jsonw_time(&s->w, "read_at", reload_at(service->reload));
	jsonw_end(&s->w, '}');
}

void
api_reload(struct api_call *c)
{
	const struct service *service = c->api->service;
	struct changes s = {.n = 0};
	struct error err;
	struct buf b;

	if (refuse_others(c))
		return;
	if (service->stopping) {
		api_refuse_stopping(c);
		return;
	}
	buf_init(&b, REPLY_MAX);
	jsonw_init(&s.w, &b);
	jsonw_begin(&s.w, NULL, '{');
	jsonw_begin(&s.w, "changes", '[');
	if (reload_run(service->reload, write_change, &s, &err) == -1) {
		api_refuse_err(c, 422, "bad_configuration", &err);
	} else {
		write_rest(service, &s);
		buf_putc(&b, '\n');
		api_reply_json(c, 200, &b);
	}
	buf_done(&b);
}
