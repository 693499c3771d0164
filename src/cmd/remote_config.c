/* SPDX-License-Identifier: Apache-2.0 */
/* Questions about the configuration of a service. */
#include "cmd/remote_config.h"

#include <string.h>

#include "base/buf.h"
#include "base/encode.h"
#include "base/str.h"

#define TIMEOUT_MS 60000
#define PATH_MAX_LEN 8192

struct told {
	remote_value_fn *fn;
	void *arg;
};

static int
take_values(const struct json *answer, void *out, struct error *err)
{
	const struct json *all = json_get(answer, "values"), *j;
	struct told *told = out;
	struct conf_shown v;

	if (!json_is_array(all))
		return err_set(err, ERR_PROTOCOL,
		    "the service's configuration is none that can be read");
	for (j = json_first(all); j != NULL; j = json_next(j)) {
		if (conf_json_parse(j, &v, err) == -1)
			return -1;
		told->fn(&v, told->arg);
	}
	return 0;
}

int
remote_config(struct app *app, const char *section, bool changed,
    remote_value_fn *fn, void *arg, struct error *err)
{
	struct client_request r = {.method = "GET", .timeout_ms = TIMEOUT_MS};
	struct told told = {fn, arg};
	struct buf path;
	int rc;

	buf_init(&path, PATH_MAX_LEN);
	buf_printf(&path, "/v1/config?changed=%s", changed ? "true" : "false");
	if (section != NULL) {
		buf_puts(&path, "&section=");
		encode_uri(&path, section, strlen(section), false);
	}
	r.path = path.data;
	rc = path.overflow
	    ? err_set(err, ERR_USAGE, "that is too long for a section's name")
	    : remote_ask(app, &r, take_values, &told, err);
	buf_done(&path);
	return rc;
}

int
remote_reload(
    struct app *app, remote_take_fn *take, void *out, struct error *err)
{
	struct client_request r = {
	    .method = "POST",
	    .path = "/v1/reload",
	    .timeout_ms = TIMEOUT_MS,
	};
	int rc = remote_ask(app, &r, take, out, err);

	if (rc == -1 && str_eq(err->remote_code, "bad_configuration"))
		err->code = ERR_CONFIG;
	return rc;
}
