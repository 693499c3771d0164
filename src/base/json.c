/* SPDX-License-Identifier: Apache-2.0 */
/* Strict JSON: a checker of our own before cJSON, doubled keys after it. */
#include "base/json.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"

/* cJSON reads so many bytes of a number and takes the rest for what follows. */
#define NUMBER_MAX_BYTES 63

struct check {
	const char *start, *p, *end;
	const char *what; /* the fault, once found */
	size_t left; /* values that there may still be */
};

static bool check_value(struct check *c, int depth);

static bool
fault(struct check *c, const char *what)
{
	if (c->what == NULL)
		c->what = what;
	return false;
}

static int
peek(const struct check *c)
{
	return c->p < c->end ? (unsigned char)*c->p : -1;
}

static void
skip_blanks(struct check *c)
{
	while (
	    c->p < c->end && strchr(" \t\r\n", *c->p) != NULL && *c->p != '\0')
		c->p++;
}

static bool
take(struct check *c, int ch)
{
	if (peek(c) != ch)
		return false;
	c->p++;
	return true;
}

/* Four hexadecimal digits as a number, or -1. */
static int
hex4(struct check *c)
{
	int i, value = 0;

	if (c->end - c->p < 4)
		return -1;
	for (i = 0; i < 4; i++) {
		int d = str_lower_char(*c->p++);

		if (d >= '0' && d <= '9')
			d -= '0';
		else if (d >= 'a' && d <= 'f')
			d -= 'a' - 10;
		else
			return -1;
		value = value << 4 | d;
	}
	return value;
}

static bool
check_escape(struct check *c)
{
	int u;

	if (peek(c) == -1 || peek(c) == 0)
		return fault(c, "an unfinished escape");
	if (!take(c, 'u')) {
		if (strchr("\"\\/bfnrt", peek(c)) == NULL)
			return fault(c, "an unknown escape");
		c->p++;
		return true;
	}
	u = hex4(c);
	if (u == -1)
		return fault(c, "an escape without four hex digits");
	if (u == 0)
		return fault(c, "a NUL character");
	if (u >= 0xdc00 && u <= 0xdfff)
		return fault(c, "half a surrogate pair");
	if (u >= 0xd800 && u <= 0xdbff) {
		if (!take(c, '\\') || !take(c, 'u'))
			return fault(c, "half a surrogate pair");
		u = hex4(c);
		if (u < 0xdc00 || u > 0xdfff)
			return fault(c, "half a surrogate pair");
	}
	return true;
}

static bool
check_string(struct check *c)
{
	size_t n;

	if (!take(c, '"'))
		return fault(c, "expected a string");
	for (;;) {
		if (peek(c) == -1)
			return fault(c, "an unfinished string");
		if (peek(c) < 0x20)
			return fault(c, "a control character in a string");
		if (take(c, '"'))
			return true;
		if (take(c, '\\')) {
			if (!check_escape(c))
				return false;
			continue;
		}
		n = str_utf8_len(c->p, (size_t)(c->end - c->p));
		if (n == 0)
			return fault(c, "bytes that are not UTF-8");
		c->p += n;
	}
}

static bool
check_digits(struct check *c)
{
	if (peek(c) < '0' || peek(c) > '9')
		return fault(c, "expected a digit");
	while (peek(c) >= '0' && peek(c) <= '9')
		c->p++;
	return true;
}

static bool
check_number_form(struct check *c)
{
	take(c, '-');
	if (!take(c, '0') && !check_digits(c))
		return false;
	if (peek(c) >= '0' && peek(c) <= '9')
		return fault(c, "a number with a leading zero");
	if (take(c, '.') && !check_digits(c))
		return false;
	if (take(c, 'e') || take(c, 'E')) {
		if (!take(c, '+'))
			take(c, '-');
		return check_digits(c);
	}
	return true;
}

static bool
check_number(struct check *c)
{
	const char *first = c->p;

	if (!check_number_form(c))
		return false;
	if (c->p - first > NUMBER_MAX_BYTES)
		return fault(c, "a number that is too long");
	return true;
}

static bool
check_word(struct check *c)
{
	static const char *const words[] = {"true", "false", "null"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(words); i++) {
		size_t n = strlen(words[i]);

		if ((size_t)(c->end - c->p) >= n &&
		    memcmp(c->p, words[i], n) == 0) {
			c->p += n;
			return true;
		}
	}
	return fault(c, "expected a value");
}

static bool
check_member(struct check *c, int depth)
{
	skip_blanks(c);
	if (!check_string(c))
		return false;
	skip_blanks(c);
	if (!take(c, ':'))
		return fault(c, "expected ':'");
	return check_value(c, depth);
}

static bool
check_container(struct check *c, int depth, char close)
{
	if (depth >= JSON_DEPTH_MAX)
		return fault(c, "nested too deeply");
	c->p++;
	skip_blanks(c);
	if (take(c, close))
		return true;
	for (;;) {
		if (!(close == '}' ? check_member(c, depth + 1)
				   : check_value(c, depth + 1)))
			return false;
		skip_blanks(c);
		if (take(c, close))
			return true;
		if (!take(c, ','))
			return fault(c, "expected ',' or an end");
	}
}

