/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sources of the words: failure reasons of real notifications and objects, and
 * what clients in the field ask again for.
 */
#include "engine/reason.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

static const char *const passing[] = {
    "server error (0)",
    "could not get a response",
    "internal server error",
    "service unavailable",
    "timed out",
    "connection reset",
    "out of capacity",
    "insufficient capacity",
    "insufficientinstancecapacity",
};

/* A status stands behind each, with at most punctuation between. */
static const char *const before_status[] = {
    "client error",
    "status",
    "status code",
    "statuscode",
    "http",
    "http/1.1",
};

/* Members that hold the words; others may repeat the input. */
static const char *const word_keys[] = {
    "message", "Message", "errorMessage", "error", "detail", "reason"};
static const char *const status_keys[] = {
    "code", "Code", "status", "statusCode", "status_code"};

static bool
is_client_status(const char *s)
{
	return s[0] == '4' && s[1] >= '0' && s[1] <= '9' && s[2] >= '0' &&
	    s[2] <= '9' && !str_is_alnum(s[3]);
}

static bool
names_client_error(const char *text)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(before_status); i++) {
		const char *p = text;

		while ((p = strcasestr(p, before_status[i])) != NULL) {
			p += strlen(before_status[i]);
			if (is_client_status(p + strspn(p, " \t\r\n\"'(=:")))
				return true;
		}
	}
	return is_client_status(text);
}

static bool
plain_passes(const char *text)
{
	size_t i;

	if (names_client_error(text))
		return false;
	for (i = 0; i < ARRAY_LEN(passing); i++) {
		if (strcasestr(text, passing[i]) != NULL)
			return true;
	}
	return false;
}

static bool
has_client_status(const struct json *obj)
{
	size_t i;
	int64_t n;

	for (i = 0; i < ARRAY_LEN(status_keys); i++) {
		const struct json *j = json_get(obj, status_keys[i]);

		if (j != NULL && json_i64(j, &n) == 0 && n >= 400 && n < 500)
			return true;
	}
	return false;
}

/* {"error": {"message": …}} is as common as {"message": …}. */
static bool
object_passes(const struct json *obj, unsigned depth)
{
	bool passes = false;
	size_t i;

	if (has_client_status(obj))
		return false;
	for (i = 0; i < ARRAY_LEN(word_keys); i++) {
		const struct json *j = json_get(obj, word_keys[i]);

		if (j == NULL)
			continue;
		if (json_is_object(j) && depth < 3) {
			passes |= object_passes(j, depth + 1);
		} else if (json_str(j) != NULL) {
			if (names_client_error(json_str(j)))
				return false;
			passes |= plain_passes(json_str(j));
		}
	}
	return passes;
}

bool
reason_passes(const char *text, size_t len)
{
	char *copy = xstrndup(text, len);
	struct error ignored;
	struct json *doc;
	bool passes;

	if (json_parse(text, len, &doc, &ignored) == 0) {
		if (json_is_object(doc))
			passes = object_passes(doc, 0);
		else
			passes = json_str(doc) != NULL &&
			    plain_passes(json_str(doc));
		json_free(doc);
	} else {
		passes = plain_passes(copy);
	}
	free(copy);
	return passes;
}
