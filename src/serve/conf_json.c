/* SPDX-License-Identifier: Apache-2.0 */
/* Values of a configuration as JSON, both ways. */
#include "serve/conf_json.h"

#include <string.h>

#include "base/str.h"
#include "conf/keys.h"

struct conf_shown
conf_json_of(const struct conf_value *v)
{
	struct conf_shown shown = {
	    .section = v->section,
	    .key = v->key->name,
	    .value = v->value,
	    .source = v->source,
	    .secret = v->secret,
	    .restart = (v->key->flags & CONF_RESTART) != 0,
	};

	return shown;
}

void
conf_json_write(struct jsonw *w, const struct conf_shown *v)
{
	jsonw_begin(w, NULL, '{');
	jsonw_str(w, "section", v->section);
	jsonw_str(w, "key", v->key);
	jsonw_str(w, "value", v->value);
	jsonw_str(w, "source", v->source);
	jsonw_bool(w, "secret", v->secret);
	jsonw_bool(w, "restart", v->restart);
	if (v->pending != NULL)
		jsonw_str(w, "pending", v->pending);
	jsonw_end(w, '}');
}

void
conf_json_write_change(struct jsonw *w, const struct conf_change *c)
{
	static const char *const names[] = {
	    [CONF_ADDED] = "added",
	    [CONF_REMOVED] = "removed",
	    [CONF_CHANGED] = "changed",
	};

	jsonw_begin(w, NULL, '{');
	jsonw_str(w, "change", names[c->what]);
	jsonw_str(w, "section", c->section);
	if (c->key != NULL) {
		jsonw_str(w, "key", c->key->name);
		jsonw_str(w, "was", c->was);
		jsonw_str(w, "value", c->value);
		jsonw_bool(w, "secret", c->secret);
		jsonw_bool(w, "restart", (c->key->flags & CONF_RESTART) != 0);
	}
	jsonw_end(w, '}');
}

int
conf_json_parse(const struct json *j, struct conf_shown *out, struct error *err)
{
	const struct json *secret = json_get(j, "secret");
	const struct json *restart = json_get(j, "restart");

	memset(out, 0, sizeof(*out));
	out->section = json_get_str(j, "section");
	out->key = json_get_str(j, "key");
	out->value = json_get_str(j, "value");
	out->source = json_get_str(j, "source");
	out->pending = json_get_str(j, "pending");
	if (str_empty(out->section) || str_empty(out->key) ||
	    out->value == NULL || out->source == NULL ||
	    json_bool(secret, &out->secret) == -1 ||
	    json_bool(restart, &out->restart) == -1)
		return err_set(err, ERR_PROTOCOL,
		    "the service tells of a value what cannot be read");
	return 0;
}
