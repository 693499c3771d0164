/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Standard Webhooks 1.0.0 signatures: HMAC-SHA-256 over "id.timestamp.body",
 * under a secret "whsec_" + base64 of 24 to 64 bytes.
 * https://github.com/standard-webhooks/standard-webhooks, spec/
 */
#ifndef DELIVER_WHSIGN_H
#define DELIVER_WHSIGN_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct whsign;

/* One secret, as a file has it, white space around it allowed. ERR_CONFIG says
 * what is wrong, never what the secret is. */
int whsign_new(const char *secret, struct whsign **out, struct error *err);

/* The same from a file (at most 4 KiB) that others cannot read. */
int whsign_from_file(const char *path, struct whsign **out, struct error *err);
void whsign_free(struct whsign *s);

/* "v1," + base64 */
#define WHSIGN_SIZE 48
void whsign_v1(struct whsign *s, const char *id, int64_t timestamp_s,
    const void *body, size_t len, char out[WHSIGN_SIZE]);

#define WHSIGN_TOLERANCE_S 300

/*
 * The receiver's side: `signatures` is the header's list, one of which must be
 * right; the timestamp (decimal) must be within the tolerance of now.
 * ERR_AUTH says what is wrong.
 */
int whsign_verify(struct whsign *s, const char *id, const char *timestamp,
    const char *signatures, const void *body, size_t len, int64_t now_s,
    struct error *err);

#endif
