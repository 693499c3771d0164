/* SPDX-License-Identifier: Apache-2.0 */
/* The tables that say what a configuration may hold. */
#ifndef CONF_KEYS_H
#define CONF_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* A kind of section. Its struct begins with a struct conf_head. */
struct conf_kind {
	const char *name; /* "endpoint" */
	bool named; /* [endpoint NAME], any number of them; else one */
	bool target; /* something can be delivered to it */
	size_t size; /* of its struct */
	size_t offset; /* in struct conf: of the struct; of named ones, of the
			  array of pointers to them */
	size_t count; /* named: in struct conf, of the array's length */
};

extern const struct conf_kind conf_kinds[];
extern const size_t conf_kinds_len;

enum conf_type {
	CONF_TEXT,
	CONF_URL, /* text that no error repeats: it may hold a password */
	CONF_SECRET, /* text that is never repeated or shown */
	CONF_SECRETS, /* words with commas between them, of the same kind */
	CONF_PATH, /* absolute; it is written relative to the file's folder */
	CONF_LIST, /* words with commas between them */
	CONF_PATHS, /* the same, each of them a path */
	CONF_COMMAND, /* words with blanks between them, some quoted */
	CONF_DURATION, /* milliseconds, written "250ms", "5s", "2h" */
	CONF_SECONDS, /* the same, whole seconds only */
	CONF_SIZE, /* bytes, written "20kB", "64KiB" */
	CONF_COUNT,
	CONF_DECIMAL, /* millionths, written "0.005"; so are min and max */
	CONF_CHOICE, /* one of `choices`, stored as its place */
	CONF_SCHEDULE, /* durations with commas between them, or "none" */
};

enum conf_flag {
	CONF_REQUIRED = 1, /* a section is nothing without it */
	CONF_RESTART = 2, /* not reloadable: only a restart changes it */
};

struct conf_key {
	const char *section; /* name of its kind */
	const char *name;
	enum conf_type type;
	const char *def; /* as it would be written, "" for none; an empty value
			    stands for it */
	size_t offset; /* in the section's struct */
	const char *choices; /* "a|b" */
	int64_t min; /* of the numbers */
	int64_t max; /* 0: no limit */
	unsigned flags;
	/* What a text, or an item of a list, must be; NULL: it is that. */
	const char *(*must)(const char *s);
	const char *help;
};

extern const struct conf_key conf_keys[];
extern const size_t conf_keys_len;

/* --- about keys, for people (conf_about.c) -------------------------- */

/* "a time", "a list of secrets" */
const char *conf_about_type(const struct conf_key *key);

/* A bound, as it would be written; nothing where there is none. */
void conf_about_min(const struct conf_key *key, struct buf *out);
void conf_about_max(const struct conf_key *key, struct buf *out);

/* AWAITD_STATE is [awaitd] state, AWAITD_API_LISTEN is [api] listen. The
 * caller's; NULL where the section has a name. */
char *conf_about_variable(
    const struct conf_kind *kind, const struct conf_key *key);

/* Fit for the name of a target: 1 to 63 of A-Z a-z 0-9 - _ . */
bool conf_name_ok(const char *name);

#endif
