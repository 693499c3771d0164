/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Real messages of SNS, which are believed, and forgeries, which are not; and
 * nobody but the topic's own host is ever asked for a certificate. The real
 * ones are read where they are at hand (AWAITD_VECTORS, or ../shared/vectors).
 */
#include "tests/support/verify_rig.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_loop.h"

#define NOTE "Notification"
#define SUBSCRIPTION "SubscriptionConfirmation"
#define UNSUBSCRIPTION "UnsubscribeConfirmation"
#define REAL_MESSAGES 12

static unsigned forged, accepted, bad_fetch, genuine, rejected;

/* --- the table ------------------------------------------------------ */

enum key { KEY_SNS, KEY_OTHER };
enum cert {
	CERT_GOOD,
	CERT_OVER,
	CERT_EARLY,
	CERT_NAME,
	CERT_WILDCARD,
	CERT_SELF,
	CERT_TWO,
	CERT_TWO_FOREIGN_FIRST,
	CERT_KEY_BEHIND,
	CERT_TEXT_BEFORE,
	CERT_EC,
	CERT_SHORT_KEY,
	CERT_LARGE,
	CERT_EMPTY,
	CERT_HTML,
	CERT_DER_JUNK,
	CERT_ONE_LINE,
	CERT_REDIRECT,
	CERT_GONE,
	CERT_OTHER_KEY,
	CERT_COUNT,
};

struct forgery {
	const char *name;
	const char *type; /* NULL: NOTE */
	enum field set; /* before it is signed */
	const char *to;
	enum field turn; /* behind that */
	const char *into;
	const char *from, *by; /* in the JSON */
	const char *sign_as; /* the string of that type */
	const char *sign_version;
	enum key key;
	enum cert cert;
	int64_t age_ms;
	bool after_v2;
	bool require_v2;
};

#define URL(u) .turn = F_CERT_URL, .into = u
#define REPLACE(a, b) .from = a, .by = b
#define FILE_HERE FILE_OF(HEX)
#define OTHER_TOPIC(arn) .set = F_TOPIC, .to = arn

