/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may sign requests to the gateway: [gateway] credentials_file, in the form
 * of AWS's shared credentials file, so that one file serves the gateway and
 * (AWS_SHARED_CREDENTIALS_FILE) the application. Each section is a client.
 */
#ifndef SERVE_GATEWAY_KEYS_H
#define SERVE_GATEWAY_KEYS_H

#include "aws/sigv4_verify.h"
#include "base/error.h"

struct gateway_keys;

/*
 * The file must be private, and each of its sections have a key of its own.
 * ERR_CONFIG, and no error shows a secret. *out is the caller's, with one
 * reference.
 */
int gateway_keys_read(
    const char *path, struct gateway_keys **out, struct error *err);

/* Requests under way outlive a reload. Secrets are wiped with the last one. */
struct gateway_keys *gateway_keys_ref(struct gateway_keys *keys);
void gateway_keys_unref(struct gateway_keys *keys);

/* Any region, and clocks that differ by 15 minutes. Borrowed. */
const struct sigv4_clients *gateway_keys_clients(
    const struct gateway_keys *keys);

#endif
