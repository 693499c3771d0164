/* SPDX-License-Identifier: Apache-2.0 */
/* The questions: credentials, endpoint, region, retry, checksums. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/creds_cache.h"
#include "aws/endpoint.h"
#include "aws/retry.h"
#include "aws/s3sum.h"
#include "awsprobe.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/http_client.h"

static void
put_error(struct jsonw *w, const struct error *err)
{
	jsonw_str(w, "error", err->text);
	jsonw_str(w, "class", error_code_name(err->code));
	jsonw_opt(w, "hint", err->hint);
}

/* --- credentials ---------------------------------------------------- */

struct asking {
	struct loop *loop;
	struct jsonw *w;
	bool answered;
};

static void
put_end(struct jsonw *w, const char *key, const char *secret)
{
	size_t len = secret != NULL ? strlen(secret) : 0;
	char *text;

	if (len == 0)
		return;
	text = xasprintf("%zu:%s", len, secret + (len > 4 ? len - 4 : 0));
	jsonw_str(w, key, text);
	free(text);
}

static void
on_creds(const struct creds *creds, const struct error *err, void *arg)
{
	struct asking *a = arg;

	if (creds != NULL) {
		jsonw_str(a->w, "key", creds->access_key);
		put_end(a->w, "secret", creds->secret_key);
		put_end(a->w, "token", creds->session_token);
		jsonw_opt(a->w, "account", creds->account_id);
		jsonw_bool(a->w, "expires", creds->expires_at != 0);
		jsonw_opt(a->w, "source", creds->source);
	} else {
		put_error(a->w, err);
	}
	a->answered = true;
	loop_stop(a->loop);
}

static void
answer_credentials(const struct json *ask, struct jsonw *w)
{
	struct asking a = {.loop = loop_new(), .w = w};
	struct http_client_options http = {.user_agent = "awsprobe"};
	struct creds_cache_options options = {
	    .env = {.loop = a.loop}, .profile = json_get_str(ask, "profile")};
	struct creds_cache *cache = NULL;
	struct creds_state state;
	struct creds_waiter *waiter;
	struct error err;

	if (http_client_new(a.loop, &http, &options.env.http, &err) == -1 ||
	    creds_cache_new(&options, &cache, &err) == -1) {
		put_error(w, &err);
	} else {
		creds_cache_wait(cache, on_creds, &a, &waiter);
		loop_run(a.loop);
		if (!a.answered)
			jsonw_str(w, "error", "no answer");
		creds_cache_state(cache, &state);
		jsonw_opt(w, "warning", state.warning);
	}
	creds_cache_free(cache);
	http_client_free(options.env.http);
	loop_free(a.loop);
}

/* --- the others ----------------------------------------------------- */

static int
put_target(const struct aws_endpoint *e, const char *bucket, struct jsonw *w,
    struct error *err)
{
	char *host, *path, *url;

	if (endpoint_s3_target(e, bucket, "k", &host, &path, err) == -1)
		return -1;
	url = xasprintf("%s://%s%s", e->scheme, host, path);
	jsonw_str(w, "url", url);
	free(url);
	free(host);
	free(path);
	return 0;
}

static void
answer_endpoint(const struct json *ask, struct jsonw *w)
{
	struct endpoint_options o = {
	    .service = json_get_str(ask, "service"),
	    .region = json_get_str(ask, "region"),
	    .profile = json_get_str(ask, "profile"),
	    .url = json_get_str(ask, "url"),
	};
	const char *bucket = json_get_str(ask, "bucket");
	struct aws_endpoint e;
	struct error err;

	if (endpoint_resolve(&o, &e, &err) == -1) {
		put_error(w, &err);
		return;
	}
	if (bucket == NULL)
		jsonw_str(w, "url", e.url);
	else if (put_target(&e, bucket, w, &err) == -1)
		put_error(w, &err);
	jsonw_str(w, "region", e.region);
	endpoint_done(&e);
}

static void
answer_region(const struct json *ask, struct jsonw *w)
{
	struct error err;
	char *region;

	if (endpoint_region(json_get_str(ask, "region"),
		json_get_str(ask, "profile"), &region, &err) == -1) {
		put_error(w, &err);
		return;
	}
	jsonw_str(w, "region", region);
	free(region);
}

static void
answer_retry(const struct json *ask, struct jsonw *w)
{
	struct retry_options o;
	struct error err;

	if (retry_options_load(json_get_str(ask, "profile"), &o, &err) == -1) {
		put_error(w, &err);
		return;
	}
	jsonw_str(w, "mode", o.adaptive ? "adaptive" : "standard");
	jsonw_int(w, "attempts", o.max_attempts);
}

static void
answer_checksums(const struct json *ask, struct jsonw *w)
{
	struct s3sum_modes modes;
	struct error err;

	if (s3sum_modes_load(json_get_str(ask, "profile"), &modes, &err) ==
	    -1) {
		put_error(w, &err);
		return;
	}
	jsonw_bool(w, "send", modes.send);
	jsonw_bool(w, "verify", modes.verify);
}

void
awsprobe_answer(const struct json *ask, struct jsonw *w)
{
	static const struct {
		const char *what;
		void (*answer)(const struct json *ask, struct jsonw *w);
	} questions[] = {
	    {"credentials", answer_credentials},
	    {"endpoint", answer_endpoint},
	    {"region", answer_region},
	    {"retry", answer_retry},
	    {"checksums", answer_checksums},
	};
	const char *what = json_get_str(ask, "what");
	size_t i;

	for (i = 0; i < ARRAY_LEN(questions); i++) {
		if (str_eq(what, questions[i].what)) {
			questions[i].answer(ask, w);
			return;
		}
	}
	jsonw_str(w, "error", "there is no such question");
}
