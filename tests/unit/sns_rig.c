/* SPDX-License-Identifier: Apache-2.0 */
/* The rig: real parts, real sockets, a clock of its own. */
#include "sns_rig.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "aws/sigv4.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "local/db_mail.h"
#include "net/http_client.h"
#include "net/http_server.h"

#define GIVE_UP_MS 30000

int64_t rig_wall;

int64_t
clock_wall_ms(void)
{
	return rig_wall;
}

int64_t
clock_mono_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static const struct sigv4_user user = {"me", "AKIDME", "secret", NULL, true};
static const struct sigv4_clients auth = {&user, 1, "us-east-1", 0};

/* --- running -------------------------------------------------------- */

/* Until `done` says so, looked at a hundred times a second. */
struct waiting {
	struct rig *r;
	bool (*done)(struct rig *r, size_t n);
	size_t n;
	int64_t until;
	struct loop_timer *timer;
};

static void
on_look(void *arg)
{
	struct waiting *w = arg;

	if (w->done(w->r, w->n) || clock_mono_ms() > w->until)
		loop_stop(w->r->loop);
	else
		loop_timer_set(w->timer, 10);
}

static void
run_until(struct rig *r, bool (*done)(struct rig *r, size_t n), size_t n)
{
	struct waiting w = {.r = r, .done = done, .n = n};

	w.until = clock_mono_ms() + GIVE_UP_MS;
	w.timer = loop_timer_new(r->loop, on_look, &w);
	loop_timer_set(w.timer, 0);
	loop_run(r->loop);
	loop_timer_free(w.timer);
	if (!done(r, n))
		fail_msg("it did not happen in time");
}

/* --- the receiver --------------------------------------------------- */

struct arrival {
	struct rig *r;
	size_t i;
	struct buf body;
};

static int
on_data(struct http_exchange *x, const void *data, size_t len, void *arg)
{
	struct arrival *a = arg;

	(void)x;
	return buf_append(&a->body, data, len);
}

static void
on_silent_gone(struct http_exchange *x, void *arg)
{
	(void)x;
	(void)arg;
}

static void
on_end(struct http_exchange *x, void *arg)
{
	struct arrival *a = arg;
	struct rig *r = a->r;
	struct rig_got *got = &r->got[a->i];
	int status = r->answers[a->i];

	got->body =
	    a->body.len > 0 ? xstrndup(a->body.data, a->body.len) : xstrdup("");
	if (r->silent != NULL && str_eq(got->path, r->silent))
		status = 0;
	got->answered = status != 0;
	buf_done(&a->body);
	free(a);
	http_on_gone(x, on_silent_gone, NULL);
	if (status != 0)
		http_reply(x, status, NULL, "ok", 2);
}

static void
on_gone(struct http_exchange *x, void *arg)
{
	struct arrival *a = arg;

	(void)x;
	buf_done(&a->body);
	free(a);
}

static void
on_message(struct http_exchange *x, void *arg)
{
	struct http_body_sink sink = {
	    .max = 4 * 1024 * 1024, .data = on_data, .end = on_end};
	struct arrival *a = xcalloc(1, sizeof(*a));
	const struct headers *h = http_headers(x);
	struct rig *r = arg;
	size_t i;

	assert_true(r->got_n < RIG_GOT_MAX);
	a->r = r;
	a->i = r->got_n++;
	buf_init(&a->body, (size_t)sink.max);
	headers_init(&r->got[a->i].headers);
	for (i = 0; i < h->n; i++)
		headers_add(&r->got[a->i].headers, h->v[i].name, h->v[i].value);
	r->got[a->i].path = xstrdup(http_path(x));
	http_on_gone(x, on_gone, a);
	http_body(x, &sink, a);
}

void
rig_forget(struct rig *r)
{
	size_t i;

	for (i = 0; i < RIG_GOT_MAX; i++) {
		headers_done(&r->got[i].headers);
		xfree(&r->got[i].path);
		xfree(&r->got[i].body);
		r->answers[i] = 200;
	}
	r->got_n = 0;
}

/* --- the API -------------------------------------------------------- */

static void
on_request(struct http_exchange *x, void *arg)
{
	struct rig *r = arg;
	struct call *c = call_new(x, r->faults);
	enum sigv4_verdict verdict =
	    sigv4_claim_parse(http_headers(x), http_query(x), &c->claim);

	if (verdict == SIGV4_OK ||
	    (verdict == SIGV4_MISSING &&
		(r->lax ||
		    sns_is_ours(http_method(x), http_path(x), http_query(x)))))
		sns_request(r->sns, c);
	else
		sns_refuse(c, verdict);
}

