/* SPDX-License-Identifier: Apache-2.0 */
/* What a webhook's receiver meant. */
#ifndef DELIVER_WHANSWER_H
#define DELIVER_WHANSWER_H

#include <stddef.h>
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
 * nothing of the URLs' (or NULLs') queries, stays in the response. */
void whanswer_mask(struct deliver_result *result, const struct headers *secret,
    const char *const *urls, size_t nurls);

/* Frees what it owns: note, response, and response_headers. */
void whanswer_done(struct deliver_result *result);

#endif
