/* SPDX-License-Identifier: Apache-2.0 */
/* One value of a configuration as JSON: what the API says, what `awaitd config`
 * prints and reads. Secrets are masked already. */
#ifndef SERVE_CONF_JSON_H
#define SERVE_CONF_JSON_H

#include "base/error.h"
#include "base/json.h"
#include "base/jsonw.h"
#include "conf/conf.h"

struct conf_shown {
	const char *section; /* "webhook hook" */
	const char *key;
	const char *value; /* "": not set */
	const char *source; /* FILE:LINE, a variable, a flag; "default" */
	bool secret; /* its value is masked */
	bool restart; /* only that changes it */
	const char *pending; /* what a restart would make of it; or NULL */
};

/* Borrowed from `v`. */
struct conf_shown conf_json_of(const struct conf_value *v);

/* One object of an array, or alone. */
void conf_json_write(struct jsonw *w, const struct conf_shown *v);

/* What a reload changed, or a restart would change; the same. */
void conf_json_write_change(struct jsonw *w, const struct conf_change *c);

/* The inverse of conf_json_write(). Strings are the document's, borrowed.
 * ERR_PROTOCOL. */
int conf_json_parse(
    const struct json *j, struct conf_shown *out, struct error *err);

#endif
