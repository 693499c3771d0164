/* SPDX-License-Identifier: Apache-2.0 */
/* Receivers echo what they were sent: what of that must not be kept. */
#ifndef DELIVER_WHMASK_H
#define DELIVER_WHMASK_H

#include <stdbool.h>

#include "net/header.h"

/* In place: stars for each word of these values (or NULL), and for the URL's
 * query (or NULL), its values and the whole of it. */
void whmask_values(char *text, const struct headers *secret);
void whmask_url(char *text, const char *url);

/* A field's name says that its value proves something: Authorization,
 * Set-Cookie, webhook-signature, X-Api-Key, … */
bool whmask_is_secret(const char *name);

#endif