static bool
check_value(struct check *c, int depth)
{
	bool ok;

	if (c->left-- == 0)
		return fault(c, "too many values");
	skip_blanks(c);
	switch (peek(c)) {
	case '{':
		ok = check_container(c, depth, '}');
		break;
	case '[':
		ok = check_container(c, depth, ']');
		break;
	case '"':
		ok = check_string(c);
		break;
	case '-':
	case '0' ... '9':
		ok = check_number(c);
		break;
	default:
		ok = check_word(c);
	}
	return ok;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The name that stands twice in one object below, or NULL. */
static const char *
doubled_key(const cJSON *node)
{
	const char **names, *twice = NULL;
	const cJSON *item;
	size_t n = 0, i;

	cJSON_ArrayForEach (item, node) {
		twice = doubled_key(item);
		if (twice != NULL)
			return twice;
		n++;
	}
	if (!cJSON_IsObject(node) || n < 2)
		return NULL;
	names = xcalloc(n, sizeof(*names));
	n = 0;
	cJSON_ArrayForEach (item, node)
		names[n++] = item->string;
	qsort(names, n, sizeof(*names), by_name);
	for (i = 1; i < n && twice == NULL; i++) {
		if (str_eq(names[i - 1], names[i]))
			twice = names[i];
	}
	free(names);
	return twice;
}

int
json_parse(const char *data, size_t len, struct json **out, struct error *err)
{
	return json_parse_few(data, len, SIZE_MAX, out, err);
}

int
json_parse_few(const char *data, size_t len, size_t values_max,
    struct json **out, struct error *err)
{
	struct check c = {.start = data, .p = data, .left = values_max};
	const char *twice;
	cJSON *root;

	/* An empty body may have no address; nothing is added to NULL. */
	c.end = len != 0 ? data + len : data;
	if (check_value(&c, 0)) {
		skip_blanks(&c);
		if (c.p != c.end)
			fault(&c, "something behind the value");
	}
	if (c.what != NULL)
		return err_set(err, ERR_PROTOCOL, "not JSON: %s at byte %zu",
		    c.what, (size_t)(c.p - c.start));
	root = cJSON_ParseWithLength(data, len);
	if (root == NULL)
		return err_set(err, ERR_PROTOCOL, "not JSON");
	twice = doubled_key(root);
	if (twice != NULL) {
		err_set(
		    err, ERR_PROTOCOL, "the key \"%s\" stands twice", twice);
		cJSON_Delete(root);
		return -1;
	}
	*out = (struct json *)root;
	return 0;
}

static const cJSON *
node(const struct json *j)
{
	return (const cJSON *)j;
}

void
json_free(struct json *root)
{
	cJSON_Delete((cJSON *)root);
}

static void
wipe(cJSON *n)
{
	for (; n != NULL; n = n->next) {
		if (n->valuestring != NULL)
			hash_wipe(n->valuestring, strlen(n->valuestring));
		wipe(n->child);
	}
}

void
json_free_wiped(struct json *root)
{
	wipe((cJSON *)root);
	json_free(root);
}

bool
json_is_object(const struct json *j)
{
	return cJSON_IsObject(node(j));
}

bool
json_is_array(const struct json *j)
{
	return cJSON_IsArray(node(j));
}

bool
json_is_null(const struct json *j)
{
	return cJSON_IsNull(node(j));
}

const struct json *
json_get(const struct json *obj, const char *key)
{
	if (!json_is_object(obj))
		return NULL;
	return (const struct json *)cJSON_GetObjectItemCaseSensitive(
	    node(obj), key);
}

const char *
json_str(const struct json *j)
{
	return cJSON_IsString(node(j)) ? node(j)->valuestring : NULL;
}

const char *
json_get_str(const struct json *obj, const char *key)
{
	return json_str(json_get(obj, key));
}

int
json_i64(const struct json *j, int64_t *out)
{
	double d;

	if (!cJSON_IsNumber(node(j)))
		return -1;
	d = node(j)->valuedouble;
	/* 2^53 itself may have been 2^53 + 1 in the text. */
	if (!(fabs(d) < 0x1p53) || d != floor(d))
		return -1;
	*out = (int64_t)d;
	return 0;
}

int
json_bool(const struct json *j, bool *out)
{
	if (!cJSON_IsBool(node(j)))
		return -1;
	*out = cJSON_IsTrue(node(j));
	return 0;
}

const struct json *
json_first(const struct json *j)
{
	return j != NULL ? (const struct json *)node(j)->child : NULL;
}

const struct json *
json_next(const struct json *j)
{
	return (const struct json *)node(j)->next;
}

const char *
json_name(const struct json *j)
{
	return node(j)->string;
}

int
json_print(const struct json *j, struct buf *out)
{
	char *text = cJSON_PrintUnformatted(node(j));
	int rc;

	if (text == NULL)
		abort();
	rc = buf_puts(out, text);
	cJSON_free(text);
	return rc;
}
