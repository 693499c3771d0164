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

/* All defaults; a named one is released by section_free. */
void section_init(const struct conf_kind *kind, struct conf_head *head);
void section_done(const struct conf_kind *kind, struct conf_head *head);
struct conf_head *section_new(
    const struct conf_kind *kind, const char *name, const char *place);
void section_free(const struct conf_kind *kind, struct conf_head *head);

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

/* Its place in the table, or conf_keys_len. */
size_t section_key(const char *kind, const char *key);

#endif
