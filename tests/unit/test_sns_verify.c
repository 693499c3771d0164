/* SPDX-License-Identifier: Apache-2.0 */
/* What is genuine is believed, certificates are fetched once and seldom. What
 * is forged is in test_sns_forged.c. */
#include "tests/support/verify_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aws/sns_cert.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_loop.h"

#define NOTE "Notification"

/* --- what is genuine ------------------------------------------------ */

static void
each_type_and_version_is_believed(void **state)
{
	static const char *const types[] = {
	    NOTE, "SubscriptionConfirmation", "UnsubscribeConfirmation"};
	struct letter l;
	size_t i;

	(void)state;
	rig_serve(200, "", rig.pem);
	for (i = 0; i < ARRAY_LEN(types); i++) {
		l = rig_letter(types[i]);
		l.f[F_VERSION] = "1";
		assert_true(rig_take_letter(&l, rig.key));
	}
	for (i = 0; i < ARRAY_LEN(types); i++) {
		l = rig_letter(types[i]);
		assert_true(rig_take_letter(&l, rig.key));
	}
	l = rig_letter(NOTE);
	l.f[F_SUBJECT] = "a subject";
	assert_true(rig_take_letter(&l, rig.key));
	l.f[F_CERT_URL] =
	    "https://sns.us-east-1.amazonaws.com:443" FILE_OF(HEX);
	assert_true(rig_take_letter(&l, rig.key));
	assert_int_equal(peer_count("*", "*"), 1);
}

static void
what_is_late_is_believed_till_max_age(void **state)
{
	struct sns_verifier_options o = {.max_age_ms = 10 * MINUTE};
	struct letter l = rig_letter(NOTE);

	(void)state;
	rig_serve(200, "", rig.pem);
	fake_clock_advance(74 * MINUTE);
	assert_true(rig_take_letter(&l, rig.key));
	fake_clock_advance(MINUTE);
	assert_false(rig_take_letter(&l, rig.key));
	assert_non_null(strstr(rig.err.text, "75 minutes old"));
	assert_non_null(strstr(rig.err.text, "max_age"));
	/* It is SNS's all the same: our clock may be wrong. */
	assert_int_equal(rig.err.code, ERR_LIMIT);
	assert_false(rig.err.retryable);
	assert_non_null(strstr(rig.err.hint, "this machine's clock"));
	rig_verifier(&o);
	l = rig_letter(NOTE);
	assert_false(rig_take_letter(&l, rig.key));
}

/* Its certificate has run out by then. */
static void
what_waited_in_a_queue_may_be_old(void **state)
{
	struct letter l = rig_letter(NOTE);
	char *signature, *json;

	(void)state;
	rig_serve(200, "", rig.pem);
	signature = maker_sign(&l, NOTE, "2", rig.key);
	l.f[F_SIGNATURE] = signature;
	json = maker_json(&l);
	fake_clock_advance(400 * DAY);
	assert_false(rig_take(json, strlen(json), true));
	assert_true(rig_take(json, strlen(json), false));
	free(json);
	free(signature);
}

static void
a_clock_that_is_behind_counts_for_five_minutes(void **state)
{
	struct letter l = rig_letter(NOTE);
	char later[TIMEFMT_ISO_SIZE];

	(void)state;
	rig_serve(200, "", rig.pem);
	timefmt_iso(clock_wall_ms() + 4 * MINUTE, later);
	l.f[F_TIME] = later;
	assert_true(rig_take_letter(&l, rig.key));
	timefmt_iso(clock_wall_ms() + 6 * MINUTE, later);
	assert_false(rig_take_letter(&l, rig.key));
	/* In a minute it is good: SNS may send it again. */
	assert_int_equal(rig.err.code, ERR_LIMIT);
	assert_true(rig.err.retryable);
	fake_clock_advance(MINUTE);
	assert_true(rig_take_letter(&l, rig.key));
}

static void
a_clock_that_is_known_to_be_wrong_is_corrected(void **state)
{
	struct letter l = rig_letter(NOTE);
	char then[TIMEFMT_ISO_SIZE];

	(void)state;
	rig_serve(200, "", rig.pem);
	rig.behind_ms = 3 * 60 * MINUTE;
	timefmt_iso(clock_wall_ms() + rig.behind_ms, then);
	assert_false(rig_take_letter(&l, rig.key));
	assert_non_null(strstr(rig.err.text, "180 minutes old"));
	l.f[F_TIME] = then;
	assert_true(rig_take_letter(&l, rig.key));
	rig.behind_ms = 0;
	assert_false(rig_take_letter(&l, rig.key));
	assert_non_null(strstr(rig.err.text, "179 minutes ahead"));
}