static const struct forgery forgeries[] = {
    /* signatures */
    {"another key", .key = KEY_OTHER},
    {"another key, version 1", .set = F_VERSION, .to = "1", .key = KEY_OTHER},
    {"version 1 behind 2", .set = F_VERSION, .to = "1", .after_v2 = true},
    {"version 1 where 2 is wanted", .set = F_VERSION, .to = "1",
	.require_v2 = true},
    {"SHA-1 called 2", .sign_version = "1"},
    {"SHA-256 called 1", .sign_version = "2", .set = F_VERSION, .to = "1"},
    {"version 3", .turn = F_VERSION, .into = "3"},
    {"version 01", .turn = F_VERSION, .into = "01"},
    {"version '2 '", .turn = F_VERSION, .into = "2 "},
    {"version empty", .turn = F_VERSION, .into = ""},
    {"version a number",
	REPLACE("\"SignatureVersion\" : \"2\"", "\"SignatureVersion\" : 2")},
    {"signature empty", .turn = F_SIGNATURE, .into = ""},
    {"signature short", .turn = F_SIGNATURE, .into = "AAAA"},
    {"signature no base64", .turn = F_SIGNATURE, .into = "%%%%"},
    {"signature with a blank",
	REPLACE("\"Signature\" : \"", "\"Signature\" : \" ")},
    {"signature with an end behind its padding", REPLACE("==\",", "==AAAA\",")},
    {"signature twice as long",
	REPLACE("==\",",
	    "AA"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	    "\",")},
    {"no signature", REPLACE("\"Signature\" :", "\"Sig\" :")},
    {"string of a confirmation", .set = F_SUBJECT, .to = "subject",
	.sign_as = SUBSCRIPTION},
    {"string of a notification", .type = SUBSCRIPTION, .sign_as = NOTE},
    {"a confirmation that says it is the other", .type = SUBSCRIPTION,
	.turn = F_TYPE, .into = UNSUBSCRIPTION},
    {"a notification that says it confirms", .turn = F_TYPE,
	.into = SUBSCRIPTION},
    /* what was signed is not what is there */
    {"another message", .turn = F_MESSAGE, .into = "It is not done"},
    {"another id", .turn = F_ID,
	.into = "1e0d9e8f-8b5c-5c1e-8d0b-c0a560b3d192"},
    {"another time", .turn = F_TIME, .into = "2026-03-04T05:06:08.001Z"},
    {"another token", .type = SUBSCRIPTION, .turn = F_TOKEN,
	.into = "2336412f37fb687f5d51e6e2425929f6"},
    {"another SubscribeURL", .type = SUBSCRIPTION, .turn = F_SUBSCRIBE,
	.into = "https://canary.example/?Action=ConfirmSubscription"},
    {"a subject more", .turn = F_SUBJECT, .into = "subject"},
    {"a subject less", .set = F_SUBJECT, .to = "subject",
	REPLACE("\"Subject\" : \"subject\",", "")},
    {"subject null", .set = F_SUBJECT, .to = "subject",
	REPLACE("\"subject\"", "null")},
    {"subject and message swapped", .set = F_SUBJECT, .to = "It is done",
	.turn = F_SUBJECT, .into = "It is odd"},
    {"message in the subject's place", .set = F_MESSAGE,
	.to = "a\\nSubject\\nb",
	REPLACE("\"a\\nSubject\\nb\"", "\"a\", \"Subject\" : \"b\"")},
    {"a blank at the end", .turn = F_MESSAGE, .into = "It is done "},
    {"a byte order mark in the message", .turn = F_MESSAGE,
	.into = "\\uFEFFIt is done"},
    /* JSON that two could read differently */
    {"NUL in the message", REPLACE("It is done", "It is done\\u0000!")},
    {"NUL in the topic", REPLACE(":results\"", ":results\\u0000x\"")},
    {"half a surrogate", REPLACE("It is done", "It is done\\ud800")},
    {"Message twice",
	REPLACE("\"Message\" :", "\"Message\" : \"forged\", \"Message\" :")},
    {"Message twice, the last is forged",
	REPLACE(
	    "\"Timestamp\" :", "\"Message\" : \"forged\", \"Timestamp\" :")},
    {"Message twice, one escaped",
	REPLACE(
	    "\"Message\" :", "\"M\\u0065ssage\" : \"forged\", \"Message\" :")},
    {"TopicArn twice",
	REPLACE("\"TopicArn\" :",
	    "\"TopicArn\" : \"arn:aws:sns:us-east-1:1:x\", \"TopicArn\" :")},
    {"message beside Message",
	REPLACE(
	    "\"Timestamp\" :", "\"message\" : \"forged\", \"Timestamp\" :")},
    {"MESSAGE for Message", REPLACE("\"Message\" :", "\"MESSAGE\" :")},
    {"SigningCertUrl beside SigningCertURL",
	REPLACE("\"Timestamp\" :",
	    "\"SigningCertUrl\" : \"https://evil.example/x.pem\", "
	    "\"Timestamp\" :")},
    {"a Token in a notification",
	REPLACE("\"Timestamp\" :", "\"Token\" : \"x\", \"Timestamp\" :")},
    {"SubscribeURL in a notification",
	REPLACE("\"Timestamp\" :",
	    "\"SubscribeURL\" : \"https://evil.example\", \"Timestamp\" :")},
    {"a subject in a confirmation", .type = SUBSCRIPTION,
	REPLACE("\"Timestamp\" :", "\"Subject\" : \"x\", \"Timestamp\" :")},
    {"a message that is no string", REPLACE("\"It is done\"", "{\"x\" : 1}")},
    {"something behind it", REPLACE("\n}", "\n} {}")},
    {"an array", REPLACE("{\n  \"Type\"", "[{\n  \"Type\"")},
    {"raw: the message alone",
	REPLACE(NULL,
	    "{\"eventName\":"
	    "\"InferenceResult\",\"invocationStatus\":\"Completed\"}")},
    {"raw: no JSON", REPLACE(NULL, "It is done")},
    {"nothing", REPLACE(NULL, "")},
    {"a Type that SNS has not", .set = F_TYPE, .to = "notification"},
    {"a new line in the id", .set = F_ID, .to = "a\\nb"},
    {"a new line in the subject", .set = F_SUBJECT, .to = "a\\nb"},
    {"no Timestamp", REPLACE("\"Timestamp\" :", "\"Time\" :")},
    {"a Timestamp of another form", .set = F_TIME, .to = "2026-03-04 05:06:07"},
    /* topics */
    {"another topic of ours",
	OTHER_TOPIC("arn:aws:sns:us-east-1:"
		    "123456789012:others")},
    {"another account",
	OTHER_TOPIC("arn:aws:sns:us-east-1:"
		    "999999999999:results")},
    {"another region",
	OTHER_TOPIC("arn:aws:sns:us-west-2:"
		    "123456789012:results")},
    {"another partition",
	OTHER_TOPIC("arn:aws-cn:sns:us-east-1:"
		    "123456789012:results")},
    {"the topic in other letters",
	OTHER_TOPIC("arn:aws:sns:us-east-1:"
		    "123456789012:Results")},
    {"the topic and more", OTHER_TOPIC(TOPIC "2")},
    {"the topic and a blank", OTHER_TOPIC(TOPIC " ")},
    {"a topic of theirs, and our certificate's host",
	OTHER_TOPIC("arn:aws:sns:us-east-1:666666666666:evil")},
    /* time */
    {"a replay, out of the window", .age_ms = 76 * MINUTE},
    {"a replay of last year", .age_ms = 364 * DAY},
    {"from the future", .age_ms = -6 * MINUTE},
    /* hosts */
    {"http", URL("http://sns.us-east-1.amazonaws.com" FILE_HERE)},
    {"HTTPS", URL("HTTPS://sns.us-east-1.amazonaws.com" FILE_HERE)},
    {"ftp", URL("ftp://sns.us-east-1.amazonaws.com" FILE_HERE)},
    {"file", URL("file:///tmp" FILE_HERE)},
    {"no scheme", URL("//sns.us-east-1.amazonaws.com" FILE_HERE)},
    {"S3's old name of a bucket called sns",
	URL("https://sns.s3-us-west-2.amazonaws.com" FILE_HERE)},
    {"a bucket", URL("https://s3.amazonaws.com/sns" FILE_HERE)},
    {"the bucket sns.us-east-1",
	URL("https://sns.us-east-1.s3.amazonaws.com" FILE_HERE)},
    {"another region's host",
	URL("https://sns.us-west-2.amazonaws.com" FILE_HERE)},
    {"China's host", URL("https://sns.us-east-1.amazonaws.com.cn" FILE_HERE)},
    {"a suffix",
	URL("https://sns.us-east-1.amazonaws.com.evil.example" FILE_HERE)},
    {"a prefix", URL("https://evilsns.us-east-1.amazonaws.com" FILE_HERE)},
    {"a host before",
	URL("https://evil.sns.us-east-1.amazonaws.com" FILE_HERE)},
    {"no dot", URL("https://sns-us-east-1.amazonaws.com" FILE_HERE)},
    {"user names that look like the host",
	URL("https://sns.us-east-1.amazonaws.com@evil.example" FILE_HERE)},
    {"a user name", URL("https://x@sns.us-east-1.amazonaws.com" FILE_HERE)},
    {"a user name and a password",
	URL("https://sns.us-east-1.amazonaws.com:x@evil.example" FILE_HERE)},
    {"another port", URL("https://sns.us-east-1.amazonaws.com:8443" FILE_HERE)},
    {"port 443 and more",
	URL("https://sns.us-east-1.amazonaws.com:4430" FILE_HERE)},
    {"port 0443", URL("https://sns.us-east-1.amazonaws.com:0443" FILE_HERE)},
    {"a port that is empty",
	URL("https://sns.us-east-1.amazonaws.com:" FILE_HERE)},
    {"a dot at the end", URL("https://sns.us-east-1.amazonaws.com." FILE_HERE)},
    {"upper case", URL("https://SNS.us-east-1.amazonaws.com" FILE_HERE)},
    {"another alphabet",
	URL("https://\u0455ns.us-east-1.amazonaws.com" FILE_HERE)},
    {"punycode", URL("https://xn--ns-8cd.us-east-1.amazonaws.com" FILE_HERE)},
    {"a dot of another script",
	URL("https://sns.us-east-1.amazonaws\u3002com" FILE_HERE)},
    {"%2e", URL("https://sns.us-east-1.amazonaws%2ecom" FILE_HERE)},
    {"a backslash",
	URL("https://evil.example\\\\sns.us-east-1.amazonaws.com" FILE_HERE)},
    {"an address", URL("https://169.254.169.254" FILE_HERE)},
    {"localhost", URL("https://localhost" FILE_HERE)},
    {"a tab", URL("https://sns.us-east-1.amazonaws.com\\t" FILE_HERE)},
    {"a new line", URL("https://sns.us-east-1.amazonaws.com\\r\\n" FILE_HERE)},
    /* paths */
    {"a query", URL(CERT_URL "?x=.pem")},
    {"a fragment", URL(CERT_URL "#x.pem")},
    {"another folder", URL(HOST "/x" FILE_HERE)},
    {"a folder up", URL(HOST "/../x/.." FILE_HERE)},
    {"two slashes", URL(HOST "/" FILE_HERE)},
    {"an escape", URL(HOST "/%53impleNotificationService-" HEX ".pem")},
    {"another file", URL(HOST "/x.pem")},
    {"an action", URL(HOST "/?Action=Subscribe&x=.pem")},
    {"31 digits",
	URL(HOST "/SimpleNotificationService-"
		 "0123456789abcdef0123456789abcde.pem")},
    {"33 digits", URL(HOST "/SimpleNotificationService-" HEX "0.pem")},
    {"upper-case digits",
	URL(HOST "/SimpleNotificationService-"
		 "0123456789ABCDEF0123456789ABCDEF.pem")},
    {"no .pem", URL(HOST "/SimpleNotificationService-" HEX)},
    {".pem.pem", URL(CERT_URL ".pem")},
    {"a path after it", URL(CERT_URL "/x.pem")},
    {"no URL", URL("")},
    {"a URL that is missing", REPLACE("\"SigningCertURL\" :", "\"URL\" :")},
    /* certificates */
    {"over", .cert = CERT_OVER},
    {"not yet", .cert = CERT_EARLY},
    {"of another name", .cert = CERT_NAME},
    {"of all names", .cert = CERT_WILDCARD},
    {"signed by itself", .cert = CERT_SELF},
    {"two of them", .cert = CERT_TWO},
    {"two of them, the first is foreign", .cert = CERT_TWO_FOREIGN_FIRST},
    {"with a key behind it", .cert = CERT_KEY_BEHIND},
    {"with a text before it", .cert = CERT_TEXT_BEFORE},
    {"of an elliptic curve", .cert = CERT_EC},
    {"of 1,024 bits", .cert = CERT_SHORT_KEY},
    {"of 1 MB", .cert = CERT_LARGE},
    {"an empty one", .cert = CERT_EMPTY},
    {"HTML", .cert = CERT_HTML},
    {"junk in PEM", .cert = CERT_DER_JUNK},
    {"begin and end in one line", .cert = CERT_ONE_LINE},
    {"a redirect", .cert = CERT_REDIRECT},
    {"none", .cert = CERT_GONE},
    {"of another key", .cert = CERT_OTHER_KEY},
};

