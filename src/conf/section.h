/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sections of a configuration, whatever their kind: found by their title,
 * made, walked through and released. Only for files of this folder.
 */
#ifndef CONF_SECTION_H
#define CONF_SECTION_H

#include <stddef.h>

#include "base/error.h"
#include "conf/conf.h"
#include "conf/keys.h"

/*
 * The kind of "awaitd" or "endpoint ocr", and the name in it ("" where it has
 * none), borrowed. ERR_CONFIG where there is no such section, or the name is
 * none.
 */
int section_kind(const char *title, const struct conf_kind **kind,
    const char **name, struct error *err);

/* The keys of a kind stand together in the table: from `first` up to `end`. */
struct section_keys {
	size_t first;
	size_t end;
};
struct section_keys section_keys(const struct conf_kind *kind);

/* Where a value of this row came from, or NULL. */
char **section_source(struct conf_head *head, const struct conf_kind *kind,
    const struct conf_key *key);

/* The kind of this name, which there is. */
const struct conf_kind *section_kind_of(const char *name);

/* All defaults; a named one is released by section_free. */
void section_init(const struct conf_kind *kind, struct conf_head *head);
void section_done(const struct conf_kind *kind, struct conf_head *head);
struct conf_head *section_new(
    const struct conf_kind *kind, const char *name, const char *place);
void section_free(const struct conf_kind *kind, struct conf_head *head);

/* Sections that are there once have all defaults, of others there is none. */
void sections_init(struct conf *conf);
void sections_done(struct conf *conf);

/* How many there are, and each of them, borrowed. */
size_t section_count(const struct conf *conf, const struct conf_kind *kind);
struct conf_head *section_at(
    const struct conf *conf, const struct conf_kind *kind, size_t i);

/* The one of this name, or NULL. */
struct conf_head *section_find(
    const struct conf *conf, const struct conf_kind *kind, const char *name);

/* The same; made where it is missing, and then it begins at `place`. */
struct conf_head *section_make(struct conf *conf, const struct conf_kind *kind,
    const char *name, const char *place);

/* "endpoint ocr": the caller's. */
char *section_title(const struct conf_kind *kind, const struct conf_head *head);

/* Its row in the table, or NULL. */
const struct conf_key *section_key(
    const struct conf_kind *kind, const char *key);

#endif
