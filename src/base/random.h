/* SPDX-License-Identifier: Apache-2.0 */
/* Chance. Tests replace this file at link time with a seeded one. */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>

/* Fit for secrets and identifiers. */
void random_bytes(void *out, size_t len);

/* Uniform in [0, 1): for jitter. */
double random_unit(void);

/* A random UUID (RFC 9562, version 4), 36 characters and a NUL. */
#define RANDOM_UUID_SIZE 37
void random_uuid(char out[RANDOM_UUID_SIZE]);

#endif
