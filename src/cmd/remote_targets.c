/* SPDX-License-Identifier: Apache-2.0 */
/* Questions about targets. */
#include "cmd/remote_targets.h"

#include <string.h>

#include "base/buf.h"
#include "base/encode.h"
#include "cmd/remote.h"
#include "job/attemptjson.h"
#include "serve/target_json.h"

#define TIMEOUT_MS 60000
/* A handler may have a timeout of a day, the longest of all, and the service
 * says nothing until that is over. */
#define SILENCE_MS ((int64_t)25 * 3600 * 1000)
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

/* POST to what the verb makes of the target. */
static int
post(struct app *app, const char *target, const char *verb,
    struct client_request *r, remote_take_fn *take, void *out,
    struct error *err)
{
	struct buf path;
	int rc;

	buf_init(&path, PATH_MAX_LEN);
	buf_puts(&path, "/v1/targets/");
	encode_uri(&path, target, strlen(target), false);
	buf_printf(&path, "/%s", verb);
	r->method = "POST";
	r->path = path.data;
	r->once = true;
	rc = path.overflow
	    ? err_set(err, ERR_USAGE, "that is too long for a target's name")
	    : remote_ask(app, r, take, out, err);
	buf_done(&path);
	return rc;
}

int
remote_switch_target(struct app *app, const char *target, const char *verb,
    health_fn *fn, void *arg, struct error *err)
{
	struct client_request r = {.timeout_ms = TIMEOUT_MS};
	struct told told = {fn, arg, 0};

	return post(app, target, verb, &r, take_one, &told, err);
}

static int
take_entry(const struct json *answer, void *out, struct error *err)
{
	struct attempt_entry *e;

	if (attemptjson_parse(answer, &e, err) == -1)
		return -1;
	if (e->verdict == NULL) {
		attempt_entry_free(e);
		return err_set(
		    err, ERR_PROTOCOL, "the service gave no verdict");
	}
	*(struct attempt_entry **)out = e;
	return 0;
}

int
remote_test_target(struct app *app, const char *target, bool failed,
    struct attempt_entry **out, struct error *err)
{
	struct client_request r = {.stall_ms = SILENCE_MS};

	return post(app, target, failed ? "test?outcome=failed" : "test", &r,
	    take_entry, out, err);
}