static void
time_is_nothing_to_what_comes_by_a_queue(void **state)
{
	struct letter l = rig_letter(NOTE);
	char then[TIMEFMT_ISO_SIZE], *signature, *json;

	(void)state;
	rig_serve(200, "", rig.pem);
	timefmt_iso(clock_wall_ms() + DAY, then);
	l.f[F_TIME] = then;
	signature = maker_sign(&l, NOTE, "2", rig.key);
	l.f[F_SIGNATURE] = signature;
	json = maker_json(&l);
	assert_false(rig_take(json, strlen(json), true));
	assert_true(rig_take(json, strlen(json), false));
	free(json);
	free(signature);
}

/* --- the ratchet ---------------------------------------------------- */

#define V2 SNS_NEWS_VERSION_2

static void
version_1_is_over_once_a_2_came_also_after_a_restart(void **state)
{
	struct sns_verifier_options o = {0};
	struct letter l = rig_letter(NOTE);

	(void)state;
	rig_serve(200, "", rig.pem);
	l.f[F_VERSION] = "1";
	assert_true(rig_take_letter(&l, rig.key));
	assert_int_equal(rig.news[V2].n, 0);
	l.f[F_VERSION] = "2";
	assert_true(rig_take_letter(&l, rig.key));
	assert_int_equal(rig.news[V2].n, 1);
	l.f[F_VERSION] = "1";
	assert_false(rig_take_letter(&l, rig.key));
	assert_non_null(strstr(rig.err.hint, "SignatureVersion"));
	rig_verifier(&o);
	assert_true(rig_take_letter(&l, rig.key));
	sns_verifier_recall(rig.v, "endpoint x", "y");
	rig_restart();
	assert_false(rig_take_letter(&l, rig.key));
	l.f[F_VERSION] = "2";
	assert_true(rig_take_letter(&l, rig.key));
	assert_int_equal(rig.news[V2].n, 1);
}

static void
a_forged_version_2_turns_no_ratchet(void **state)
{
	struct letter l = rig_letter(NOTE);
	EVP_PKEY *other = maker_key(2048);

	(void)state;
	rig_serve(200, "", rig.pem);
	assert_false(rig_take_letter(&l, other));
	assert_int_equal(rig.news[V2].n, 0);
	l.f[F_VERSION] = "1";
	assert_true(rig_take_letter(&l, rig.key));
	EVP_PKEY_free(other);
}

/* --- fetching ------------------------------------------------------- */

static unsigned answers, goods;

static void
on_one(const struct error *err, void *arg)
{
	(void)arg;
	answers++;
	goods += err == NULL;
}

static struct sns_message *
parse_letter(const struct letter *l)
{
	struct letter copy = *l;
	char *signature = maker_sign(l, l->f[F_TYPE], l->f[F_VERSION], rig.key);
	struct sns_message *m;
	struct error err;
	char *json;

	copy.f[F_SIGNATURE] = signature;
	json = maker_json(&copy);
	assert_int_equal(sns_parse(json, strlen(json), &m, &err), 0);
	free(json);
	free(signature);
	return m;
}

static void
many_at_once_make_one_fetch(void **state)
{
	struct letter l = rig_letter(NOTE);
	struct sns_message *m = parse_letter(&l);
	struct sns_check *checks[50];
	struct error err;
	size_t i;

	(void)state;
	answers = goods = 0;
	peer_delay(
	    peer_reply(peer_expect("GET", CERT_URL), 200, "", rig.pem), 500);
	for (i = 0; i < ARRAY_LEN(checks); i++)
		assert_int_equal(
		    sns_verify(rig.v, m, true, on_one, NULL, &checks[i], &err),
		    0);
	for (i = 0; i < 10; i++)
		sns_verify_cancel(checks[i]);
	assert_true(fake_loop_pass(rig.loop, 400));
	assert_int_equal(answers, 0);
	assert_true(fake_loop_pass(rig.loop, 200));
	assert_int_equal(answers, 40);
	assert_int_equal(goods, 40);
	/* Decided, and taken back before it was told. */
	assert_int_equal(
	    sns_verify(rig.v, m, true, on_one, NULL, &checks[0], &err), 0);
	sns_verify_cancel(checks[0]);
	assert_true(fake_loop_pass(rig.loop, 200));
	assert_int_equal(answers, 40);
	sns_message_free(m);
}

