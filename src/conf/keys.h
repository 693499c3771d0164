/* SPDX-License-Identifier: Apache-2.0 */
/* The one table of keys. */
#ifndef CONF_KEYS_H
#define CONF_KEYS_H

#include <stddef.h>

enum conf_type {
	CONF_TEXT,
	CONF_S3_PREFIX, /* s3://bucket[/…] */
	CONF_DURATION, /* milliseconds, written "250ms", "5s", "2h" */
	CONF_CHOICE, /* one of `choices`, stored as its place */
};

struct conf_key {
	const char *section; /* "awaitd", or "endpoint" for [endpoint NAME] */
	const char *name;
	enum conf_type type;
	const char *def; /* as it would be written, "" for none; an empty value
			    stands for it */
	size_t offset; /* in the section's struct */
	const char *choices; /* "a|b" */
	long min_ms; /* DURATION: the least */
	long max_ms; /* 0: no limit */
	const char *help;
};

extern const struct conf_key conf_keys[];
extern const size_t conf_keys_len;

#endif