static void
on_answer(
    const struct http_response *response, const struct error *err, void *arg)
{
	struct rig *r = arg;
	size_t i;

	if (response == NULL)
		fail_msg("%s", err->text);
	r->status = response->status;
	r->answer = response->body.len > 0
	    ? xstrndup(response->body.data, response->body.len)
	    : xstrdup("");
	headers_done(&r->answer_headers);
	for (i = 0; i < response->headers.n; i++)
		headers_add(&r->answer_headers, response->headers.v[i].name,
		    response->headers.v[i].value);
}

static bool
has_answer(struct rig *r, size_t n)
{
	(void)n;
	return r->answer != NULL;
}

static void
sign(struct rig *r, const char *method, const char *path, const char *form,
    struct headers *h)
{
	char hash[HASH_SHA256_HEX_SIZE];
	char *plain = xstrdup(path), *query = strchr(plain, '?');
	struct sigv4_credentials creds = {
	    .access_key = user.access_key, .secret_key = user.secret_key};
	struct sigv4_scope scope = {"us-east-1", "sns", rig_wall};
	struct sigv4_request s = {.method = method, .payload_hash = hash};
	struct error err;

	if (query != NULL)
		*query++ = '\0';
	s.path = plain;
	s.query = query != NULL ? query : "";
	hash_sha256_hex(form, strlen(form), hash);
	headers_add(h, "Host", r->base + strlen("http://"));
	if (sigv4_sign(&creds, &scope, &s, h, &err) == -1)
		fail_msg("%s", err.text);
	free(plain);
}

static void
ask(struct rig *r, const char *method, const char *path, const char *form,
    bool is_signed)
{
	char *url = xasprintf("%s%s", r->base, path);
	struct headers h;
	struct http_request q = {
	    .method = method,
	    .url = url,
	    .headers = &h,
	    .body = form,
	    .body_len = strlen(form),
	    .body_max = 4 * 1024 * 1024,
	};
	struct http_call *call;
	struct error err;

	headers_init(&h);
	if (is_signed)
		sign(r, method, path, form, &h);
	xfree(&r->answer);
	if (http_start(r->http, &q, on_answer, r, &call, &err) == -1)
		fail_msg("%s", err.text);
	headers_done(&h);
	free(url);
	run_until(r, has_answer, 0);
}

void
rig_post(struct rig *r, const char *form)
{
	ask(r, "POST", "/", form, true);
}

void
rig_get(struct rig *r, const char *path, bool is_signed)
{
	ask(r, "GET", path, "", is_signed);
}

char *
rig_text(const struct rig *r, const char *element)
{
	char *open = xasprintf("<%s>", element);
	char *close = xasprintf("</%s>", element);
	const char *at = strstr(r->answer, open), *end;
	char *result = NULL;

	if (at != NULL) {
		at += strlen(open);
		end = strstr(at, close);
		if (end != NULL)
			result = xstrndup(at, (size_t)(end - at));
	}
	free(open);
	free(close);
	return result;
}

/* --- opening -------------------------------------------------------- */

static struct http_server *
listen_for(struct rig *r, int port, http_request_fn *fn)
{
	struct http_server_options o = {.host = "127.0.0.1", .port = port};
	struct http_server *out;
	struct error err;

	if (http_server_new(r->loop, &o, fn, r, &out, &err) == -1)
		fail_msg("%s", err.text);
	return out;
}

static void
open_sns(struct rig *r)
{
	struct sns_options o = {
	    .loop = r->loop,
	    .db = r->db,
	    .http = r->http,
	    .faults = r->faults,
	    .auth = &auth,
	    .conf = &r->conf,
	    .data_dir = r->dir,
	};
	struct error err;

	if (sns_new(&o, &r->sns, &err) == -1)
		fail_msg("%s", err.text);
	if (sns_topic_add(r->sns, RIG_TOPIC, &err) == -1)
		fail_msg("%s", err.text);
	sns_start(r->sns, r->base);
	db_flush(r->db);
}

static void
open_db(struct rig *r)
{
	char *path = xasprintf("%s/local.db", r->dir);
	struct error err;

	if (db_open(r->loop, path, &r->db, &err) == -1)
		fail_msg("%s", err.text);
	free(path);
}

void
rig_restart(struct rig *r)
{
	sns_stop(r->sns);
	sns_free(r->sns);
	db_close(r->db);
	open_db(r);
	open_sns(r);
}

int
rig_setup(void **state)
{
	static struct rig rig;
	struct http_client_options client = {.user_agent = "test"};
	struct rig *r = &rig;
	struct error err;

	memset(r, 0, sizeof(*r));
	log_init(LOG_NONE, LOG_TEXT);
	rig_wall = INT64_C(1763800000000);
	r->dir = xstrdup("/tmp/test_local_sns.XXXXXX");
	if (mkdtemp(r->dir) == NULL)
		return -1;
	r->loop = loop_new();
	r->faults = faults_new();
	r->conf.region = (char *)"us-east-1";
	r->conf.account = (char *)"123456789012";
	r->conf.endpoints = r->endpoints;
	headers_init(&r->answer_headers);
	rig_forget(r);
	if (http_client_new(r->loop, &client, &r->http, &err) == -1)
		fail_msg("%s", err.text);
	open_db(r);
	r->door = listen_for(r, 0, on_request);
	r->receiver = listen_for(r, 0, on_message);
	r->base = xasprintf("http://127.0.0.1:%d", http_server_port(r->door));
	r->hook =
	    xasprintf("http://127.0.0.1:%d", http_server_port(r->receiver));
	open_sns(r);
	*state = r;
	return 0;
}

