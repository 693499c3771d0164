/* SPDX-License-Identifier: Apache-2.0 */
/* Questions about targets. */
#include "cmd/remote_targets.h"

#include <string.h>

#include "base/buf.h"
#include "base/encode.h"
#include "cmd/remote.h"
#include "serve/target_json.h"

#define TIMEOUT_MS 60000
#define PATH_MAX_LEN 4096

struct told {
	health_fn *fn;
	void *arg;
	size_t left_out;
};

static int
take_all(const struct json *answer, void *out, struct error *err)
{
	const struct json *all = json_get(answer, "targets"), *j;
	struct told *told = out;
	int64_t left_out = 0;
	struct health h;

	if (!json_is_array(all))
		return err_set(err, ERR_PROTOCOL,
		    "the service's list is none that can be read");
	for (j = json_first(all); j != NULL; j = json_next(j)) {
		if (target_json_parse(j, &h, err) == -1)
			return -1;
		told->fn(&h, told->arg);
	}
	json_i64(json_get(answer, "left_out"), &left_out);
	told->left_out = left_out > 0 ? (size_t)left_out : 0;
	return 0;
}

static int
take_one(const struct json *answer, void *out, struct error *err)
{
	struct told *told = out;
	struct health h;

	if (target_json_parse(answer, &h, err) == -1)
		return -1;
	told->fn(&h, told->arg);
	return 0;
}

int
remote_list_targets(struct app *app, health_fn *fn, void *arg, size_t *left_out,
    struct error *err)
{
	struct client_request r = {
	    .method = "GET",
	    .path = "/v1/targets",
	    .timeout_ms = TIMEOUT_MS,
	};
	struct told told = {fn, arg, 0};
	int rc = remote_ask(app, &r, take_all, &told, err);

	*left_out = told.left_out;
	return rc;
}

int
remote_switch_target(struct app *app, const char *target, const char *verb,
    health_fn *fn, void *arg, struct error *err)
{
	struct client_request r = {
	    .method = "POST",
	    .timeout_ms = TIMEOUT_MS,
	    .once = true,
	};
	struct told told = {fn, arg, 0};
	struct buf path;
	int rc;

	buf_init(&path, PATH_MAX_LEN);
	buf_puts(&path, "/v1/targets/");
	encode_uri(&path, target, strlen(target), false);
	buf_printf(&path, "/%s", verb);
	r.path = path.data;
	rc = path.overflow
	    ? err_set(err, ERR_USAGE, "that is too long for a target's name")
	    : remote_ask(app, &r, take_one, &told, err);
	buf_done(&path);
	return rc;
}
