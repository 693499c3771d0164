/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Header fields as an attempt keeps them: "Name: value\n" for each in its
 * order, at most ATTEMPT_HEADERS_MAX bytes: from the first one that does not
 * fit on they are left out, and a value of more than 512 bytes ends in "...".
 * Control characters, and bytes that are not UTF-8, become \xNN. "***" is the
 * value of a field whose name is that of a secret (whmask.h), or among `extra`,
 * which header_file has. Texts are the caller's; NULL: there are no fields.
 */
#ifndef DELIVER_WHFIELDS_H
#define DELIVER_WHFIELDS_H

#include <stddef.h>

#include "net/header.h"

char *whfields_of_request(const struct headers *h, const struct headers *extra);

/* Receivers echo what they were sent: no word of the values in `extra`, and
 * nothing of the URLs' (or NULLs') queries stays, nor in names. Of their own
 * URLs, in Location and the like, what they are asked with does not stay. */
char *whfields_of_answer(const struct headers *h, const struct headers *extra,
    const char *const *urls, size_t nurls);

#endif