static int
remove_entry(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

int
rig_teardown(void **state)
{
	struct rig *r = *state;

	sns_stop(r->sns);
	sns_free(r->sns);
	http_client_free(r->http);
	http_server_free(r->door);
	http_server_free(r->receiver);
	db_close(r->db);
	faults_free(r->faults);
	loop_free(r->loop);
	rig_forget(r);
	headers_done(&r->answer_headers);
	free(r->answer);
	free(r->base);
	free(r->hook);
	nftw(r->dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	free(r->dir);
	sigv4_forget_keys();
	return 0;
}

/* --- what tests do over and over ------------------------------------ */

static bool
has_got(struct rig *r, size_t n)
{
	size_t i;

	if (r->got_n < n)
		return false;
	for (i = 0; i < n; i++) {
		if (r->got[i].body == NULL)
			return false;
	}
	return true;
}

void
rig_wait(struct rig *r, size_t n)
{
	run_until(r, has_got, n);
}

static int
count_lane(const struct db_delivery *d, void *arg, struct error *err)
{
	size_t *n = arg;

	(void)d;
	(void)err;
	(*n)++;
	return 0;
}

size_t
rig_waiting(struct rig *r)
{
	struct error err;
	size_t n = 0;

	if (db_delivery_lanes(r->db, count_lane, &n, &err) == -1)
		fail_msg("%s", err.text);
	return n;
}

static bool
has_waiting(struct rig *r, size_t n)
{
	return rig_waiting(r) == n;
}

void
rig_until_waiting(struct rig *r, size_t n)
{
	run_until(r, has_waiting, n);
}

void
rig_drain(struct rig *r)
{
	rig_until_waiting(r, 0);
}

void
rig_pause(struct rig *r)
{
	db_flush(r->db);
	rig_post(r, "Action=ListTopics");
	rig_post(r, "Action=ListTopics");
}

char *
rig_subscribe(struct rig *r, const char *path)
{
	size_t n = r->got_n;
	char *form =
	    xasprintf("Action=Subscribe&Version=2010-03-31&TopicArn=" RIG_TOPIC
		      "&Protocol=http&Endpoint=%s%s",
		r->hook, path);
	char *token;

	rig_post(r, form);
	assert_int_equal(r->status, 200);
	free(form);
	rig_wait(r, n + 1);
	token = rig_member(r, n, "Token");
	assert_non_null(token);
	form = xasprintf("Action=ConfirmSubscription&TopicArn=" RIG_TOPIC
			 "&Token=%s",
	    token);
	rig_post(r, form);
	assert_int_equal(r->status, 200);
	free(form);
	free(token);
	rig_drain(r);
	return rig_text(r, "SubscriptionArn");
}

void
rig_publish(struct rig *r, const char *message)
{
	struct error err;

	if (sns_publish(r->sns, RIG_TOPIC, message, strlen(message), &err) ==
	    -1)
		fail_msg("%s", err.text);
}

char *
rig_member(const struct rig *r, size_t i, const char *name)
{
	const char *body = r->got[i].body;
	struct error err;
	struct json *root;
	char *value;

	if (json_parse(body, strlen(body), &root, &err) == -1)
		fail_msg("%s: %s", err.text, body);
	value = xstrdup_or_null(json_get_str(root, name));
	json_free(root);
	return value;
}

/* Answered with this code and status, and these words somewhere. */
void
rig_refused(struct rig *r, int status, const char *code, const char *words)
{
	char *got = rig_text(r, "Code");

	if (got == NULL || !str_eq(got, code) || r->status != status ||
	    strstr(r->answer, words) == NULL)
		fail_msg(
		    "%d, not %d %s: %s", r->status, status, code, r->answer);
	assert_non_null(strstr(r->answer, "<RequestId>"));
	free(got);
}

void
rig_refuses(struct rig *r, const char *form, int status, const char *code)
{
	rig_post(r, form);
	rig_refused(r, status, code, "<Message>");
}

void
rig_takes(struct rig *r, const char *form)
{
	rig_post(r, form);
	if (r->status != 200)
		fail_msg("%s: %s", form, r->answer);
}

void
rig_says(const struct rig *r, const char *words)
{
	if (strstr(r->answer, words) == NULL)
		fail_msg("no %s in %s", words, r->answer);
}
