/* SPDX-License-Identifier: Apache-2.0 */
/* The header fields of a webhook's request. */
#ifndef DELIVER_WHREQUEST_H
#define DELIVER_WHREQUEST_H

#include <stdint.h>

#include "deliver/driver.h"
#include "net/header.h"

/*
 * All but the signature, into an empty list: Standard Webhooks' own, the
 * attempt's, of a raw body the facts as awaitd-*, of a CloudEvent in binary
 * mode its attributes as ce-*, the caller's trace context, and `extra` (or
 * NULL). Values that follow from the job are encoded as cloudevent_encode()
 * has it. Only webhook-timestamp and awaitd-attempt, -replay and -result-url
 * differ between attempts.
 */
void whrequest_fields(struct headers *out, const struct parcel *p,
    int64_t timestamp_s, const struct headers *extra);

#endif
