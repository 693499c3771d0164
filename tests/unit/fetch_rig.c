/* SPDX-License-Identifier: Apache-2.0 */
/* Fetching credentials for tests. */
#include "tests/unit/fetch_rig.h"

#include <fnmatch.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "aws/creds_source.h"
#include "aws/sigv4.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

#define PATIENCE_MS 20000
#define TURNS_MAX 200

int
fetch_rig_setup(void **state)
{
	static const char *const off[] = {"AWS_ENDPOINT_URL", "AWS_PROFILE",
	    "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE",
	    "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
	    "AWS_SESSION_TOKEN", "AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE"};
	static const char *const services[] = {"STS", "SSO", "SSO_OIDC"};
	struct http_client_options o = {.user_agent = "test/1"};
	struct fetch_rig *r = xcalloc(1, sizeof(*r));
	struct error err;
	char *name;
	size_t i;

	for (i = 0; i < ARRAY_LEN(off); i++)
		unsetenv(off[i]);
	r->loop = loop_new();
	assert_int_equal(http_client_new(r->loop, &o, &r->http, &err), 0);
	assert_int_equal(credpeer_init(&r->peer, r->loop, 0, &err), 0);
	r->url =
	    xasprintf("http://127.0.0.1:%d", http_server_port(r->peer.server));
	for (i = 0; i < ARRAY_LEN(services); i++) {
		name = xasprintf("AWS_ENDPOINT_URL_%s", services[i]);
		setenv(name, r->url, 1);
		free(name);
	}
	setenv("AWS_REGION", "us-east-1", 1);
	snprintf(r->home, sizeof(r->home), "/tmp/test-creds-XXXXXX");
	assert_non_null(mkdtemp(r->home));
	setenv("HOME", r->home, 1);
	r->plan.source = (char *)(uintptr_t) "the source";
	r->plan.profile = (char *)(uintptr_t) "dev";
	*state = r;
	return 0;
}

static void
forget(struct fetch_rig *r)
{
	if (r->got)
		creds_done(&r->creds);
	r->got = false;
	error_clear(&r->err);
}

static int
remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

int
fetch_rig_teardown(void **state)
{
	struct fetch_rig *r = *state;

	forget(r);
	creds_imds_forget();
	sigv4_forget_keys();
	http_client_free(r->http);
	credpeer_done(&r->peer);
	loop_free(r->loop);
	free(r->url);
	fetch_rig_put(r, NULL, NULL);
	nftw(r->home, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	free(r);
	return 0;
}

static void
on_done(struct creds *take, const struct error *err, void *arg)
{
	struct fetch_rig *r = arg;

	r->done++;
	assert_int_equal(take == NULL, err != NULL);
	r->got = take != NULL;
	if (take != NULL)
		r->creds = *take;
	else
		r->err = *err;
	free(take);
	loop_stop(r->loop);
}

static void
on_patience(void *arg)
{
	(void)arg;
	fail_msg("nothing comes");
}

static struct creds_fetch *
start(struct fetch_rig *r)
{
	struct creds_fetch_env env = {.loop = r->loop, .http = r->http};
	struct creds_fetch *f = NULL;

	forget(r);
	if (creds_fetch_start(&env, &r->plan, on_done, r, &f, &r->err) == -1)
		return NULL;
	return f;
}

void
fetch_rig_fetch(struct fetch_rig *r)
{
	struct loop_timer *t = loop_timer_new(r->loop, on_patience, r);
	unsigned before = r->done;

	loop_timer_set(t, PATIENCE_MS);
	if (start(r) != NULL) {
		assert_int_equal(r->done, before);
		loop_run(r->loop);
		assert_int_equal(r->done, before + 1);
	}
	loop_timer_free(t);
}

void
fetch_rig_gets(struct fetch_rig *r, const char *name)
{
	struct credpeer_call c = {.p = &r->peer, .fault = ""};
	struct credpeer_keys k;

	fetch_rig_fetch(r);
	if (!r->got)
		fail_msg("%s (%s)", r->err.text, r->err.hint);
	credpeer_issue(&c, name, &k);
	assert_string_equal(r->creds.access_key, k.access);
	assert_string_equal(r->creds.secret_key, k.secret);
	assert_string_equal(r->creds.session_token, k.token);
	assert_string_equal(r->creds.source, r->plan.source);
	assert_int_not_equal(r->creds.expires_at, 0);
	assert_in_range(r->creds.expires_mono, 1, INT64_MAX - 1);
}

/* No error may hold one of these, or what an issued secret begins with. */
static void
assert_discreet(struct fetch_rig *r, const char *text)
{
	const char *const secrets[] = {CREDPEER_SECRET, "secret-of-",
	    "token-of-", r->peer.container_token, r->peer.web_token,
	    r->peer.sso_token, r->peer.sso_refresh, "imds-token-",
	    "client-secret"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(secrets); i++) {
		if (strstr(text, secrets[i]) != NULL)
			fail_msg("a secret: %s", text);
	}
}

void
fetch_rig_fails(struct fetch_rig *r, enum error_code code, const char *pattern)
{
	fetch_rig_fetch(r);
	assert_false(r->got);
	assert_discreet(r, r->err.text);
	assert_discreet(r, r->err.hint);
	if (r->err.code != code || fnmatch(pattern, r->err.text, 0) != 0)
		fail_msg("%s: %s (%s)", error_code_name(r->err.code),
		    r->err.text, r->err.hint);
}

static void
stop(void *arg)
{
	loop_stop(arg);
}

/* What can happen in a moment. */
static void
turn(struct fetch_rig *r)
{
	struct loop_timer *t = loop_timer_new(r->loop, stop, r->loop);

	loop_timer_set(t, 1);
	loop_run(r->loop);
	loop_timer_free(t);
}

void
fetch_rig_cancels(struct fetch_rig *r)
{
	unsigned before = r->done;
	struct creds_fetch *f;
	int turns, i;

	/* So that there are moments between. */
	for (i = 0; i < N_PLACES; i++)
		credpeer_fail(&r->peer, credpeer_place_name(i), "slow", 10000);
	for (turns = 0; turns < TURNS_MAX; turns++) {
		f = start(r);
		assert_non_null(f);
		for (i = 0; i < turns && r->done == before; i++)
			turn(r);
		if (r->done != before)
			break;
		creds_fetch_cancel(f);
		turn(r);
		assert_int_equal(r->done, before);
	}
	assert_int_equal(r->done, before + 1);
}

const char *
fetch_rig_put(struct fetch_rig *r, const char *name, const char *text)
{
	static char *path;
	struct error err;
	char *folder;

	free(path);
	path = NULL;
	if (name == NULL)
		return NULL;
	path = xasprintf("%s/%s", r->home, name);
	folder = xstrndup(path, (size_t)(strrchr(path, '/') - path));
	if (file_mkdirs(folder, 0700, &err) == -1 ||
	    file_write_atomic(path, text, strlen(text), 0600, &err) == -1)
		fail_msg("%s", err.text);
	free(folder);
	return path;
}

char *
fetch_rig_read(struct fetch_rig *r, const char *name)
{
	char *path = xasprintf("%s/%s", r->home, name);
	struct error err;
	struct buf b;

	buf_init(&b, 1 << 20);
	if (file_read(path, &b, &err) == -1)
		fail_msg("%s", err.text);
	free(path);
	return buf_take(&b);
}

const char *
fetch_rig_nowhere(void)
{
	/* tcpmux: nobody has it. */
	return "http://127.0.0.1:1";
}