/* --- the host of certificates --------------------------------------- */

static struct {
	int status;
	const char *headers;
	char *body;
} served[CERT_COUNT];
static EVP_PKEY *other, *curve, *small;

static void
serve(enum cert c, int status, char *body)
{
	served[c].status = status;
	served[c].headers = "";
	served[c].body = body;
}

static char *
self_signed(EVP_PKEY *key)
{
	struct maker_cert c = {
	    .key = key,
	    .name = "sns.amazonaws.com",
	    .from = clock_wall_ms() - DAY,
	    .until = clock_wall_ms() + 365 * DAY,
	};

	return maker_cert(&c);
}

static char *
large(void)
{
	char *s = xmalloc(1000001), *good = rig.pem;
	size_t len = strlen(good);

	memset(s, '\n', 1000000);
	memcpy(s, good, len);
	s[1000000] = '\0';
	return s;
}

/* When the clock is where it will be. */
static void
make_certs(void)
{
	const char *name = "sns.amazonaws.com";
	char *foreign;

	other = maker_key(2048);
	curve = maker_key(0);
	small = maker_key(1024);
	foreign = rig_cert(other, name, -DAY, 365 * DAY);
	serve(CERT_GOOD, 200, xstrdup(rig.pem));
	serve(CERT_OVER, 200, rig_cert(rig.key, name, -365 * DAY, -MINUTE));
	serve(CERT_EARLY, 200, rig_cert(rig.key, name, MINUTE, DAY));
	serve(
	    CERT_NAME, 200, rig_cert(rig.key, "sqs.amazonaws.com", -DAY, DAY));
	serve(CERT_WILDCARD, 200,
	    rig_cert(rig.key, "*.amazonaws.com", -DAY, DAY));
	serve(CERT_SELF, 200, self_signed(rig.key));
	serve(CERT_TWO, 200, xasprintf("%s%s", rig.pem, foreign));
	serve(CERT_TWO_FOREIGN_FIRST, 200, xasprintf("%s%s", foreign, rig.pem));
	serve(CERT_KEY_BEHIND, 200,
	    xasprintf("%s-----BEGIN PUBLIC KEY-----\n"
		      "AAAA\n-----END PUBLIC KEY-----\n",
		rig.pem));
	serve(CERT_TEXT_BEFORE, 200, xasprintf("subject=sns\n%s", rig.pem));
	serve(CERT_EC, 200, rig_cert(curve, name, -DAY, DAY));
	serve(CERT_SHORT_KEY, 200, rig_cert(small, name, -DAY, DAY));
	serve(CERT_LARGE, 200, large());
	serve(CERT_EMPTY, 200, xstrdup(""));
	serve(CERT_HTML, 200, xstrdup("<html><body>Sign in</body></html>"));
	serve(CERT_DER_JUNK, 200,
	    xstrdup("-----BEGIN CERTIFICATE-----\nAAAA\n"
		    "-----END CERTIFICATE-----\n"));
	serve(CERT_ONE_LINE, 200,
	    xstrdup("-----BEGIN CERTIFICATE--------END CERTIFICATE-----\n"));
	serve(CERT_REDIRECT, 302, xstrdup(rig.pem));
	served[CERT_REDIRECT].headers = "Location: https://evil.example/x.pem";
	serve(CERT_GONE, 404, xstrdup(""));
	serve(CERT_OTHER_KEY, 200, foreign);
}