static void
what_cannot_be_fetched_now_may_come_again(void **state)
{
	struct letter l = rig_letter(NOTE);

	(void)state;
	peer_fail(peer_expect("GET", CERT_URL), ERR_NET, "no route", false);
	assert_false(rig_take_letter(&l, rig.key));
	assert_int_equal(rig.err.code, ERR_NET);
	assert_true(rig.err.retryable);
	/* Nobody asks again at once. */
	assert_false(rig_take_letter(&l, rig.key));
	assert_int_equal(rig.err.code, ERR_NET);
	fake_clock_advance(15000);
	peer_reply(peer_expect("GET", CERT_URL), 503, "", "");
	assert_false(rig_take_letter(&l, rig.key));
	assert_int_equal(rig.err.code, ERR_REMOTE);
	assert_true(rig.err.retryable);
	fake_clock_advance(15000);
	peer_reply(peer_expect("GET", CERT_URL), 200, "", rig.pem);
	assert_true(rig_take_letter(&l, rig.key));
	fake_clock_advance(60 * MINUTE);
	assert_true(rig_take_letter(&l, rig.key));
}

static void
made_up_names_make_no_flood_and_drive_out_nothing(void **state)
{
	struct letter l = rig_letter(NOTE);
	size_t i, busy = 0, none = 0;
	char url[200];

	(void)state;
	rig_serve(200, "", rig.pem);
	assert_true(rig_take_letter(&l, rig.key));
	peer_reply(peer_always("GET", HOST "/*ff.pem"), 404, "", "");
	l.f[F_CERT_URL] = url;
	for (i = 0; i < 1000; i++) {
		snprintf(url, sizeof(url),
		    HOST "/SimpleNotificationService-%030zxff.pem", i);
		assert_false(rig_take_letter(&l, rig.key));
		busy += rig.err.code == ERR_BUSY && rig.err.retryable;
		none += rig.err.code == ERR_AUTH;
	}
	/* A tenth of a second each: 100 s. */
	assert_int_equal(none, 10);
	assert_int_equal(busy, 990);
	assert_int_equal(peer_count("*", "*"), 11);
	fake_clock_advance(3 * 60 * MINUTE);
	for (i = 0; i < 100; i++) {
		snprintf(url, sizeof(url),
		    HOST "/SimpleNotificationService-%030zxff.pem", i);
		timefmt_iso(clock_wall_ms(), rig.time);
		assert_false(rig_take_letter(&l, rig.key));
		assert_int_equal(rig.err.code, ERR_AUTH);
		fake_clock_advance(MINUTE);
	}
	l = rig_letter(NOTE);
	timefmt_iso(clock_wall_ms(), rig.time);
	assert_true(rig_take_letter(&l, rig.key));
	assert_int_equal(peer_count("GET", CERT_URL), 1);
}

/* --- where they come from ------------------------------------------- */

static void
use_topic(const char *arn)
{
	struct sns_verifier_options o = {.topics = &arn, .ntopics = 1};

	rig_verifier(&o);
}

static void
hosts_and_names_follow_from_the_region(void **state)
{
	static const struct {
		const char *arn, *url, *name;
	} cases[] = {
	    {"arn:aws:sns:eu-west-3:123456789012:t",
		"https://sns.eu-west-3.amazonaws.com", "sns.amazonaws.com"},
	    {"arn:aws:sns:af-south-1:123456789012:t",
		"https://sns.af-south-1.amazonaws.com",
		"sns-signing.af-south-1.amazonaws.com"},
	    {"arn:aws:sns:xx-new-1:123456789012:t",
		"https://sns.xx-new-1.amazonaws.com",
		"sns-signing.xx-new-1.amazonaws.com"},
	    {"arn:aws-cn:sns:cn-north-1:123456789012:t",
		"https://sns.cn-north-1.amazonaws.com.cn",
		"sns-cn-north-1.amazonaws.com.cn"},
	    {"arn:aws-us-gov:sns:us-gov-east-1:123456789012:t",
		"https://sns.us-gov-east-1.amazonaws.com",
		"sns-us-gov-west-1.amazonaws.com"},
	    {"arn:aws-eusc:sns:eusc-de-east-1:123456789012:t",
		"https://sns.eusc-de-east-1.amazonaws.eu",
		"sns-signing.eusc-de-east-1.amazonaws.eu"},
	    {"arn:aws-iso:sns:us-iso-east-1:123456789012:t",
		"https://sns.us-iso-east-1.c2s.ic.gov",
		"sns-us-iso-east-1.c2s.ic.gov"},
	};
	struct letter l = rig_letter(NOTE);
	char *pem, *url;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		use_topic(cases[i].arn);
		url = xasprintf("%s%s", cases[i].url, FILE_OF(HEX));
		l.f[F_TOPIC] = cases[i].arn;
		l.f[F_CERT_URL] = url;
		pem = rig_cert(rig.key, cases[i].name, -DAY, DAY);
		peer_reply(peer_expect("GET", url), 200, "", pem);
		assert_true(rig_take_letter(&l, rig.key));
		free(pem);
		/* The name of another region's is none. */
		use_topic(cases[i].arn);
		pem = rig_cert(
		    rig.key, "sns-signing.me-south-1.amazonaws.com", -DAY, DAY);
		peer_reply(peer_expect("GET", url), 200, "", pem);
		assert_false(rig_take_letter(&l, rig.key));
		assert_int_equal(rig.err.code, ERR_AUTH);
		free(pem);
		free(url);
	}
}

