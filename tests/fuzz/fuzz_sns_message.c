/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What anybody may post to the listener, what may be called a certificate, and
 * what the store may say of former ones. The first byte chooses: 'c' a
 * certificate, 'u' its URL, 'a' an ARN, 'k' what was kept; else a message.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "aws/sns.h"
#include "aws/sns_cert.h"
#include "aws/sns_host.h"
#include "aws/sns_verify.h"
#include "base/mem.h"
#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
hold(bool promise)
{
	if (!promise)
		abort();
}

static bool
is_line(const char *s)
{
	return s != NULL && *s != '\0' && !str_has_control(s);
}

static void
check_message(const struct sns_message *m)
{
	bool note = m->type == SNS_NOTIFICATION;
	const char *last;
	struct buf text;

	hold(is_line(m->message_id) && is_line(m->topic_arn));
	hold(is_line(m->timestamp) && is_line(m->cert_url));
	hold(m->version == 1 || m->version == 2);
	hold(m->signature_len >= 256 && m->signature_len <= 1024);
	hold(strlen(m->message) == m->message_len);
	hold(m->subject == NULL || !str_has_control(m->subject));
	hold((m->token == NULL) == note && (m->subscribe_url == NULL) == note);
	hold(note || m->subject == NULL);
	hold(note || (is_line(m->token) && is_line(m->subscribe_url)));
	buf_init(&text, 2 * SNS_BODY_MAX);
	sns_string_to_sign(m, &text);
	hold(!text.overflow && str_starts(text.data, "Message\n"));
	last = sns_type_name(m->type);
	hold(text.len > strlen(last) &&
	    strncmp(text.data + text.len - strlen(last) - 1, last,
		strlen(last)) == 0);
	buf_done(&text);
}

static void
try_message(const char *s, size_t len)
{
	struct sns_message *m;
	struct error err = {0};

	if (sns_parse(s, len, &m, &err) == 0) {
		check_message(m);
		sns_message_free(m);
		return;
	}
	hold(err.code == ERR_PROTOCOL && *err.text != '\0');
	hold(!str_has_control(err.text));
}

static void
try_cert(const char *s, size_t len)
{
	static const char *const names[] = {"sns.amazonaws.com", NULL};
	static struct sns_roots *roots;
	struct sns_cert_wanted wanted = {.names = names};
	unsigned char signature[256] = {1};
	struct error err = {0};
	struct sns_cert *c;

	if (roots == NULL)
		hold(sns_roots_load(NULL, &roots, &err) == 0);
	wanted.roots = roots;
	if (sns_cert_read(s, len, &wanted, &c, &err) == -1) {
		hold(err.code == ERR_AUTH && *err.text != '\0');
		return;
	}
	sns_cert_covers(c, 0);
	hold(!sns_cert_verify(c, 2, s, len, signature, sizeof(signature)));
	sns_cert_free(c);
}

/* Nothing but the digits comes from the message. */
static void
try_url(const char *s)
{
	static const char file[] = "/SimpleNotificationService-";
	static char base[] = "https://sns.us-east-1.amazonaws.com";
	struct sns_host h = {.base = base};
	char *url = sns_host_cert_url(&h, s);

	if (url == NULL)
		return;
	hold(str_starts(url, base) && str_ends(url, ".pem"));
	hold(str_starts(url + strlen(base), file));
	hold(strlen(url) == strlen(base) + strlen(file) + 32 + 4);
	hold(strspn(url + strlen(base) + strlen(file), "0123456789abcdef") ==
	    32);
	free(url);
}

static void
try_arn(const char *s)
{
	struct sns_topic t;
	struct error err;
	char *again;

	if (sns_topic_parse(s, &t, &err) == -1)
		return;
	again = xasprintf(
	    "arn:%s:sns:%s:%s:%s", t.partition, t.region, t.account, t.name);
	hold(str_eq(again, s) && str_eq(t.arn, s));
	free(again);
	sns_topic_done(&t);
}

#define TOPIC "arn:aws:sns:us-east-1:123456789012:t"

static void
try_kept(const char *s)
{
	static const char *const topics[] = {TOPIC};
	struct sns_verifier_options o = {.topics = topics, .ntopics = 1};
	static struct sns_verifier *v;
	struct error err;

	if (v == NULL) {
		setenv("AWS_CONFIG_FILE", "/nonexistent", 1);
		hold(sns_verifier_new(&o, &v, &err) == 0);
	}
	sns_verifier_recall(v, "sns-certificates " TOPIC, s);
	sns_verifier_recall(v, s, "2");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *s;

	if (size == 0)
		return 0;
	s = xstrndup((const char *)data + 1, size - 1);
	if (*data == 'c')
		try_cert((const char *)data + 1, size - 1);
	else if (*data == 'u')
		try_url(s);
	else if (*data == 'a')
		try_arn(s);
	else if (*data == 'k')
		try_kept(s);
	else
		try_message((const char *)data, size);
	free(s);
	return 0;
}
