/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/verify_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/timefmt.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_loop.h"

#define TOKEN "2336412f37fb687f5d51e6e2425929f5"

struct verify_rig rig;
/* Issues SNS's certificates; in nobody's store. */
static EVP_PKEY *issuer;

int
verify_rig_start(void **state)
{
	static const char *const off[] = {"AWS_ENDPOINT_URL",
	    "AWS_ENDPOINT_URL_SNS", "AWS_PROFILE", "AWS_USE_FIPS_ENDPOINT",
	    "AWS_USE_DUALSTACK_ENDPOINT", "SSL_CERT_FILE", "SSL_CERT_DIR"};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(off); i++)
		unsetenv(off[i]);
	setenv("AWS_CONFIG_FILE", "/nonexistent", 1);
	setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent", 1);
	rig.key = maker_key(2048);
	issuer = maker_key(2048);
	return 0;
}

int
verify_rig_stop(void **state)
{
	(void)state;
	EVP_PKEY_free(rig.key);
	EVP_PKEY_free(issuer);
	return 0;
}

/* --- what others know ----------------------------------------------- */

static int64_t
now(void *arg)
{
	(void)arg;
	return clock_wall_ms() + rig.behind_ms;
}

static bool
is_likely(const struct sns_message *m, void *arg)
{
	(void)m;
	(void)arg;
	rig.likely_asked++;
	return rig.likely;
}

static void
forget_news(void)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(rig.news); i++) {
		rig.news[i].n = 0;
		xfree(&rig.news[i].name);
		xfree(&rig.news[i].value);
	}
}

static void
keep(const struct sns_news *news, void *arg)
{
	(void)arg;
	assert_non_null(strstr(news->name, news->topic));
	assert_int_equal(news->url != NULL, news->kind == SNS_NEWS_CERTIFICATE);
	free(rig.news[news->kind].name);
	free(rig.news[news->kind].value);
	rig.news[news->kind].name = xstrdup(news->name);
	rig.news[news->kind].value = xstrdup(news->value);
	rig.news[news->kind].n++;
}

/* --- one test ------------------------------------------------------- */

void
rig_verifier(struct sns_verifier_options *o)
{
	static const char *const topics[] = {TOPIC};
	struct error err;

	sns_verifier_free(rig.v);
	o->loop = rig.loop;
	o->http = rig.http;
	o->now = now;
	o->likely = is_likely;
	o->keep = keep;
	if (o->topics == NULL) {
		o->topics = topics;
		o->ntopics = 1;
	}
	if (sns_verifier_new(o, &rig.v, &err) == -1)
		fail_msg("%s", err.text);
}

void
rig_restart(void)
{
	struct sns_verifier_options o = {0};
	size_t i;

	rig_verifier(&o);
	for (i = 0; i < ARRAY_LEN(rig.news); i++) {
		if (rig.news[i].name != NULL)
			sns_verifier_recall(
			    rig.v, rig.news[i].name, rig.news[i].value);
	}
}

int
verify_rig_setup(void **state)
{
	struct sns_verifier_options o = {0};
	struct http_client_options ho = {0};
	struct maker_cert c = {
	    .key = rig.key,
	    .name = "sns.amazonaws.com",
	    .san = "DNS:sns.amazonaws.com",
	    .from = clock_wall_ms() - DAY,
	    .until = clock_wall_ms() + 365 * DAY,
	    .issuer_key = issuer,
	    .issuer = "Test RSA 2048 M01",
	};
	struct error err;

	(void)state;
	peer_reset();
	rig.loop = loop_new();
	if (http_client_new(rig.loop, &ho, &rig.http, &err) == -1)
		return -1;
	rig.pem = maker_cert(&c);
	timefmt_iso(clock_wall_ms(), rig.time);
	rig.likely = false;
	rig.likely_asked = 0;
	rig.behind_ms = 0;
	rig_verifier(&o);
	return 0;
}

