/* SPDX-License-Identifier: Apache-2.0 */
/* What the table of keys says of itself. */
#include "conf/keys.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "conf/value.h"

const char *
conf_about_type(const struct conf_key *key)
{
	switch (key->type) {
	case CONF_TEXT:
		return "text";
	case CONF_URL:
		return "a URL";
	case CONF_SECRET:
		return "a secret";
	case CONF_SECRETS:
		return "a list of secrets";
	case CONF_PATH:
		return "a path";
	case CONF_LIST:
		return "a list";
	case CONF_PATHS:
		return "a list of paths";
	case CONF_COMMAND:
		return "a command";
	case CONF_DURATION:
		return "a time";
	case CONF_SECONDS:
		return "a time in whole seconds";
	case CONF_SIZE:
		return "a size";
	case CONF_COUNT:
		return "a number";
	case CONF_DECIMAL:
		return "a decimal number";
	case CONF_CHOICE:
		return "a choice";
	case CONF_SCHEDULE:
		return "a list of times";
	}
	abort();
}

static bool
is_number(const struct conf_key *key)
{
	return key->type == CONF_DURATION || key->type == CONF_SECONDS ||
	    key->type == CONF_SIZE || key->type == CONF_COUNT ||
	    key->type == CONF_DECIMAL;
}

/* As if a section held nothing else. */
static void
format_bound(const struct conf_key *key, int64_t bound, struct buf *out)
{
	struct conf_key alone = *key;

	alone.offset = 0;
	value_format(&alone, &bound, out);
}

void
conf_about_min(const struct conf_key *key, struct buf *out)
{
	if (is_number(key) && key->min != 0)
		format_bound(key, key->min, out);
}

void
conf_about_max(const struct conf_key *key, struct buf *out)
{
	if (is_number(key) && key->max != 0)
		format_bound(key, key->max, out);
}

char *
conf_about_variable(const struct conf_kind *kind, const struct conf_key *key)
{
	bool own = str_eq(kind->name, "awaitd");
	char *name, *p;

	if (kind->named)
		return NULL;
	name = xasprintf(
	    "AWAITD_%s%s%s", own ? "" : kind->name, own ? "" : "_", key->name);
	for (p = name; *p != '\0'; p++) {
		if (*p >= 'a' && *p <= 'z')
			*p = (char)(*p - ('a' - 'A'));
	}
	return name;
}
