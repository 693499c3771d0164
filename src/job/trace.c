/* SPDX-License-Identifier: Apache-2.0 */
/* Trace contexts, read. */
#include "job/trace.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

#define HEX "0123456789abcdef"
#define MEMBERS_MAX 32
#define KEY_MAX 256
#define VALUE_MAX 256

/* --- traceparent ---------------------------------------------------- */

/* Where each part begins, and how long it is. */
enum {
	VERSION_AT = 0,
	TRACE_AT = 3,
	TRACE_LEN = 32,
	PARENT_AT = 36,
	PARENT_LEN = 16,
	FLAGS_AT = 53,
	WHOLE_LEN = 55,
};

/* So many digits, and then this character. */
static bool
is_part(const char *s, size_t len, char end)
{
	return strspn(s, HEX) == len && s[len] == end;
}

static bool
is_zero(const char *s, size_t len)
{
	return strspn(s, "0") >= len;
}

char *
trace_parent(const char *s)
{
	bool first, sampled;
	char end;

	if (strlen(s) < WHOLE_LEN || str_starts(s, "ff"))
		return NULL;
	first = str_starts(s, "00");
	/* A later version may have more behind another dash. */
	end = !first && s[WHOLE_LEN] == '-' ? '-' : '\0';
	if (!is_part(s + VERSION_AT, 2, '-') ||
	    !is_part(s + TRACE_AT, TRACE_LEN, '-') ||
	    !is_part(s + PARENT_AT, PARENT_LEN, '-') ||
	    !is_part(s + FLAGS_AT, 2, end) ||
	    is_zero(s + TRACE_AT, TRACE_LEN) ||
	    is_zero(s + PARENT_AT, PARENT_LEN))
		return NULL;
	if (first)
		return xstrdup(s);
	/* 00 knows no other flag; the lowest bit of the second digit. */
	sampled = (strchr(HEX, s[FLAGS_AT + 1]) - HEX) % 2 == 1;
	return xasprintf(
	    "00%.*s%s", FLAGS_AT - 2, s + 2, sampled ? "01" : "00");
}

/* --- tracestate ----------------------------------------------------- */

/* As the second edition has it, which takes all that the first one takes. */
static bool
is_key(const char *s, size_t len)
{
	size_t i;

	if (len == 0 || len > KEY_MAX || strchr("_-*/@", s[0]) != NULL)
		return false;
	for (i = 0; i < len; i++) {
		bool lower = s[i] >= 'a' && s[i] <= 'z';
		bool digit = s[i] >= '0' && s[i] <= '9';

		if (!lower && !digit && strchr("_-*/@", s[i]) == NULL)
			return false;
	}
	return true;
}

static bool
is_value(const char *s, size_t len)
{
	size_t i;

	if (len == 0 || len > VALUE_MAX || s[len - 1] == ' ')
		return false;
	for (i = 0; i < len; i++) {
		if (s[i] < ' ' || s[i] > '~' || s[i] == ',' || s[i] == '=')
			return false;
	}
	return true;
}

/* Does a member before this one have the same key? */
static bool
is_known(const struct buf *out, const char *member, size_t key)
{
	const char *p = out->len > 0 ? out->data : "";

	while (*p != '\0') {
		if (strncmp(p, member, key + 1) == 0)
			return true;
		p += strcspn(p, ",");
		p += *p == ',';
	}
	return false;
}

static int
add_member(struct buf *out, const char *member)
{
	size_t key = strcspn(member, "=");

	if (member[key] != '=' || !is_key(member, key) ||
	    !is_value(member + key + 1, strlen(member + key + 1)) ||
	    is_known(out, member, key))
		return -1;
	buf_puts(out, out->len > 0 ? "," : "");
	return buf_puts(out, member);
}

char *
trace_state(const char *s)
{
	char *copy, *rest, *member;
	struct buf out;
	size_t n = 0;
	int rc = 0;

	if (strlen(s) > TRACE_STATE_MAX)
		return NULL;
	copy = rest = xstrdup(s);
	buf_init(&out, TRACE_STATE_MAX + 1);
	while (rc == 0 && (member = strsep(&rest, ",")) != NULL) {
		member = str_trim(member);
		/* One may be empty. */
		if (*member != '\0')
			rc = ++n <= MEMBERS_MAX ? add_member(&out, member) : -1;
	}
	free(copy);
	if (rc == 0 && out.len > 0)
		return buf_take(&out);
	buf_done(&out);
	return NULL;
}
