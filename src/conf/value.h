/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One value: from its text into its place in a section's struct, and back.
 * What values mean to each other is conf_check.c's affair.
 */
#ifndef CONF_VALUE_H
#define CONF_VALUE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"
#include "conf/keys.h"

/* Of a value as text; written again, it may be longer by its quotes. */
#define VALUE_MAX 4096
#define VALUE_TEXT_MAX (4 * VALUE_MAX)

/*
 * An empty text is the default. A relative path is below `folder`, or where
 * we are (NULL). ERR_CONFIG names the key; the old value stays then.
 */
int value_set(const struct conf_key *key, void *section, const char *text,
    const char *folder, struct error *err);

/* Release what it holds. */
void value_done(const struct conf_key *key, void *section);

/* Append it as it could be written; nothing for what is not set, VALUE_MASK for
 * a secret and for the user and the password in a URL. */
#define VALUE_MASK "***"
void value_format(
    const struct conf_key *key, const void *section, struct buf *out);

/* Does it hold something that value_format() masks? */
bool value_is_secret(const struct conf_key *key, const void *section);

/* Do both mean the same, secrets included? */
bool value_same(
    const struct conf_key *key, const void *section, const void *other);

/* Would such a text hold a secret? */
bool value_text_is_secret(const struct conf_key *key, const char *text);

/* The name behind "credentials:", a file that systemd has not handed over;
 * NULL: there is none. */
const char *value_credential(const struct conf_key *key, const void *section);

#endif