/* Each has one name, and opt-in regions another one than the old ones. */
static void
the_name_of_old_regions_is_theirs_alone(void **state)
{
	static const char url[] =
	    "https://sns.af-south-1.amazonaws.com" FILE_OF(HEX);
	struct letter l = rig_letter(NOTE);

	(void)state;
	l.f[F_TOPIC] = "arn:aws:sns:af-south-1:123456789012:t";
	l.f[F_CERT_URL] = url;
	use_topic(l.f[F_TOPIC]);
	peer_reply(peer_expect("GET", url), 200, "", rig.pem);
	assert_false(rig_take_letter(&l, rig.key));
	assert_non_null(strstr(rig.err.text, "another name"));
}

static void
an_endpoint_that_was_named_keeps_its_own(void **state)
{
	static const char url[] = "http://127.0.0.1:7070/base" FILE_OF(HEX);
	struct sns_verifier_options o = {0};
	struct letter l = rig_letter(NOTE);
	struct maker_cert c = {
	    .key = rig.key,
	    .name = "awaitd-local",
	    .from = clock_wall_ms() - DAY,
	    .until = clock_wall_ms() + DAY,
	};
	char *pem = maker_cert(&c);

	(void)state;
	setenv("AWS_ENDPOINT_URL_SNS", "http://127.0.0.1:7070/base/", 1);
	rig_verifier(&o);
	unsetenv("AWS_ENDPOINT_URL_SNS");
	assert_false(rig_take_letter(&l, rig.key));
	l.f[F_CERT_URL] = "http://127.0.0.1:7070" FILE_OF(HEX);
	assert_false(rig_take_letter(&l, rig.key));
	l.f[F_CERT_URL] = "http://127.0.0.1:443/base" FILE_OF(HEX);
	assert_false(rig_take_letter(&l, rig.key));
	l.f[F_CERT_URL] = url;
	peer_reply(peer_expect("GET", url), 200, "", pem);
	assert_true(rig_take_letter(&l, rig.key));
	free(pem);
	setenv("AWS_ENDPOINT_URL_SNS", "http://sns.test", 1);
	rig_verifier(&o);
	unsetenv("AWS_ENDPOINT_URL_SNS");
	l.f[F_CERT_URL] = "http://sns.test:443" FILE_OF(HEX);
	assert_false(rig_take_letter(&l, rig.key));
}

/* --- the chain ------------------------------------------------------ */

static char *
write_pem(const char *pem)
{
	char *path = xstrdup("/tmp/test_sns_verify.XXXXXX");
	int fd = mkstemp(path);

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, pem, strlen(pem)), (ssize_t)strlen(pem));
	close(fd);
	return path;
}

/* The certificate that `by` has issued for rig.key. */
static char *
issued(EVP_PKEY *by)
{
	struct maker_cert c = {
	    .key = rig.key,
	    .name = "sns.amazonaws.com",
	    .from = clock_wall_ms() - DAY,
	    .until = clock_wall_ms() + DAY,
	    .issuer_key = by,
	    .issuer = "Root",
	};

	return maker_cert(&c);
}

