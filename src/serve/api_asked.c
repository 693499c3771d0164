/* SPDX-License-Identifier: Apache-2.0 */
/* One table of what can be asked for, and its two readers. */
#include "serve/api_asked.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "job/route.h"
#include "job/tags.h"

#define FIELD_PREFIX "Awaitd-"
#define SECONDS_MAX 1000000000
/* Each is compared with each. */
#define TARGETS_MAX 64

enum kind { TEXT, SECONDS, TARGETS, TAGS, BODY, BASE64 };

struct member {
	const char *name; /* in JSON */
	const char *field; /* in a header; NULL: not there */
	enum kind kind;
	size_t offset;
};

#define AT(field) offsetof(struct api_asked, field)

static const struct member members[] = {
    {"endpoint", "Awaitd-Endpoint", TEXT, AT(endpoint)},
    {"content_type", "Content-Type", TEXT, AT(content_type)},
    {"accept", "Awaitd-Accept", TEXT, AT(accept)},
    {"custom_attributes", "Awaitd-Custom-Attributes", TEXT,
	AT(custom_attributes)},
    {"inference_id", "Awaitd-Inference-Id", TEXT, AT(inference_id)},
    {"output_path_extension", "Awaitd-Output-Path-Extension", TEXT,
	AT(extension)},
    {"filename", "Awaitd-Filename", TEXT, AT(filename)},
    {"request_ttl_s", "Awaitd-Request-Ttl", SECONDS, AT(request_ttl_s)},
    {"invocation_timeout_s", "Awaitd-Invocation-Timeout", SECONDS,
	AT(invocation_timeout_s)},
    {"deliver", "Awaitd-Deliver", TARGETS, 0},
    {"callback_url", "Awaitd-Callback-Url", TEXT, AT(callback_url)},
    {"tags", "Awaitd-Tags", TAGS, 0},
    {"input_location", NULL, TEXT, AT(input_location)},
    {"body", NULL, BODY, 0},
    {"body_base64", NULL, BASE64, 0},
};

/* --- values, wherever they come from -------------------------------- */

static int
take_text(struct api_asked *a, const struct member *m, const char *name,
    const char *value, struct error *err)
{
	char **at = (char **)((char *)a + m->offset);

	if (*value == '\0')
		return err_set(err, ERR_USAGE, "\"%s\" is empty", name);
	if (str_has_control(value))
		return err_set(
		    err, ERR_USAGE, "\"%s\" holds a control character", name);
	*at = xstrdup(value);
	return 0;
}

static int
take_seconds(struct api_asked *a, const struct member *m, const char *name,
    int64_t value, struct error *err)
{
	int64_t *at = (int64_t *)((char *)a + m->offset);

	if (value < 1 || value > SECONDS_MAX)
		return err_set(err, ERR_USAGE,
		    "\"%s\" must be a number of seconds, at least 1", name);
	*at = value;
	return 0;
}

static int
add_target(struct api_asked *a, const char *name, const char *target,
    struct error *err)
{
	size_t i;

	if (*target == '\0')
		return err_set(
		    err, ERR_USAGE, "a target of \"%s\" is empty", name);
	if (str_has_control(target) || strchr(target, ',') != NULL)
		return err_set(err, ERR_USAGE,
		    "a target of \"%s\" holds what no name does", name);
	if (a->ndeliver == TARGETS_MAX)
		return err_set(err, ERR_USAGE,
		    "\"%s\" has more than %d targets", name, TARGETS_MAX);
	for (i = 0; i < a->ndeliver; i++) {
		if (!route_same(a->deliver[i], target))
			continue;
		err_set(err, ERR_USAGE,
		    "the target \"%s\" stands twice in \"%s\"", target, name);
		return err_hint(err,
		    "Name it once; without \" on success\" or \" on "
		    "failure\" it hears of both.");
	}
	a->deliver = xreallocarray(a->deliver, a->ndeliver + 1, sizeof(char *));
	a->deliver[a->ndeliver++] = xstrdup(target);
	return 0;
}

/* --- the header ----------------------------------------------------- */

static const struct member *
find_field(const char *field)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(members); i++) {
		if (members[i].field != NULL &&
		    str_ieq(members[i].field, field))
			return &members[i];
	}
	return NULL;
}

static int
unknown_field(const char *field, struct error *err)
{
	char *lower = xstrdup(field);
	size_t i;

	str_lower(lower);
	err_set(err, ERR_USAGE, "there is no header field \"%s\"", field);
	for (i = 0; i < ARRAY_LEN(members); i++) {
		char *known =
		    xstrdup(members[i].field != NULL ? members[i].field : "");
		bool near;

		str_lower(known);
		near = str_near(known, lower);
		free(known);
		if (near) {
			err_hint(err, "Did you mean \"%s\"?", members[i].field);
			break;
		}
	}
	free(lower);
	return -1;
}

static int
split_targets(struct api_asked *a, const char *field, const char *value,
    struct error *err)
{
	char *list = xstrdup(value), *rest = list, *word;
	int rc = 0;