static void
free_certs(void)
{
	size_t i;

	for (i = 0; i < CERT_COUNT; i++)
		free(served[i].body);
	EVP_PKEY_free(other);
	EVP_PKEY_free(curve);
	EVP_PKEY_free(small);
}

/* Every request that leaves. */
static bool
watch(const char *method, const char *url, const struct headers *headers,
    void *arg)
{
	(void)headers;
	(void)arg;
	if (!str_eq(method, "GET") || !str_eq(url, CERT_URL)) {
		print_message("# fetched: %s %s\n", method, url);
		bad_fetch++;
	}
	return true;
}

static void
anything(const char *method, const char *url, const struct headers *headers,
    struct peer_answer *out, void *arg)
{
	(void)method;
	(void)url;
	(void)headers;
	(void)arg;
	out->status = 404;
}

/* --- one forgery ---------------------------------------------------- */

static char *
replace(const char *s, const char *from, const char *by)
{
	const char *at;

	if (from == NULL)
		return xstrdup(by);
	at = strstr(s, from);
	if (at == NULL)
		fail_msg("'%s' is not in %s", from, s);
	return xasprintf("%.*s%s%s", (int)(at - s), s, by, at + strlen(from));
}

static char *
make(const struct forgery *f, char *time)
{
	const char *type = f->type != NULL ? f->type : NOTE;
	struct letter l = rig_letter(type);
	char *json, *signature;

	timefmt_iso(clock_wall_ms() - f->age_ms, time);
	l.f[F_TIME] = time;
	if (f->to != NULL)
		l.f[f->set] = f->to;
	signature = maker_sign(&l, f->sign_as != NULL ? f->sign_as : type,
	    f->sign_version != NULL ? f->sign_version : l.f[F_VERSION],
	    f->key == KEY_SNS ? rig.key : other);
	l.f[F_SIGNATURE] = signature;
	if (f->into != NULL)
		l.f[f->turn] = f->into;
	json = maker_json(&l);
	free(signature);
	if (f->by != NULL) {
		char *turned = replace(json, f->from, f->by);

		free(json);
		json = turned;
	}
	return json;
}

