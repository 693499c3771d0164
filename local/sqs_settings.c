/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes of queues, read and written. */
#include "local/sqs_settings.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/jsonw.h"
#include "base/mem.h"
#include "base/str.h"

#define TEXT_MAX ((size_t)128 * 1024)

static const struct {
	const char *name;
	int64_t fallback, min, max;
} numbers[SQS_NUMBERS] = {
    [SQS_DELAY] = {"DelaySeconds", 0, 0, 900},
    [SQS_MAXIMUM_SIZE] = {"MaximumMessageSize", SQS_MESSAGE_MAX, 1024,
	SQS_MESSAGE_MAX},
    [SQS_RETENTION] = {"MessageRetentionPeriod", 345600, 60, 1209600},
    [SQS_WAIT] = {"ReceiveMessageWaitTimeSeconds", 0, 0, 20},
    [SQS_VISIBILITY] = {"VisibilityTimeout", 30, 0, SQS_VISIBILITY_MAX_S},
};

const char *
sqs_number_name(enum sqs_number n)
{
	return numbers[n].name;
}

void
sqs_settings_init(struct sqs_settings *s)
{
	int i;

	memset(s, 0, sizeof(*s));
	for (i = 0; i < SQS_NUMBERS; i++)
		s->number[i] = numbers[i].fallback;
}

void
sqs_settings_done(struct sqs_settings *s)
{
	free(s->dead_letter_arn);
	free(s->redrive_policy);
	free(s->policy);
	memset(s, 0, sizeof(*s));
}

static int
bad(struct error *err, const char *code, const char *name)
{
	err_set(err, ERR_USAGE, "%s %.80s.",
	    str_eq(code, "InvalidAttributeName")
		? "Not supported here: the attribute"
		: "Invalid value for the parameter",
	    name);
	snprintf(err->remote_code, sizeof(err->remote_code), "%s", code);
	return -1;
}

/* maxReceiveCount may be a number or a text. */
static int
read_redrive(struct sqs_settings *s, const char *text, struct error *err)
{
	const struct json *max;
	struct json *doc = NULL;
	const char *arn = NULL;
	struct error ignored;
	int64_t n = 0;

	if (*text != '\0' &&
	    json_parse(text, strlen(text), &doc, &ignored) == 0) {
		max = json_get(doc, "maxReceiveCount");
		arn = json_get_str(doc, "deadLetterTargetArn");
		if (json_i64(max, &n) == -1 &&
		    (json_str(max) == NULL ||
			str_to_i64(json_str(max), 1, 1000, &n) == -1))
			n = 0;
	}
	if (*text != '\0' && (arn == NULL || n < 1 || n > 1000)) {
		json_free(doc);
		return bad(err, "InvalidAttributeValue", "RedrivePolicy");
	}
	free(s->dead_letter_arn);
	free(s->redrive_policy);
	s->max_receives = n;
	s->dead_letter_arn = xstrdup_or_null(arn);
	s->redrive_policy = *text != '\0' ? xstrdup(text) : NULL;
	json_free(doc);
	return 0;
}

static int
read_one(struct sqs_settings *s, const char *name, const char *value,
    struct error *err)
{
	int i;

	if (value == NULL)
		return bad(err, "InvalidAttributeValue", name);
	for (i = 0; i < SQS_NUMBERS; i++) {
		if (!str_eq(name, numbers[i].name))
			continue;
		if (str_to_i64(value, numbers[i].min, numbers[i].max,
			&s->number[i]) == -1)
			return bad(err, "InvalidAttributeValue", name);
		return 0;
	}
	if (str_eq(name, "RedrivePolicy"))
		return read_redrive(s, value, err);
	if (!str_eq(name, "Policy"))
		return bad(err, "InvalidAttributeName", name);
	free(s->policy);
	s->policy = *value != '\0' ? xstrdup(value) : NULL;
	return 0;
}

int
sqs_settings_read(
    struct sqs_settings *s, const struct json *attributes, struct error *err)
{
	const struct json *j;

	if (attributes == NULL || json_is_null(attributes))
		return 0;
	if (!json_is_object(attributes))
		return bad(err, "InvalidAttributeValue", "Attributes");
	for (j = json_first(attributes); j != NULL; j = json_next(j)) {
		if (read_one(s, json_name(j), json_str(j), err) == -1)
			return -1;
	}
	return 0;
}

char *
sqs_settings_text(const struct sqs_settings *s)
{
	char text[24];
	struct jsonw w;
	struct buf b;
	int i;

	buf_init(&b, TEXT_MAX);
	jsonw_init(&w, &b);
	jsonw_begin(&w, NULL, '{');
	for (i = 0; i < SQS_NUMBERS; i++) {
		snprintf(text, sizeof(text), "%" PRId64, s->number[i]);
		jsonw_str(&w, numbers[i].name, text);
	}
	jsonw_opt(&w, "RedrivePolicy", s->redrive_policy);
	jsonw_opt(&w, "Policy", s->policy);
	jsonw_end(&w, '}');
	return buf_take(&b);
}

void
sqs_settings_of_text(struct sqs_settings *s, const char *text)
{
	struct error ignored;
	struct json *doc;

	sqs_settings_init(s);
	if (json_parse(text, strlen(text), &doc, &ignored) == -1)
		return;
	sqs_settings_read(s, doc, &ignored);
	json_free(doc);
}
