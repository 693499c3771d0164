/* SPDX-License-Identifier: Apache-2.0 */
/* The envelope, read strictly, and what of it is signed. */
#include "aws/sns.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "aws/partition.h"
#include "base/encode.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"

#define FIELDS_MAX 64
#define VALUES_MAX 4096 /* with those of MessageAttributes */
#define ID_MAX 128
#define ARN_MAX 512
#define URL_MAX 8192
#define TOKEN_MAX 2048
#define SUBJECT_MAX 1024
#define SIGNATURE_MIN 256 /* RSA with 2048 bits */
#define SIGNATURE_MAX 1024
#define ACCOUNT_LEN 12
#define NAME_MAX_LEN 256

static const char *const type_names[] = {
    [SNS_NOTIFICATION] = "Notification",
    [SNS_SUBSCRIPTION_CONFIRMATION] = "SubscriptionConfirmation",
    [SNS_UNSUBSCRIBE_CONFIRMATION] = "UnsubscribeConfirmation",
};

const char *
sns_type_name(enum sns_type type)
{
	return type_names[type];
}

/* --- the names of the fields ---------------------------------------- */

/* Of which types a field is. */
enum { NOTE = 1, CONFIRM = 2, ALL = NOTE | CONFIRM };

/* With UnsubscribeURL and MessageAttributes, which are never read: that they
 * are not there twice counts. */
static const struct known {
	const char *name;
	int of;
} knowns[] = {
    {"Type", ALL},
    {"MessageId", ALL},
    {"Token", CONFIRM},
    {"TopicArn", ALL},
    {"Subject", NOTE},
    {"Message", ALL},
    {"SubscribeURL", CONFIRM},
    {"Timestamp", ALL},
    {"SignatureVersion", ALL},
    {"Signature", ALL},
    {"SigningCertURL", ALL},
    {"UnsubscribeURL", NOTE},
    {"MessageAttributes", NOTE},
};

/* Somebody who compares without case would read another message. */
static bool
is_variant(const struct json *member)
{
	const char *name = json_name(member);
	const struct json *next;
	size_t i;

	for (i = 0; i < ARRAY_LEN(knowns); i++) {
		if (str_ieq(name, knowns[i].name) &&
		    !str_eq(name, knowns[i].name))
			return true;
	}
	for (next = json_next(member); next != NULL; next = json_next(next)) {
		if (str_ieq(name, json_name(next)))
			return true;
	}
	return false;
}

static int
check_names(const struct json *doc, struct error *err)
{
	const struct json *m;
	size_t n = 0;

	for (m = json_first(doc); m != NULL; m = json_next(m)) {
		if (++n > FIELDS_MAX)
			return err_set(err, ERR_PROTOCOL,
			    "the message has more than %d fields", FIELDS_MAX);
	}
	for (m = json_first(doc); m != NULL; m = json_next(m)) {
		if (is_variant(m))
			return err_set(err, ERR_PROTOCOL,
			    "the message has a field whose name differs from "
			    "another one's in case only");
	}
	return 0;
}

static int
check_fields(const struct json *doc, enum sns_type type, struct error *err)
{
	int kind = type == SNS_NOTIFICATION ? NOTE : CONFIRM;
	size_t i;

	for (i = 0; i < ARRAY_LEN(knowns); i++) {
		if ((knowns[i].of & kind) == 0 &&
		    json_get(doc, knowns[i].name) != NULL)
			return err_set(err, ERR_PROTOCOL, "a %s has no %s",
			    sns_type_name(type), knowns[i].name);
	}
	return 0;
}

/* --- values --------------------------------------------------------- */

static int
complain(const char *name, const char *what, struct error *err)
{
	return err_set(err, ERR_PROTOCOL, "%s of the message %s", name, what);
}

/* A string that is there. */
static int
need(const struct json *doc, const char *name, const char **out,
    struct error *err)
{
	*out = json_get_str(doc, name);
	if (*out == NULL)
		return complain(name, "is missing, or no string", err);
	return 0;
}

/* One line that is not empty. */
static int
need_line(const struct json *doc, const char *name, size_t max, char **out,
    struct error *err)
{
	const char *s;

