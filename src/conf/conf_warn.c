/* SPDX-License-Identifier: Apache-2.0 */
/* What is allowed and yet hardly meant: settings that do nothing. */
#include "conf/conf.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "conf/section.h"

struct warning {
	const struct conf *conf;
	conf_warn_fn *fn;
	void *arg;
};

/* --- sections that are off ------------------------------------------ */

/* The first of its keys that somebody has set, but for one; or NULL. */
static const struct conf_key *
first_set(
    const struct conf_kind *kind, const struct conf_head *head, const char *but)
{
	struct section_keys k = section_keys(kind);
	size_t i;

	for (i = k.first; i < k.end; i++) {
		if (head->sources.v[i - k.first] != NULL &&
		    !str_eq(conf_keys[i].name, but))
			return &conf_keys[i];
	}
	return NULL;
}

/* `section` does nothing without `key`. */
static void
warn_off(const struct warning *w, const char *section, const char *key,
    const char *hint)
{
	const struct conf_kind *kind = section_kind_of(section);
	const struct conf_head *head = section_at(w->conf, kind, 0);
	const struct conf_key *set = first_set(kind, head, key);
	struct error err;

	if (set == NULL)
		return;
	err_set(&err, ERR_CONFIG, "%s: [%s] %s has no effect: %s is not set",
	    conf_source(head, section, set->name), section, set->name, key);
	err_hint(&err, "%s", hint);
	w->fn(&err, w->arg);
}

static void
warn_sections(const struct warning *w)
{
	const struct conf *conf = w->conf;

	if (conf->callback.allow.n == 0)
		warn_off(w, "callback", "allow",
		    "Set allow in [callback] to the hosts that submissions "
		    "may name, or remove the section.");
	if (conf->gateway.listen == NULL)
		warn_off(w, "gateway", "listen",
		    "Set listen in [gateway], or remove the section.");
	if (conf->sns.listen == NULL && conf->sqs.queue_url.n == 0)
		warn_off(w, "sns", "listen",
		    "Set listen in [sns], or queue_url in [sqs], or remove the "
		    "section.");
}

/* A socket is known by the user at its other end. */
static void
warn_token(const struct warning *w)
{
	const struct conf_api *api = &w->conf->api;
	const char *key = api->token != NULL ? "token" : "token_file";
	struct error err;
	size_t i;

	for (i = 0; i < api->listen.n; i++) {
		if (!str_starts(api->listen.v[i], "unix:"))
			return;
	}
	if (api->token == NULL && api->token_file == NULL)
		return;
	err_set(&err, ERR_CONFIG,
	    "%s: [api] %s has no effect: listen names no HOST:PORT",
	    conf_source(&api->head, "api", key), key);
	err_hint(
	    &err, "Add the address to listen in [api], or remove %s.", key);
	w->fn(&err, w->arg);
}

/* --- variables ------------------------------------------------------ */

static const char *const others[] = {
    "AWAITD_CONFIG",
    "AWAITD_SERVER",
    "AWAITD_TOKEN_FILE",
    "AWAITD_COREDUMP",
};

/* The variable that this one is, or may have been meant to be. The caller's, or
 * NULL. */
static char *
variable_near(const char *name, bool *same)
{
	char *near = NULL, *variable;
	size_t i, j;

	*same = false;
	for (i = 0; i < ARRAY_LEN(others) && !*same; i++) {
		*same = str_eq(others[i], name);
		if (near == NULL && str_near(others[i], name))
			near = xstrdup(others[i]);
	}
	for (i = 0; i < conf_kinds_len && !*same; i++) {
		struct section_keys k = section_keys(&conf_kinds[i]);

		for (j = k.first; j < k.end && !*same; j++) {
			variable =
			    conf_about_variable(&conf_kinds[i], &conf_keys[j]);
			if (variable == NULL)
				continue;
			*same = str_eq(variable, name);
			if (near == NULL && str_near(variable, name))
				near = xstrdup(variable);
			free(variable);
		}
	}
	return near;
}

/* AWAITD_WEBHOOK_TIMEOUT: of which one? */
static const struct conf_kind *
named_kind(const char *name)
{
	size_t i, len;

	name += strlen("AWAITD_");
	for (i = 0; i < conf_kinds_len; i++) {
		len = strlen(conf_kinds[i].name);
		/* The name may be shorter than the kind's. */
		if (conf_kinds[i].named &&
		    strncasecmp(name, conf_kinds[i].name, len) == 0 &&
		    name[len] == '_')
			return &conf_kinds[i];
	}
	return NULL;
}

static void
warn_variable(const struct warning *w, const char *name)
{
	const struct conf_kind *kind = NULL;
	struct error err;
	bool same;
	char *near = variable_near(name, &same);

	if (!same && near == NULL)
		kind = named_kind(name);
	err_set(&err, ERR_CONFIG, "%s is no variable of awaitd", name);
	if (kind != NULL)
		err_hint(&err,
		    "[%s NAME] has none: set it in the file, or by --set '%s "
		    "NAME.KEY=VALUE'.",
		    kind->name, kind->name);
	else if (near != NULL)
		err_hint(&err, "Did you mean %s?", near);
	if (!same && (kind != NULL || near != NULL))
		w->fn(&err, w->arg);
	free(near);
}

/* Those that handlers have are no mistake, nor what others may call so. */
static void
warn_variables(const struct warning *w)
{
	char *const *e;
	char *name;

	for (e = environ; *e != NULL; e++) {
		if (!str_starts(*e, "AWAITD_"))
			continue;
		name = xstrndup(*e, strcspn(*e, "="));
		str_defang(name);
		warn_variable(w, name);
		free(name);
	}
}

void
conf_warn(const struct conf *conf, conf_warn_fn *fn, void *arg)
{
	const struct warning w = {conf, fn, arg};

	warn_sections(&w);
	warn_token(&w);
	warn_variables(&w);
}
