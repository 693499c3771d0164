/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One check a constraint; all broken ones are counted and told together, as
 * the service does. The patterns are small enough to be written out.
 */
#include "local/validate.h"

#include <stdbool.h>
#include <string.h>

#include "base/str.h"

/* The value of a sensitive member, and one this long, is not repeated. */
#define SHOWN_MAX 2048

struct complaints {
	struct buf *text;
	unsigned n;
	bool unreadable;
};

typedef bool pattern_fn(const char *s, size_t len);

struct constraint {
	const char *name; /* as messages spell it */
	size_t min, max;
	pattern_fn *matches; /* or NULL */
	const char *pattern;
	bool sensitive;
};

static void
complain(struct complaints *c, const char *value, const char *name,
    const char *constraint)
{
	if (c->n++ > 0)
		buf_puts(c->text, "; ");
	buf_puts(c->text, "Value ");
	if (value != NULL && strlen(value) <= SHOWN_MAX)
		buf_printf(c->text, "'%s' ", value);
	buf_printf(c->text,
	    "at '%s' failed to satisfy constraint: Member must %s", name,
	    constraint);
}

static void
complain_number(struct complaints *c, const char *value, const char *name,
    const char *constraint, int64_t limit)
{
	struct buf b;

	buf_init(&b, 128);
	buf_printf(
	    &b, "have %s than or equal to %lld", constraint, (long long)limit);
	complain(c, value, name, b.data);
	buf_done(&b);
}

static bool
is_ascii(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if ((unsigned char)s[i] > 0x7f)
			return false;
	}
	return true;
}

/* ^[a-zA-Z0-9](-*[a-zA-Z0-9])* over the whole name */
bool
validate_endpoint_name(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (!str_is_alnum((unsigned char)s[i]) && s[i] != '-')
			return false;
	}
	return len > 0 && s[0] != '-' && s[len - 1] != '-';
}

/* \A\S[\p{Print}]*\z */
static bool
is_inference_id(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if ((unsigned char)s[i] < 0x20 || (unsigned char)s[i] > 0x7e)
			return false;
	}
	return len > 0 && s[0] != ' ';
}

/* ^(https|s3)://([^/]+)/?(.*)$ */
static bool
is_location(const char *s, size_t len)
{
	const char *rest = NULL;

	(void)len;
	if (str_starts(s, "s3://"))
		rest = s + 5;
	else if (str_starts(s, "https://"))
		rest = s + 8;
	return rest != NULL && *rest != '\0' && *rest != '/';
}

/* ^(?!s3:|https:)[a-zA-Z0-9!_.*'()/-]+$ */
static bool
is_extension(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (!str_is_alnum((unsigned char)s[i]) &&
		    strchr("!_.*'()/-", s[i]) == NULL)
			return false;
	}
	return len > 0 && !str_starts(s, "s3:") && !str_starts(s, "https:");
}

/* ^(?!.*\..*\.)[a-zA-Z0-9][a-zA-Z0-9-_\.]*$ */
static bool
is_filename(const char *s, size_t len)
{
	size_t i, dots = 0;

	for (i = 0; i < len; i++) {
		if (s[i] == '.')
			dots++;
		else if (!str_is_alnum((unsigned char)s[i]) && s[i] != '-' &&
		    s[i] != '_')
			return false;
	}
	return len > 0 && dots <= 1 && str_is_alnum((unsigned char)s[0]);
}

static const struct constraint endpoint_name = {"endpointName", 0,
    VALIDATE_ENDPOINT_NAME_MAX, validate_endpoint_name,
    "^[a-zA-Z0-9](-*[a-zA-Z0-9])*", false};
static const struct constraint content_type = {
    "contentType", 0, 1024, is_ascii, "\\p{ASCII}*", false};
static const struct constraint accept_type = {
    "accept", 0, 1024, is_ascii, "\\p{ASCII}*", false};
static const struct constraint custom_attributes = {
    "customAttributes", 0, 1024, is_ascii, "\\p{ASCII}*", true};
static const struct constraint inference_id = {
    "inferenceId", 1, 64, is_inference_id, "\\A\\S[\\p{Print}]*\\z", false};