	while (rc == 0 && *str_trim(list) != '\0' &&
	    (word = strsep(&rest, ",")) != NULL)
		rc = add_target(a, field, str_trim(word), err);
	free(list);
	return rc;
}

static int
take_field(struct api_asked *a, const struct member *m, const char *value,
    struct error *err)
{
	int64_t seconds = 0;

	switch (m->kind) {
	case TEXT:
		return take_text(a, m, m->field, value, err);
	case SECONDS:
		str_to_i64(value, 1, SECONDS_MAX, &seconds);
		return take_seconds(a, m, m->field, seconds, err);
	case TARGETS:
		a->chosen = true;
		return split_targets(a, m->field, value, err);
	case TAGS:
		if (tags_parse(value, &a->tags, err) == -1)
			return err_prefix(err, "\"%s\"", m->field);
		return 0;
	case BODY:
	case BASE64:
		break;
	}
	abort();
}

static int
read_header(const struct headers *h, struct api_asked *a, struct error *err)
{
	size_t i;

	for (i = 0; i < h->n; i++) {
		const char *field = h->v[i].name;
		const struct member *m = find_field(field);

		if (m == NULL &&
		    strncasecmp(field, FIELD_PREFIX, strlen(FIELD_PREFIX)) != 0)
			continue;
		if (m == NULL)
			return unknown_field(field, err);
		if (headers_count(h, field) > 1)
			return err_set(err, ERR_USAGE,
			    "the header field \"%s\" stands twice", m->field);
		if (take_field(a, m, h->v[i].value, err) == -1)
			return -1;
	}
	if (a->endpoint == NULL)
		return err_set(
		    err, ERR_USAGE, "\"Awaitd-Endpoint\" is missing");
	return 0;
}

int
api_asked_header(
    const struct headers *h, struct api_asked *out, struct error *err)
{
	struct api_asked a = {0};

	if (read_header(h, &a, err) == -1) {
		api_asked_done(&a);
		return -1;
	}
	*out = a;
	return 0;
}

/* --- JSON ----------------------------------------------------------- */

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

static int
unknown_member(const char *name, struct error *err)
{
	size_t i;

	err_set(err, ERR_NOT_FOUND, "\"%s\" is no member of a job", name);
	for (i = 0; i < ARRAY_LEN(members); i++) {
		if (str_near(members[i].name, name))
			return err_hint(
			    err, "Did you mean \"%s\"?", members[i].name);
	}
	return -1;
}

static int
take_body(struct api_asked *a, const struct member *m, const char *value,
    struct error *err)
{
	struct buf b;

	if (a->body != NULL)
		return err_set(err, ERR_USAGE,
		    "both \"body\" and \"body_base64\" were given");
	if (*value == '\0')
		return err_set(err, ERR_USAGE, "\"%s\" is empty", m->name);
	buf_init(&b, strlen(value));
	if (m->kind == BODY)
		buf_puts(&b, value);
	else if (decode_base64(&b, value, strlen(value)) == -1) {
		buf_done(&b);
		return err_set(err, ERR_USAGE,
		    "\"%s\" is no base64 (RFC 4648, with padding)", m->name);
	}
	a->body_len = b.len;
	a->body = buf_take(&b);
	return 0;
}

static int
take_targets(struct api_asked *a, const struct json *j, struct error *err)
{
	const struct json *item;

	if (!json_is_array(j))
		return err_set(err, ERR_USAGE,
		    "\"deliver\" must be an array of names of targets");
	a->chosen = true;
	for (item = json_first(j); item != NULL; item = json_next(item)) {
		if (json_str(item) == NULL)
			return err_set(err, ERR_USAGE,
			    "\"deliver\" must hold names of targets only");
		if (add_target(a, "deliver", json_str(item), err) == -1)
			return -1;
	}
	return 0;
}

static int
take_tags(struct api_asked *a, const struct json *j, struct error *err)
{
	const char *words[4 * TAGS_MAX];
	const struct json *item;
	size_t n = 0;

	if (!json_is_array(j))
		return err_set(
		    err, ERR_USAGE, "\"tags\" must be an array of strings");
	for (item = json_first(j); item != NULL; item = json_next(item)) {
		if (n == ARRAY_LEN(words))
			return err_set(err, ERR_USAGE,
			    "\"tags\" has too many: a job has at most %d",
			    TAGS_MAX);
		if (json_str(item) == NULL)
			return err_set(
			    err, ERR_USAGE, "\"tags\" must hold strings only");
		words[n++] = json_str(item);
	}
	if (tags_join(words, n, &a->tags, err) == -1)
		return err_prefix(err, "\"tags\"");
	return 0;
}

static int
take_member(struct api_asked *a, const struct member *m, const struct json *j,
    struct error *err)
{
	int64_t seconds = 0;

	if (m->kind == TARGETS)
		return take_targets(a, j, err);
	if (m->kind == TAGS)
		return take_tags(a, j, err);
	if (m->kind == SECONDS) {
		json_i64(j, &seconds);
		return take_seconds(a, m, m->name, seconds, err);
	}
	if (json_str(j) == NULL)
		return err_set(
		    err, ERR_USAGE, "\"%s\" must be a string", m->name);
	if (m->kind == TEXT)
		return take_text(a, m, m->name, json_str(j), err);
	return take_body(a, m, json_str(j), err);
}