static void
prepare(const struct forgery *f)
{
	struct sns_verifier_options o = {.require_v2 = f->require_v2};
	struct letter l = rig_letter(NOTE);

	peer_reset();
	peer_watch(watch, NULL, NULL);
	peer_serve(anything, NULL);
	rig_serve(served[f->cert].status, served[f->cert].headers,
	    served[f->cert].body);
	rig_verifier(&o);
	if (f->after_v2)
		assert_true(rig_take_letter(&l, rig.key));
}

static void
try(const struct forgery *f)
{
	char time[TIMEFMT_ISO_SIZE], *json;

	prepare(f);
	json = make(f, time);
	forged++;
	if (rig_take(json, strlen(json), true)) {
		print_message("# believed: %s: %s\n", f->name, json);
		accepted++;
	} else if (rig.err.code != ERR_AUTH && rig.err.code != ERR_PROTOCOL &&
	    rig.err.code != ERR_LIMIT) {
		fail_msg("%s: %s", f->name, rig.err.text);
	}
	if (strstr(rig.err.text, "evil") != NULL ||
	    strstr(rig.err.text, "forged") != NULL)
		fail_msg("%s: its words are told: %s", f->name, rig.err.text);
	free(json);
}

static void
no_forgery_is_believed_and_no_other_host_is_asked(void **state)
{
	const struct forgery nothing = {.name = "genuine"};
	struct letter l = rig_letter(NOTE);
	size_t i;

	(void)state;
	make_certs();
	for (i = 0; i < ARRAY_LEN(forgeries); i++)
		try(&forgeries[i]);
	/* What they all were made from is good. */
	prepare(&nothing);
	for (i = 0; i < 3; i++) {
		l = rig_letter(i == 0 ? NOTE
			: i == 1      ? SUBSCRIPTION
				      : UNSUBSCRIPTION);
		assert_true(rig_take_letter(&l, rig.key));
		genuine++;
	}
	free_certs();
	assert_true(forged >= 70);
	assert_int_equal(accepted, 0);
	assert_int_equal(bad_fetch, 0);
}