static void
with_a_ca_file_the_chain_must_end_there(void **state)
{
	struct sns_verifier_options o = {0};
	struct letter l = rig_letter(NOTE);
	EVP_PKEY *root = maker_key(2048), *other = maker_key(2048);
	struct maker_cert c = {
	    .key = root,
	    .name = "Root",
	    .from = clock_wall_ms() - DAY,
	    .until = clock_wall_ms() + DAY,
	    .is_ca = 1,
	};
	char *ca = maker_cert(&c), *path = write_pem(ca);
	char *good = issued(root), *foreign = issued(other);
	struct error err;

	(void)state;
	o.ca_file = path;
	rig_verifier(&o);
	peer_reply(peer_expect("GET", CERT_URL), 200, "", good);
	assert_true(rig_take_letter(&l, rig.key));
	rig_verifier(&o);
	peer_reply(peer_expect("GET", CERT_URL), 200, "", foreign);
	assert_false(rig_take_letter(&l, rig.key));
	assert_non_null(strstr(rig.err.text, "chain"));
	/* Whose issuer is not there at all. */
	rig_verifier(&o);
	peer_reply(peer_expect("GET", CERT_URL), 200, "", rig.pem);
	assert_false(rig_take_letter(&l, rig.key));
	/* Without one that counts for nothing but a contradiction. */
	o.ca_file = NULL;
	rig_verifier(&o);
	peer_reply(peer_expect("GET", CERT_URL), 200, "", rig.pem);
	assert_true(rig_take_letter(&l, rig.key));
	/* The system's store is this one: it has the name, and another key. */
	setenv("SSL_CERT_FILE", path, 1);
	rig_verifier(&o);
	peer_reply(peer_expect("GET", CERT_URL), 200, "", good);
	assert_true(rig_take_letter(&l, rig.key));
	rig_verifier(&o);
	peer_reply(peer_expect("GET", CERT_URL), 200, "", foreign);
	assert_false(rig_take_letter(&l, rig.key));
	unsetenv("SSL_CERT_FILE");
	o.ca_file = "/nonexistent";
	assert_int_equal(sns_verifier_new(&o, &rig.v, &err), -1);
	assert_int_equal(err.code, ERR_CONFIG);
	unlink(path);
	free(path);
	free(ca);
	free(good);
	free(foreign);
	EVP_PKEY_free(root);
	EVP_PKEY_free(other);
}

/* A message of a queue, when all that it was signed with is over. */
static void
the_chain_is_looked_at_as_of_then(void **state)
{
	struct sns_verifier_options o = {0};
	struct letter l = rig_letter(NOTE);
	EVP_PKEY *root = maker_key(2048);
	struct maker_cert c = {
	    .key = root,
	    .name = "Root",
	    .from = clock_wall_ms() - DAY,
	    .until = clock_wall_ms() + DAY,
	    .is_ca = 1,
	};
	char *ca = maker_cert(&c), *path = write_pem(ca), *pem = issued(root);
	char *signature = maker_sign(&l, NOTE, "2", rig.key), *json;

	(void)state;
	o.ca_file = path;
	rig_verifier(&o);
	rig_serve(200, "", pem);
	l.f[F_SIGNATURE] = signature;
	json = maker_json(&l);
	fake_clock_advance(9 * DAY);
	assert_true(rig_take(json, strlen(json), false));
	unlink(path);
	free(path);
	free(ca);
	free(pem);
	free(json);
	free(signature);
	EVP_PKEY_free(root);
}

static void
a_key_is_rsa_of_2048_bits(void **state)
{
	static const struct {
		unsigned bits;
		const char *words;
	} cases[] = {{0, "not RSA"}, {1024, "1024 bits"}, {2048, NULL}};
	struct sns_cert_wanted any = {0};
	struct sns_cert *cert;
	struct error err;
	EVP_PKEY *key;
	char *pem;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		key = maker_key(cases[i].bits);
		pem = rig_cert(key, "x", -DAY, DAY);
		if (cases[i].words == NULL) {
			assert_int_equal(
			    sns_cert_read(pem, strlen(pem), &any, &cert, &err),
			    0);
			sns_cert_free(cert);
		} else {
			assert_int_equal(
			    sns_cert_read(pem, strlen(pem), &any, &cert, &err),
			    -1);
			assert_non_null(strstr(err.text, cases[i].words));
		}
		free(pem);
		EVP_PKEY_free(key);
	}
}