static const struct constraint input_location = {"inputLocation", 1, 1024,
    is_location, "^(https|s3)://([^/]+)/?(.*)$", false};
static const struct constraint output_extension = {"s3OutputPathExtension", 1,
    512, is_extension, "^(?!s3:|https:)[a-zA-Z0-9!_.*'()/-]+$", false};
static const struct constraint filename = {"filename", 1, 32, is_filename,
    "^(?!.*\\..*\\.)[a-zA-Z0-9][a-zA-Z0-9-_\\.]*$", false};

static void
check_text(
    struct complaints *c, const struct constraint *rule, const char *value)
{
	const char *shown = rule->sensitive ? NULL : value;
	size_t len;

	if (value == NULL)
		return;
	len = strlen(value);
	if (len > rule->max)
		complain_number(
		    c, shown, rule->name, "length less", (int64_t)rule->max);
	if (len < rule->min)
		complain_number(
		    c, shown, rule->name, "length greater", (int64_t)rule->min);
	if (!rule->matches(value, len)) {
		struct buf b;

		buf_init(&b, 512);
		buf_printf(&b, "satisfy regular expression pattern: %s",
		    rule->pattern);
		complain(c, shown, rule->name, b.data);
		buf_done(&b);
	}
}

static void
check_number(struct complaints *c, const char *name, const char *value, int min,
    int max, int *out)
{
	int64_t n;

	if (value == NULL)
		return;
	if (str_to_i64(value, INT32_MIN, INT32_MAX, &n) == -1) {
		c->unreadable = true;
		return;
	}
	if (n < min)
		complain_number(c, value, name, "value greater", min);
	if (n > max)
		complain_number(c, value, name, "value less", max);
	*out = (int)n;
}

/* Words of our own: the service's are not published. */
static const char *
check_payload(const struct validate_members *m)
{
	if (m->body_len > 0 && m->input_location != NULL)
		return "Body and InputLocation are mutually exclusive. "
		       "Provide exactly one of them.";
	if (m->body_len == 0 && m->input_location == NULL)
		return "Either Body or InputLocation must be provided.";
	return NULL;
}

static void
check_members(const struct validate_members *m, struct complaints *c,
    struct validate_numbers *out)
{
	check_text(c, &endpoint_name, m->endpoint_name);
	if (m->body_len > VALIDATE_BODY_MAX)
		complain_number(
		    c, NULL, "body", "length less", VALIDATE_BODY_MAX);
	check_text(c, &content_type, m->content_type);
	check_text(c, &accept_type, m->accept);
	check_text(c, &custom_attributes, m->custom_attributes);
	check_text(c, &inference_id, m->inference_id);
	check_text(c, &input_location, m->input_location);
	check_text(c, &output_extension, m->output_extension);
	check_text(c, &filename, m->filename);
	check_number(c, "requestTTLSeconds", m->ttl, 60, 21600, &out->ttl_s);
	check_number(c, "invocationTimeoutSeconds", m->timeout, 1, 3600,
	    &out->timeout_s);
}

enum validate_verdict
validate_request(const struct validate_members *m, struct validate_numbers *out,
    struct buf *message)
{
	struct validate_numbers numbers = {
	    VALIDATE_TTL_DEFAULT_S, VALIDATE_TIMEOUT_DEFAULT_S};
	struct complaints c = {0};
	const char *payload = check_payload(m);
	struct buf text;

	/* Every member can break two rules, and is repeated in both. */
	buf_init(&text, 64 * 1024);
	c.text = &text;
	check_members(m, &c, &numbers);
	if (c.n > 0)
		buf_printf(message, "%u validation error%s detected: %s", c.n,
		    c.n == 1 ? "" : "s", text.data);
	buf_done(&text);
	if (c.unreadable) {
		buf_clear(message);
		buf_puts(
		    message, "NUMBER_VALUE can not be converted to Integer");
		return VALIDATE_UNREADABLE;
	}
	if (c.n > 0)
		return VALIDATE_WRONG;
	if (payload != NULL) {
		buf_puts(message, payload);
		return VALIDATE_WRONG;
	}
	*out = numbers;
	return VALIDATE_OK;
}
