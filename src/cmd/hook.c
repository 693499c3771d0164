/* SPDX-License-Identifier: Apache-2.0 */
/* Webhooks verified and shown. Nothing of one is trusted. */
#include "cmd/hook.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/encode.h"
#include "base/hash.h"
#include "base/jsonw.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "cmd/report.h"

/* A body of 1 MiB, each byte an escape of six. */
#define LINE_MAX ((size_t)8 * 1024 * 1024)
/* What others wrote is set in, so that it cannot look like a webhook. */
#define BODY_COLUMN 4

static const char *
field(const struct headers *headers, const char *name)
{
	const char *value = headers_get(headers, name);

	return value != NULL ? value : "";
}

/* What a signature speaks of must be there, and once. */
static char *
problem_of(const struct headers *headers)
{
	static const char *const needed[] = {
	    "webhook-id", "webhook-timestamp", "webhook-signature"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(needed); i++) {
		size_t n = headers_count(headers, needed[i]);

		if (n > 1)
			return xasprintf(
			    "the field %s is there %zu times", needed[i], n);
		if (*field(headers, needed[i]) == '\0')
			return xasprintf("the field %s is missing", needed[i]);
	}
	return NULL;
}

static void
verify(struct hook *h, const struct headers *headers, struct whsign *sign,
    int64_t now_s)
{
	struct error err;

	h->verified = HOOK_FORGED;
	h->problem = problem_of(headers);
	if (h->problem != NULL)
		return;
	if (whsign_verify(sign, h->id, h->timestamp,
		field(headers, "webhook-signature"), h->body, h->len, now_s,
		&err) == -1)
		h->problem = xstrdup(err.text);
	else
		h->verified = HOOK_GENUINE;
}

void
hook_init(struct hook *h, const struct headers *headers, const char *body,
    size_t len, struct whsign *sign, int64_t now_s)
{
	struct error err;

	memset(h, 0, sizeof(*h));
	h->id = field(headers, "webhook-id");
	h->timestamp = field(headers, "webhook-timestamp");
	h->attempt = field(headers, "awaitd-attempt");
	h->headers = headers;
	h->replay = str_eq(field(headers, "awaitd-replay"), "1");
	h->body = body;
	h->len = len;
	if (json_parse(body, len, &h->json, &err) == -1)
		h->json = NULL;
	if (sign != NULL)
		verify(h, headers, sign, now_s);
}

void
hook_done(struct hook *h)
{
	json_free(h->json);
	free(h->problem);
}

/* --- what stands in the head ---------------------------------------- */

/* Facts of the event, beside those that are shown by their own names. */
static bool
is_fact(const struct headers *headers, size_t i)
{
	const char *name = headers->v[i].name;

	/* A second one of a name could be anybody's. */
	if (headers_get(headers, name) != headers->v[i].value ||
	    str_ieq(name, "awaitd-attempt") || str_ieq(name, "awaitd-replay"))
		return false;
	return strncasecmp(name, "awaitd-", 7) == 0 ||
	    strncasecmp(name, "ce-", 3) == 0 || str_ieq(name, "traceparent") ||
	    str_ieq(name, "tracestate") || str_ieq(name, "content-type");
}

static char *
lower(const char *name)
{
	char *copy = xstrdup(name), *p;

	for (p = copy; *p != '\0'; p++)
		*p = (char)str_lower_char(*p);
	return copy;
}

/* --- JSON ----------------------------------------------------------- */

/* As a number where it is one. */
static void
write_number(struct jsonw *w, const char *key, const char *value)
{
	int64_t n;

	if (str_to_i64(value, 0, (int64_t)1 << 53, &n) == 0)
		jsonw_int(w, key, n);
	else
		jsonw_opt(w, key, value);
}

static void
write_verified(struct jsonw *w, const struct hook *h)
{
	if (h->verified == HOOK_UNCHECKED)
		jsonw_null(w, "verified");
	else
		jsonw_bool(w, "verified", h->verified == HOOK_GENUINE);
	jsonw_opt(w, "problem", h->problem);
}

