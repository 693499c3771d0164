/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SipHash-1-3: a hash under a key that chance made, so that whoever chooses
 * what is hashed cannot choose what meets. It proves nothing to anybody.
 * Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF".
 */
#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t siphash(const uint64_t key[2], const void *data, size_t len);

#endif