	if (need(doc, name, &s, err) == -1)
		return -1;
	if (*s == '\0' || strlen(s) > max)
		return complain(name, "is empty or too long", err);
	if (str_has_control(s))
		return complain(name, "holds a control character", err);
	*out = xstrdup(s);
	return 0;
}

static int
read_type(const struct json *doc, enum sns_type *out, struct error *err)
{
	const char *s;
	size_t i;

	if (need(doc, "Type", &s, err) == -1)
		return -1;
	for (i = 0; i < ARRAY_LEN(type_names); i++) {
		if (str_eq(s, type_names[i])) {
			*out = (enum sns_type)i;
			return 0;
		}
	}
	return complain("Type", "is none that SNS has", err);
}

static int
read_subject(const struct json *doc, struct sns_message *m, struct error *err)
{
	const struct json *j = json_get(doc, "Subject");
	const char *s = json_str(j);

	if (j == NULL || json_is_null(j))
		return 0;
	if (s == NULL || strlen(s) > SUBJECT_MAX)
		return complain("Subject", "is no string, or too long", err);
	if (str_has_control(s))
		return complain("Subject", "holds a control character", err);
	m->subject = xstrdup(s);
	return 0;
}

static int
read_version(const struct json *doc, struct sns_message *m, struct error *err)
{
	const char *s;

	if (need(doc, "SignatureVersion", &s, err) == -1)
		return -1;
	if (!str_eq(s, "1") && !str_eq(s, "2"))
		return complain("SignatureVersion", "is neither 1 nor 2", err);
	m->version = *s == '1' ? 1 : 2;
	return 0;
}

static int
read_signature(const struct json *doc, struct sns_message *m, struct error *err)
{
	struct buf bytes;
	const char *s;
	int rc;

	if (need(doc, "Signature", &s, err) == -1)
		return -1;
	buf_init(&bytes, SIGNATURE_MAX);
	rc = decode_base64(&bytes, s, strlen(s));
	if (rc == -1 || bytes.len < SIGNATURE_MIN) {
		buf_done(&bytes);
		return complain(
		    "Signature", "is no base64 of 256 to 1,024 bytes", err);
	}
	m->signature_len = bytes.len;
	m->signature = (unsigned char *)buf_take(&bytes);
	return 0;
}

static int
read_time(const struct json *doc, struct sns_message *m, struct error *err)
{
	if (need_line(doc, "Timestamp", TIMEFMT_ISO_SIZE, &m->timestamp, err) ==
	    -1)
		return -1;
	if (timefmt_parse_iso(m->timestamp, &m->sent_at) == -1)
		return complain(
		    "Timestamp", "is no instant as SNS writes it", err);
	return 0;
}

static int
read_confirmation(
    const struct json *doc, struct sns_message *m, struct error *err)
{
	if (m->type == SNS_NOTIFICATION)
		return 0;
	if (need_line(doc, "Token", TOKEN_MAX, &m->token, err) == -1)
		return -1;
	return need_line(doc, "SubscribeURL", URL_MAX, &m->subscribe_url, err);
}

static int
read_message(const struct json *doc, struct sns_message *m, struct error *err)
{
	const char *text;

	if (check_names(doc, err) == -1 ||
	    read_type(doc, &m->type, err) == -1 ||
	    check_fields(doc, m->type, err) == -1 ||
	    need_line(doc, "MessageId", ID_MAX, &m->message_id, err) == -1 ||
	    need_line(doc, "TopicArn", ARN_MAX, &m->topic_arn, err) == -1 ||
	    read_subject(doc, m, err) == -1 ||
	    need(doc, "Message", &text, err) == -1 ||
	    read_time(doc, m, err) == -1 ||
	    read_confirmation(doc, m, err) == -1 ||
	    read_version(doc, m, err) == -1 ||
	    read_signature(doc, m, err) == -1 ||
	    need_line(doc, "SigningCertURL", URL_MAX, &m->cert_url, err) == -1)
		return -1;
	m->message = xstrdup(text);
	m->message_len = strlen(text);
	return 0;
}