/* --- real ones ------------------------------------------------------ */

static char *
vectors(void)
{
	const char *named = getenv("AWAITD_VECTORS");
	const char *top = getenv("abs_top_srcdir");

	if (!str_empty(named))
		return xasprintf("%s/sns", named);
	return xasprintf("%s/../shared/vectors/sns", top != NULL ? top : ".");
}

static struct buf
load(const char *folder, const char *name)
{
	char *path = xasprintf("%s/%s", folder, name);
	struct error err;
	struct buf b;

	buf_init(&b, 1 << 20);
	if (file_read(path, &b, &err) == -1)
		fail_msg("%s", err.text);
	free(path);
	return b;
}

static const char *
base_name(const char *url)
{
	return strrchr(url, '/') + 1;
}

/* By its own clock, with its own certificate from its own host. */
static void
try_real(const char *folder, const char *name)
{
	struct buf text = load(folder, name), pem;
	struct sns_verifier_options o = {.ntopics = 1};
	struct sns_message *m;
	const char *topic;
	struct error err;

	if (sns_parse(text.data, text.len, &m, &err) == -1)
		fail_msg("%s: %s", name, err.text);
	topic = m->topic_arn;
	o.topics = &topic;
	fake_clock_jump(m->sent_at + 1000 - clock_wall_ms());
	peer_reset();
	rig_verifier(&o);
	pem = load(folder, base_name(m->cert_url));
	peer_reply(peer_expect("GET", m->cert_url), 200, "", pem.data);
	genuine++;
	if (!rig_take(text.data, text.len, true)) {
		print_message("# %s: %s\n", name, rig.err.text);
		rejected++;
	}
	assert_null(peer_verdict());
	sns_message_free(m);
	buf_done(&text);
	buf_done(&pem);
}

static unsigned
try_folder(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *d;
	unsigned n = 0;

	assert_non_null(dir);
	while ((d = readdir(dir)) != NULL) {
		if (!str_ends(d->d_name, ".json"))
			continue;
		try_real(folder, d->d_name);
		n++;
	}
	closedir(dir);
	return n;
}

static void
real_messages_are_believed(void **state)
{
	static const char *const folders[] = {"java-sdk-v2-7506a1e3",
	    "php-validator-7ff53184", "pub-2024-60eadc53"};
	char *top = vectors(), *path;
	unsigned n = 0;
	size_t i;

	(void)state;
	if (access(top, R_OK) != 0) {
		print_message("# no messages at %s (AWAITD_VECTORS)\n", top);
		free(top);
		skip();
	}
	for (i = 0; i < ARRAY_LEN(folders); i++) {
		path = xasprintf("%s/%s", top, folders[i]);
		n += try_folder(path);
		free(path);
	}
	free(top);
	assert_int_equal(n, REAL_MESSAGES);
	assert_int_equal(rejected, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    VERIFY_TEST(no_forgery_is_believed_and_no_other_host_is_asked),
	    VERIFY_TEST(real_messages_are_believed),
	};
	int failed =
	    cmocka_run_group_tests(tests, verify_rig_start, verify_rig_stop);

	print_message("# forged=%u accepted=%u bad_fetch=%u genuine=%u "
		      "rejected=%u\n",
	    forged, accepted, bad_fetch, genuine, rejected);
	return failed;
}
