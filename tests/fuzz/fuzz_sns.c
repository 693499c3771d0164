/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What awaitd-local's SNS reads from anybody: forms, queries without a
 * signature, and delivery policies. The first byte chooses.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "local/sns.h"
#include "local/sns_form.h"
#include "local/sns_letter.h"
#include "local/sns_policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
hold(bool promise)
{
	if (!promise)
		abort();
}

static void
check_error(const struct error *err)
{
	hold(*err->text != '\0' && !str_has_control(err->text));
}

/* What is taken is text, and each name stands once. */
static void
try_form(const char *text, size_t len)
{
	struct error err = {0};
	struct sns_form f;
	size_t i;

	sns_form_init(&f);
	if (sns_form_add(&f, text, len, &err) == -1)
		check_error(&err);
	hold(f.n <= SNS_FORM_FIELDS_MAX);
	for (i = 0; i < f.n; i++) {
		hold(*f.v[i].name != '\0');
		hold(str_is_text(f.v[i].name, strlen(f.v[i].name)));
		hold(str_is_text(f.v[i].value, strlen(f.v[i].value)));
		hold(sns_form_get(&f, f.v[i].name) == f.v[i].value);
	}
	sns_form_item(&f, "Attributes.entry", 1, "key");
	sns_form_done(&f);
}

/* Delays end, are none too long, and an hour in all. What is shown of it is
 * read as the same. */
static void
check_policy(const struct sns_policy *p, bool of_topic)
{
	int64_t n, ms, total = 0;
	struct sns_policy again;
	struct error err = {0};
	struct buf out;

	hold(p->retries >= 0 && p->retries <= 100);
	for (n = 1; (ms = sns_policy_delay_ms(p, n)) != -1; n++) {
		hold(n <= p->retries);
		hold(ms >= 0 && ms <= 3600000);
		total += ms;
	}
	hold(n == p->retries + 1);
	hold(total <= 3600000);
	hold(p->per_second >= 0);
	hold(!str_has_control(p->content_type));
	buf_init(&out, SNS_POLICY_MAX);
	sns_policy_write(p, of_topic, &out);
	hold(!out.overflow);
	sns_policy_init(&again);
	hold(sns_policy_read(&again, out.data, out.len, of_topic, &err) == 0);
	hold(again.retries == p->retries && again.backoff == p->backoff &&
	    again.min_delay_s == p->min_delay_s &&
	    again.max_delay_s == p->max_delay_s &&
	    again.per_second == p->per_second);
	buf_done(&out);
}

static void
try_policy(const char *text, size_t len, bool of_topic)
{
	struct error err = {0};
	struct sns_policy p;

	sns_policy_init(&p);
	if (sns_policy_read(&p, text, len, of_topic, &err) == -1)
		check_error(&err);
	else
		check_policy(&p, of_topic);
}

/* A policy of a topic and one of a subscription, whatever each says. */
static void
try_both(char *text)
{
	char *second = strchr(text, '\n');
	struct sns_policy p;

	if (second != NULL)
		*second++ = '\0';
	sns_policy_effective(&p, text, second);
	check_policy(&p, false);
}

static void
try_query(char *text)
{
	char *query = strchr(text, '?');

	if (query != NULL)
		*query++ = '\0';
	sns_is_ours("GET", text, query != NULL ? query : "");
}

static void
try_letter(char *text)
{
	struct sns_letter l = {
	    .type = "Notification",
	    .message_id = "i",
	    .topic = "t",
	    .timestamp = "0",
	    .message = text,
	};
	struct error err = {0};
	struct buf out;

	if (!str_is_text(text, strlen(text)))
		return;
	buf_init(&out, SNS_LETTER_MAX);
	sns_letter_text(&l, &out);
	buf_clear(&out);
	hold(sns_letter_write(&l, &out, &err) == 0);
	buf_done(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (size == 0)
		return 0;
	text = xstrndup((const char *)data + 1, size - 1);
	if (*data == 'f')
		try_form((const char *)data + 1, size - 1);
	else if (*data == 's' || *data == 't')
		try_policy((const char *)data + 1, size - 1, *data == 't');
	else if (*data == 'b')
		try_both(text);
	else if (*data == 'q')
		try_query(text);
	else if (*data == 'l')
		try_letter(text);
	free(text);
	return 0;
}