int
sns_parse(
    const void *body, size_t len, struct sns_message **out, struct error *err)
{
	struct sns_message *m;
	struct json *doc;
	int rc;

	if (len > SNS_BODY_MAX)
		return err_set(err, ERR_PROTOCOL,
		    "the message is larger than %zu bytes", SNS_BODY_MAX);
	if (json_parse_few(body, len, VALUES_MAX, &doc, err) == -1) {
		/* Its words may be the sender's. */
		if (!str_starts(err->text, "not JSON"))
			err_set(err, ERR_PROTOCOL,
			    "a key of the message stands twice");
		return -1;
	}
	if (!json_is_object(doc)) {
		json_free(doc);
		return err_set(
		    err, ERR_PROTOCOL, "the message is no JSON object");
	}
	m = xcalloc(1, sizeof(*m));
	rc = read_message(doc, m, err);
	json_free(doc);
	if (rc == 0)
		*out = m;
	else
		sns_message_free(m);
	return rc;
}

void
sns_message_free(struct sns_message *m)
{
	if (m == NULL)
		return;
	free(m->message_id);
	free(m->topic_arn);
	free(m->subject);
	free(m->message);
	free(m->timestamp);
	free(m->token);
	free(m->subscribe_url);
	free(m->signature);
	free(m->cert_url);
	free(m);
}

/* --- the string to sign --------------------------------------------- */

static void
add(struct buf *out, const char *name, const char *value)
{
	if (value == NULL)
		return;
	buf_puts(out, name);
	buf_putc(out, '\n');
	buf_puts(out, value);
	buf_putc(out, '\n');
}

void
sns_string_to_sign(const struct sns_message *m, struct buf *out)
{
	add(out, "Message", m->message);
	add(out, "MessageId", m->message_id);
	if (m->type == SNS_NOTIFICATION)
		add(out, "Subject", m->subject);
	else
		add(out, "SubscribeURL", m->subscribe_url);
	add(out, "Timestamp", m->timestamp);
	if (m->type != SNS_NOTIFICATION)
		add(out, "Token", m->token);
	add(out, "TopicArn", m->topic_arn);
	add(out, "Type", sns_type_name(m->type));
}

/* --- topics --------------------------------------------------------- */

static bool
all_of(const char *s, const char *chars)
{
	return *s != '\0' && s[strspn(s, chars)] == '\0';
}

static bool
is_name(const char *s)
{
	static const char chars[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_-";
	size_t len = strlen(s);
	char *bare = xstrndup(s, str_ends(s, ".fifo") ? len - 5 : len);
	bool good = len <= NAME_MAX_LEN && all_of(bare, chars);

	free(bare);
	return good;
}

/* "PARTITION:sns:REGION:ACCOUNT:NAME" into its parts. */
static bool
split(char *s, char *parts[5])
{
	size_t i;

	for (i = 0; i < 5; i++) {
		parts[i] = s;
		s = strchr(s, ':');
		if (s == NULL)
			return i == 4;
		*s++ = '\0';
	}
	return false;
}

static bool
is_topic(char *parts[5])
{
	return str_eq(parts[1], "sns") && partition_is_region(parts[2]) &&
	    strlen(parts[3]) == ACCOUNT_LEN && all_of(parts[3], "0123456789") &&
	    is_name(parts[4]);
}

int
sns_topic_parse(const char *arn, struct sns_topic *out, struct error *err)
{
	const char *name;
	char *parts[5];
	char *copy;

	copy = xstrdup(str_starts(arn, "arn:") ? arn + 4 : "");
	if (!split(copy, parts) || !is_topic(parts)) {
		free(copy);
		err_set(err, ERR_USAGE, "this is no ARN of a topic of SNS");
		return err_hint(err,
		    "It looks like "
		    "arn:aws:sns:us-east-1:123456789012:NAME.");
	}
	name = partition_of(parts[2])->name;
	if (!str_eq(parts[0], name)) {
		err_set(err, ERR_USAGE,
		    "the topic's region %s is of the partition %s", parts[2],
		    name);
		free(copy);
		return err_hint(err, "Copy the topic's ARN anew.");
	}
	out->arn = xstrdup(arn);
	out->partition = xstrdup(parts[0]);
	out->region = xstrdup(parts[2]);
	out->account = xstrdup(parts[3]);
	out->name = xstrdup(parts[4]);
	free(copy);
	return 0;
}

void
sns_topic_done(struct sns_topic *t)
{
	free(t->arn);
	free(t->partition);
	free(t->region);
	free(t->account);
	free(t->name);
	memset(t, 0, sizeof(*t));
}
