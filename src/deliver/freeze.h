/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of a delivery, frozen when it is made: every copy of it has them.
 * What kind and which form it is to have, d->payload and d->format say; its
 * body and content type are set here.
 */
#ifndef DELIVER_FREEZE_H
#define DELIVER_FREEZE_H

#include <stddef.h>

#include "deliver/payload.h"
#include "job/delivery.h"
#include "job/job.h"

/* A result up to here is kept in the store for those who want it bare. */
#define FREEZE_RESULT_MAX 65536

/* EVENT and REFERENCE: an account of the job. */
void freeze_account(
    struct delivery *d, const struct job *job, const struct payload *p);

/* RAW: the result's bytes, or where it has none what was said of why. NULL, or
 * more than FREEZE_RESULT_MAX bytes: it is read again for each attempt. */
void freeze_raw(
    struct delivery *d, const struct job *job, const void *result, size_t len);

#endif
