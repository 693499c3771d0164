/* SPDX-License-Identifier: Apache-2.0 */
/* Receivers echo what they were sent: what of that must not be kept. */
#ifndef DELIVER_WHMASK_H
#define DELIVER_WHMASK_H

#include <stdbool.h>
#include <stddef.h>

#include "net/header.h"

/* In place: stars for each word of these values (or NULL), and for the query
 * of each URL (or NULL), its values and the whole of it; as they are, decoded,
 * and as JSON escapes them. All at once: what is masked is not found again. */
void whmask(char *text, const struct headers *secret, const char *const *urls,
    size_t nurls);

/* In place, of URLs that are the receiver's own: whose they are, and all behind
 * '?' or '#'. And is such a field one of those: Location, Link, … */
void whmask_places(char *text);
bool whmask_is_place(const char *name);

/* A field's name says that its value proves something: Authorization,
 * Set-Cookie, webhook-signature, X-Api-Key, … */
bool whmask_is_secret(const char *name);

#endif
