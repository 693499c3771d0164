/* SPDX-License-Identifier: Apache-2.0 */
/* Routes, read. */
#include "job/route.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

#define ON " on "

static const char *const names[] = {
    [ROUTE_BOTH] = "both",
    [ROUTE_SUCCESS] = "success",
    [ROUTE_FAILURE] = "failure",
};

/* Behind "KIND NAME"; a section may be named "on". */
static size_t
target_len(const char *item)
{
	size_t kind = strcspn(item, " ");

	return kind +
	    (item[kind] == ' ' ? 1 + strcspn(item + kind + 1, " ") : 0);
}

int
route_parse(const char *item, struct route *out)
{
	size_t len = target_len(item), i;
	const char *rest = item + len;

	if (*rest == '\0') {
		out->target = xstrdup(item);
		out->on = ROUTE_BOTH;
		return 0;
	}
	for (i = 0; i < ARRAY_LEN(names) && str_starts(rest, ON); i++) {
		if (!str_eq(rest + strlen(ON), names[i]))
			continue;
		out->target = xstrndup(item, len);
		out->on = (enum route_on)i;
		return 0;
	}
	return -1;
}

void
route_done(struct route *r)
{
	xfree(&r->target);
}

bool
route_next(const char **list, struct route *out)
{
	const char *p = *list;
	size_t len, trimmed;
	char *item;
	int rc = -1;

	while (rc == -1 && p != NULL && *(p += strspn(p, ", ")) != '\0') {
		len = trimmed = strcspn(p, ",");
		while (trimmed > 0 && p[trimmed - 1] == ' ')
			trimmed--;
		item = xstrndup(p, trimmed);
		rc = route_parse(item, out);
		free(item);
		p += len;
	}
	*list = p;
	return rc == 0;
}

bool
route_same(const char *a, const char *b)
{
	size_t len = target_len(a);

	return len == target_len(b) && memcmp(a, b, len) == 0;
}

bool
route_fits(const struct route *r, bool success)
{
	return r->on == (success ? ROUTE_SUCCESS : ROUTE_FAILURE) ||
	    r->on == ROUTE_BOTH;
}