static void
write_body(struct jsonw *w, const struct hook *h)
{
	char hex[HASH_SHA256_HEX_SIZE];
	struct buf text;

	if (str_is_text(h->body, h->len)) {
		jsonw_strn(w, "body", h->body, h->len);
	} else {
		buf_init(&text, LINE_MAX);
		encode_base64(&text, h->body, h->len);
		jsonw_strn(w, "body_base64", text.data, text.len);
		buf_done(&text);
	}
	hash_sha256_hex(h->body, h->len, hex);
	jsonw_str(w, "sha256", hex);
}

static void
write_facts(struct jsonw *w, const struct headers *headers)
{
	char *name;
	size_t i;

	jsonw_begin(w, "headers", '{');
	for (i = 0; i < headers->n; i++) {
		if (!is_fact(headers, i))
			continue;
		name = lower(headers->v[i].name);
		jsonw_str(w, name, headers->v[i].value);
		free(name);
	}
	jsonw_end(w, '}');
}

static void
print_json(const struct hook *h)
{
	struct jsonw w;
	struct buf b;

	buf_init(&b, LINE_MAX);
	jsonw_init(&w, &b);
	jsonw_begin(&w, NULL, '{');
	jsonw_opt(&w, "id", h->id);
	write_number(&w, "timestamp", h->timestamp);
	write_number(&w, "attempt", h->attempt);
	jsonw_bool(&w, "replay", h->replay);
	write_verified(&w, h);
	jsonw_opt(&w, "type", json_get_str(h->json, "type"));
	write_facts(&w, h->headers);
	write_body(&w, h);
	jsonw_end(&w, '}');
	fwrite(b.data, 1, b.len, stdout);
	putchar('\n');
	buf_done(&b);
}

/* --- for people ----------------------------------------------------- */

static void
print_verified(const struct hook *h)
{
	printf("%-20s ", "verified");
	switch (h->verified) {
	case HOOK_UNCHECKED:
		puts("not checked");
		return;
	case HOOK_GENUINE:
		puts("yes");
		return;
	case HOOK_FORGED:
		printf("no: ");
		report_words(stdout, h->problem, BODY_COLUMN);
		return;
	}
	abort();
}

static void
print_facts(const struct headers *headers)
{
	char *name;
	size_t i;

	for (i = 0; i < headers->n; i++) {
		if (!is_fact(headers, i))
			continue;
		name = lower(headers->v[i].name);
		report_text(name, headers->v[i].value);
		free(name);
	}
}

/* What is in the body, as far as it is an event. */
static void
print_event(const struct json *root)
{
	const struct json *data = json_get(root, "data");
	const struct json *error = json_get(data, "error");

	report_text("type", json_get_str(root, "type"));
	report_text("job", json_get_str(data, "job"));
	report_text("endpoint", json_get_str(data, "endpoint"));
	report_text("output", json_get_str(data, "output_location"));
	report_text("failure", json_get_str(data, "failure_location"));
	report_text("error code", json_get_str(error, "code"));
	report_text("error", json_get_str(error, "message"));
}

/* The result, or else all there is. */
static void
print_body(const struct hook *h)
{
	const struct json *data = json_get(h->json, "data");
	const char *result = json_get_str(data, "result");
	const char *words = result != NULL ? result : h->body;

	if (result == NULL && !str_is_text(h->body, h->len)) {
		printf("(%zu bytes that are no text; see --json)\n", h->len);
	} else if (result != NULL || h->len > 0) {
		printf("%*s", BODY_COLUMN, "");
		report_words(stdout, words, BODY_COLUMN);
	}
}

static void
print_text(const struct hook *h)
{
	int64_t at;

	printf("%-20s ", "webhook");
	report_words(
	    stdout, *h->id != '\0' ? h->id : "(without an id)", BODY_COLUMN);
	print_verified(h);
	report_text("attempt", h->attempt);
	if (h->replay)
		report_text("replay", "yes");
	if (str_to_i64(h->timestamp, 1, INT64_MAX / 1000, &at) == 0)
		report_instant("sent", at * 1000);
	report_number("bytes", (int64_t)h->len);
	print_event(h->json);
	print_facts(h->headers);
	print_body(h);
	putchar('\n');
}

void
hook_print(const struct hook *h, bool json)
{
	if (json)
		print_json(h);
	else
		print_text(h);
}
