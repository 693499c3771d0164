/* SPDX-License-Identifier: Apache-2.0 */
/* What a webhook's receiver meant. */
#ifndef DELIVER_WHANSWER_H
#define DELIVER_WHANSWER_H

#include <stdint.h>

#include "deliver/driver.h"
#include "net/header.h"
#include "net/http_client.h"

/*
 * The verdict of an exchange that ended with `r` or, where that is NULL, with
 * `err`. Note and response are the caller's (whanswer_done); the time of
 * Retry-After has no bound yet.
 */
void whanswer_judge(const struct http_response *r, const struct error *err,
    struct deliver_result *out);

/* Receivers echo what they were sent: no word of these values (or NULL), and
 * nothing of the URL's query (or NULL), stays in the response. */
void whanswer_mask(struct deliver_result *result, const struct headers *secret,
    const char *url);

/* Frees what it owns: note, response, and response_headers. */
void whanswer_done(struct deliver_result *result);

#endif