static void
topics_that_are_none_are_told(void **state)
{
	static const char *const arns[] = {"", "arn:", "results",
	    "arn:aws:sqs:us-east-1:123456789012:x",
	    "arn:aws:sns:us-east-1:12345678901:x",
	    "arn:aws:sns:US-EAST-1:123456789012:x",
	    "arn:aws:sns::123456789012:x",
	    "arn:aws:sns:us-east-1:123456789012:",
	    "arn:aws:sns:us-east-1:123456789012:x:y",
	    "arn:aws:sns:us-east-1:123456789012:a b",
	    "arn:aws-cn:sns:us-east-1:123456789012:x",
	    "arn:aws:sns:cn-north-1:123456789012:x",
	    "arn:aws:sns:us-east-1.evil:123456789012:x"};
	struct sns_topic t;
	struct error err;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(arns); i++) {
		assert_int_equal(sns_topic_parse(arns[i], &t, &err), -1);
		assert_int_equal(err.code, ERR_USAGE);
	}
	assert_int_equal(
	    sns_topic_parse(
		"arn:aws:sns:us-east-1:123456789012:x.fifo", &t, &err),
	    0);
	assert_string_equal(t.partition, "aws");
	assert_string_equal(t.region, "us-east-1");
	assert_string_equal(t.account, "123456789012");
	assert_string_equal(t.name, "x.fifo");
	sns_topic_done(&t);
}

static void
topics_of_no_region_are_told_unless_an_endpoint_is_named(void **state)
{
	static const char *const regions[] = {"mars", "east-1", "us-east",
	    "us-east-1a", "us-east-1-fips", "fips-us-east-1", "us-east1-1",
	    "aws-global"};
	struct sns_verifier_options o = {
	    .loop = rig.loop, .http = rig.http, .ntopics = 1};
	struct sns_verifier *v;
	struct error err;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(regions); i++) {
		char *arn =
		    xasprintf("arn:aws:sns:%s:123456789012:t", regions[i]);
		const char *topic = arn;

		o.topics = &topic;
		error_clear(&err);
		if (sns_verifier_new(&o, &v, &err) == 0)
			fail_msg("taken: %s", arn);
		assert_int_equal(err.code, ERR_CONFIG);
		assert_non_null(strstr(err.text, arn));
		if (strstr(err.text, "AWS has no region") == NULL)
			fail_msg("%s", err.text);
		assert_true(str_starts(err.hint, "Copy the topic's ARN"));
		setenv("AWS_ENDPOINT_URL_SNS", "http://127.0.0.1:7070/", 1);
		assert_int_equal(sns_verifier_new(&o, &v, &err), 0);
		unsetenv("AWS_ENDPOINT_URL_SNS");
		sns_verifier_free(v);
		free(arn);
	}
	/* There will be others. */
	use_topic("arn:aws:sns:moon-crater-west-12:123456789012:t");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    VERIFY_TEST(each_type_and_version_is_believed),
	    VERIFY_TEST(what_is_late_is_believed_till_max_age),
	    VERIFY_TEST(what_waited_in_a_queue_may_be_old),
	    VERIFY_TEST(a_clock_that_is_behind_counts_for_five_minutes),
	    VERIFY_TEST(a_clock_that_is_known_to_be_wrong_is_corrected),
	    VERIFY_TEST(time_is_nothing_to_what_comes_by_a_queue),
	    VERIFY_TEST(version_1_is_over_once_a_2_came_also_after_a_restart),
	    VERIFY_TEST(a_forged_version_2_turns_no_ratchet),
	    VERIFY_TEST(many_at_once_make_one_fetch),
	    VERIFY_TEST(what_cannot_be_fetched_now_may_come_again),
	    VERIFY_TEST(made_up_names_make_no_flood_and_drive_out_nothing),
	    VERIFY_TEST(hosts_and_names_follow_from_the_region),
	    VERIFY_TEST(the_name_of_old_regions_is_theirs_alone),
	    VERIFY_TEST(an_endpoint_that_was_named_keeps_its_own),
	    VERIFY_TEST(with_a_ca_file_the_chain_must_end_there),
	    VERIFY_TEST(the_chain_is_looked_at_as_of_then),
	    VERIFY_TEST(a_key_is_rsa_of_2048_bits),
	    VERIFY_TEST(topics_that_are_none_are_told),
	    VERIFY_TEST(
		topics_of_no_region_are_told_unless_an_endpoint_is_named),
	};

	return cmocka_run_group_tests(tests, verify_rig_start, verify_rig_stop);
}
