/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of sections with `key = value` lines: awaitd's own configuration and
 * AWS's shared files. Lines of any length, comments only on lines of their
 * own ('#' or ';'), nothing cut, every error with file and line.
 *
 * libinih as Debian builds it cuts lines at 200 bytes and treats " ;" inside
 * a value as a comment; a session token is over 1 kB, so this is our own.
 */
#ifndef BASE_INI_H
#define BASE_INI_H

#include <stddef.h>

#include "base/error.h"

struct ini_entry {
	const char *file;
	int line;
	const char *section; /* inside the brackets, trimmed; "" before any */
	const char *parent; /* the key an indented line belongs to, or NULL */
	const char *key;
	const char *value; /* trimmed, may be "" */
};

/* 0 to go on, -1 with *err to stop (file and line are put before it). */
typedef int ini_fn(const struct ini_entry *e, void *arg, struct error *err);

enum ini_style {
	INI_PLAIN, /* leading blanks mean nothing */
	INI_NESTED, /* AWS's: indented lines belong to the key without a value
			above them ("s3 ="); else they are keys like any. A
			comment may stand behind a section header; all is UTF-8
		     */
};

/*
 * Call fn for each key in its order, and once with key "" for each section
 * header. `text` need not end in a NUL.
 */
int ini_parse(const char *file, const char *text, size_t len,
    enum ini_style style, ini_fn *fn, void *arg, struct error *err);

/* The same over a file, of at most 1 MiB. */
int ini_parse_file(const char *path, enum ini_style style, ini_fn *fn,
    void *arg, struct error *err);

#endif
