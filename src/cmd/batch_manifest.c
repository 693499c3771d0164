/* SPDX-License-Identifier: Apache-2.0 */
/* A manifest's line, member by member. */
#include "cmd/batch_manifest.h"

#include <stdlib.h>
#include <string.h>

#include "aws/sagemaker.h"
#include "base/mem.h"
#include "base/str.h"
#include "job/tags.h"

#define SECONDS_MAX 1000000

enum type { TEXT, SECONDS, TAGS };

#define AT(field) offsetof(struct batch_line, field)
static const struct member {
	const char *name;
	enum type type;
	size_t offset;
} members[] = {
    {"input", TEXT, AT(input)},
    {"body", TEXT, AT(body)},
    {"endpoint", TEXT, AT(endpoint)},
    {"content_type", TEXT, AT(content_type)},
    {"accept", TEXT, AT(accept)},
    {"custom_attributes", TEXT, AT(custom_attributes)},
    {"inference_id", TEXT, AT(inference_id)},
    {"request_ttl_s", SECONDS, AT(request_ttl_s)},
    {"invocation_timeout_s", SECONDS, AT(invocation_timeout_s)},
    {"tags", TAGS, AT(tags)},
    {"name", TEXT, AT(name)},
    {"id", TEXT, AT(id)},
};

static int
no_member(const char *name, struct error *err)
{
	size_t i;

	err_set(err, ERR_USAGE, "\"%.60s\" is no member of a line", name);
	for (i = 0; i < ARRAY_LEN(members); i++) {
		if (str_near(members[i].name, name))
			return err_hint(
			    err, "Did you mean \"%s\"?", members[i].name);
	}
	return err_hint(
	    err, "awaitd(1), BATCHES, tells which members there are.");
}

static int
take_tags(const struct json *value, char **out, struct error *err)
{
	const char *words[4 * TAGS_MAX];
	const struct json *j;
	size_t n = 0;

	for (j = json_first(value); j != NULL; j = json_next(j)) {
		if (n == ARRAY_LEN(words))
			return err_set(err, ERR_USAGE,
			    "too many tags: a job has at most %d", TAGS_MAX);
		words[n] = json_str(j);
		if (words[n++] == NULL)
			return err_set(
			    err, ERR_USAGE, "\"tags\" must be of strings");
	}
	return tags_join(words, n, out, err);
}

static int
take_member(const struct member *m, const struct json *value,
    struct batch_line *out, struct error *err)
{
	void *at = (char *)out + m->offset;
	const char *text = json_str(value);
	int64_t n;

	switch (m->type) {
	case TEXT:
		if (str_empty(text))
			return err_set(err, ERR_USAGE,
			    "\"%s\" must be a string, and not empty", m->name);
		*(const char **)at = text;
		return 0;
	case SECONDS:
		if (json_i64(value, &n) == -1 || n < 1 || n > SECONDS_MAX)
			return err_set(err, ERR_USAGE,
			    "\"%s\" must be a whole number of seconds, at "
			    "least 1",
			    m->name);
		*(int64_t *)at = n;
		return 0;
	case TAGS:
		if (!json_is_array(value))
			return err_set(err, ERR_USAGE,
			    "\"%s\" must be an array of strings", m->name);
		return take_tags(value, at, err);
	}
	abort();
}

static const struct member *
find_member(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(members); i++) {
		if (str_eq(members[i].name, name))
			return &members[i];
	}
	return NULL;
}

/* What no single member tells. */
static int
check(const struct batch_line *line, struct error *err)
{
	if (line->input == NULL && line->body == NULL) {
		err_set(
		    err, ERR_USAGE, "there is neither \"input\" nor \"body\"");
		return err_hint(
		    err, "Name a file or s3:// location, or give the text.");
	}
	if (line->input != NULL && line->body != NULL)
		return err_set(err, ERR_USAGE,
		    "there are both \"input\" and \"body\": one is the input");
	if (line->body != NULL && strlen(line->body) > SAGEMAKER_BODY_MAX) {
		err_set(err, ERR_USAGE,
		    "the body has %zu bytes, and at most %d go inline",
		    strlen(line->body), SAGEMAKER_BODY_MAX);
		return err_hint(err, "Put it into a file, and name that.");
	}
	if (line->id != NULL &&
	    (strlen(line->id) > BATCH_ID_MAX || str_has_control(line->id)))
		return err_set(err, ERR_USAGE,
		    "\"id\" must have at most %d bytes, and no control "
		    "characters",
		    BATCH_ID_MAX);
	return 0;
}

int
batch_line_read(
    const struct json *object, struct batch_line *out, struct error *err)
{
	const struct member *m;
	const struct json *j;

	memset(out, 0, sizeof(*out));
	if (!json_is_object(object))
		return err_set(err, ERR_USAGE, "a line must be a JSON object");
	for (j = json_first(object); j != NULL; j = json_next(j)) {
		m = find_member(json_name(j));
		if (m == NULL ? no_member(json_name(j), err) == -1
			      : take_member(m, j, out, err) == -1)
			break;
	}
	if (j != NULL || check(out, err) == -1) {
		batch_line_done(out);
		return -1;
	}
	return 0;
}

void
batch_line_done(struct batch_line *line)
{
	xfree(&line->tags);
}