int
verify_rig_teardown(void **state)
{
	const char *verdict = peer_verdict();

	(void)state;
	if (verdict != NULL)
		print_message("the peer%s\n", verdict);
	sns_verifier_free(rig.v);
	rig.v = NULL;
	forget_news();
	http_client_free(rig.http);
	if (fake_loop_timers(rig.loop) != 0)
		return -1;
	loop_free(rig.loop);
	xfree(&rig.pem);
	peer_reset();
	return verdict != NULL ? -1 : 0;
}

void
rig_serve(int status, const char *headers, const char *body)
{
	peer_reply(peer_always("GET", CERT_URL), status, headers, body);
}

char *
rig_cert(EVP_PKEY *key, const char *name, int64_t from_ms, int64_t until_ms)
{
	struct maker_cert c = {
	    .key = key,
	    .name = name,
	    .from = clock_wall_ms() + from_ms,
	    .until = clock_wall_ms() + until_ms,
	    .issuer_key = issuer,
	    .issuer = "Test RSA 2048 M01",
	};

	return maker_cert(&c);
}

/* --- messages ------------------------------------------------------- */

struct letter
rig_letter(const char *type)
{
	struct letter l = {{
	    [F_TYPE] = type,
	    [F_ID] = "0e0d9e8f-8b5c-5c1e-8d0b-c0a560b3d192",
	    [F_TOPIC] = TOPIC,
	    [F_MESSAGE] = "It is done",
	    [F_TIME] = rig.time,
	    [F_VERSION] = "2",
	    [F_SIGNATURE] = "",
	    [F_CERT_URL] = CERT_URL,
	}};

	if (strcmp(type, "Notification") == 0) {
		l.f[F_UNSUBSCRIBE] = HOST "/?Action=Unsubscribe";
		return l;
	}
	l.f[F_TOKEN] = TOKEN;
	l.f[F_SUBSCRIBE] =
	    HOST "/?Action=ConfirmSubscription&TopicArn=" TOPIC "&Token=" TOKEN;
	return l;
}

static void
on_done(const struct error *err, void *arg)
{
	(void)arg;
	rig.ended++;
	rig.genuine = err == NULL;
	if (err != NULL)
		rig.err = *err;
}

bool
rig_take(const char *json, size_t len, bool fresh)
{
	struct sns_check *check;
	struct sns_message *m;

	error_clear(&rig.err);
	rig.genuine = false;
	if (sns_parse(json, len, &m, &rig.err) == -1) {
		assert_int_equal(rig.err.code, ERR_PROTOCOL);
		return false;
	}
	rig.ended = 0;
	assert_int_equal(
	    sns_verify(rig.v, m, fresh, on_done, NULL, &check, &rig.err), 0);
	assert_int_equal(rig.ended, 0);
	assert_true(fake_loop_pass(rig.loop, 100));
	assert_int_equal(rig.ended, 1);
	sns_message_free(m);
	return rig.genuine;
}

bool
rig_take_letter(const struct letter *l, EVP_PKEY *key)
{
	struct letter copy = *l;
	char *signature = maker_sign(l, l->f[F_TYPE], l->f[F_VERSION], key);
	char *json;
	bool genuine;

	copy.f[F_SIGNATURE] = signature;
	json = maker_json(&copy);
	genuine = rig_take(json, strlen(json), true);
	free(json);
	free(signature);
	return genuine;
}

unsigned
rig_flood(unsigned n)
{
	static unsigned made;
	struct letter l = rig_letter("Notification");
	unsigned i, busy = 0;
	char url[200];

	l.f[F_CERT_URL] = url;
	l.f[F_VERSION] = "2";
	for (i = 0; i < n; i++) {
		snprintf(url, sizeof(url),
		    HOST "/SimpleNotificationService-%030xff.pem", made++);
		assert_false(rig_take_letter(&l, rig.key));
		busy += rig.err.code == ERR_BUSY && rig.err.retryable;
	}
	return busy;
}