static int
check_whole(const struct api_asked *a, struct error *err)
{
	if (a->endpoint == NULL)
		return err_set(err, ERR_USAGE, "\"endpoint\" is missing");
	if (a->input_location != NULL && a->body != NULL)
		return err_set(err, ERR_USAGE,
		    "both \"input_location\" and a body were given");
	if (a->input_location == NULL && a->body == NULL) {
		err_set(err, ERR_USAGE, "the input is missing");
		return err_hint(err,
		    "Give one of \"input_location\", \"body\" and "
		    "\"body_base64\".");
	}
	return 0;
}

static int
read_object(const struct json *root, struct api_asked *a, struct error *err)
{
	const struct json *j;

	if (!json_is_object(root))
		return err_set(err, ERR_PROTOCOL, "no JSON object");
	for (j = json_first(root); j != NULL; j = json_next(j)) {
		const struct member *m = find_member(json_name(j));

		if (m == NULL)
			return unknown_member(json_name(j), err);
		if (take_member(a, m, j, err) == -1)
			return -1;
	}
	return check_whole(a, err);
}

int
api_asked_json(
    const char *data, size_t len, struct api_asked *out, struct error *err)
{
	struct api_asked a = {0};
	struct json *root;
	int rc;

	if (json_parse(data, len, &root, err) == -1)
		return -1;
	rc = read_object(root, &a, err);
	json_free(root);
	if (rc == -1) {
		api_asked_done(&a);
		return -1;
	}
	*out = a;
	return 0;
}

bool
api_asked_name(size_t i, const char **member, const char **field)
{
	if (i >= ARRAY_LEN(members))
		return false;
	*member = members[i].name;
	*field = members[i].field;
	return true;
}

/* --- what was read -------------------------------------------------- */

void
api_asked_done(struct api_asked *a)
{
	size_t i;

	free(a->endpoint);
	free(a->content_type);
	free(a->accept);
	free(a->custom_attributes);
	free(a->inference_id);
	free(a->extension);
	free(a->filename);
	for (i = 0; i < a->ndeliver; i++)
		free(a->deliver[i]);
	free(a->deliver);
	free(a->callback_url);
	free(a->tags);
	free(a->input_location);
	free(a->body);
	memset(a, 0, sizeof(*a));
}

void
api_asked_intake(const struct api_asked *a, struct intake *out)
{
	*out = (struct intake){
	    .endpoint = a->endpoint,
	    .content_type = a->content_type,
	    .accept = a->accept,
	    .custom_attributes = a->custom_attributes,
	    .inference_id = a->inference_id,
	    .extension = a->extension,
	    .filename = a->filename,
	    .tags = a->tags,
	    .request_ttl_s = a->request_ttl_s,
	    .invocation_timeout_s = a->invocation_timeout_s,
	};
}

char *
api_asked_targets(char *const *names, size_t n)
{
	size_t i, len = 1;
	struct buf b;

	if (n == 0)
		return NULL;
	for (i = 0; i < n; i++)
		len += strlen(names[i]) + 2;
	buf_init(&b, len);
	for (i = 0; i < n; i++) {
		buf_puts(&b, i > 0 ? ", " : "");
		buf_puts(&b, names[i]);
	}
	return buf_take(&b);
}

/* The length goes before the bytes: no two lists of values read the same. */
static void
digest_text(struct hash *h, const char *s)
{
	char head[32];

	if (s == NULL) {
		hash_update(h, "-", 1);
		return;
	}
	snprintf(head, sizeof(head), "%zu:", strlen(s));
	hash_update(h, head, strlen(head));
	hash_update(h, s, strlen(s));
}

char *
api_asked_digest(const struct api_asked *a, const char *input)
{
	struct hash *h = hash_new(HASH_SHA256);
	unsigned char raw[HASH_SHA256_SIZE];
	char numbers[80], *hex = xmalloc(HASH_SHA256_HEX_SIZE);
	size_t i;

	digest_text(h, a->endpoint);
	digest_text(h, a->content_type);
	digest_text(h, a->accept);
	digest_text(h, a->custom_attributes);
	digest_text(h, a->inference_id);
	digest_text(h, a->extension);
	digest_text(h, a->filename);
	snprintf(numbers, sizeof(numbers), "%lld %lld %d %zu",
	    (long long)a->request_ttl_s, (long long)a->invocation_timeout_s,
	    a->chosen, a->ndeliver);
	digest_text(h, numbers);
	for (i = 0; i < a->ndeliver; i++)
		digest_text(h, a->deliver[i]);
	digest_text(h, a->input_location);
	digest_text(h, input);
	/* Without one it is what it was before there were any. No URL is the
	 * word that says what follows. */
	if (a->callback_url != NULL)
		digest_text(h, a->callback_url);
	if (a->tags != NULL) {
		digest_text(h, "tags");
		digest_text(h, a->tags);
	}
	hash_final(h, raw);
	hash_free(h);
	encode_hex(raw, sizeof(raw), hex);
	return hex;
}
