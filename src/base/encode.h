/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as text: hexadecimal, base32, base64, percent-encoding. */
#ifndef BASE_ENCODE_H
#define BASE_ENCODE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Lower case; `out` has room for 2 * len + 1 bytes. */
void encode_hex(const void *data, size_t len, char *out);

/*
 * Crockford's base 32 in lower case (no i, l, o, u), bits left over are 0, no
 * padding; `out` has room for ENCODE_BASE32_SIZE(len) bytes.
 */
#define ENCODE_BASE32_DIGITS "0123456789abcdefghjkmnpqrstvwxyz"
#define ENCODE_BASE32_SIZE(len) (((len)*8 + 4) / 5 + 1)
void encode_base32(const void *data, size_t len, char *out);

/* Standard alphabet with padding (RFC 4648, 4), appended to out. */
int encode_base64(struct buf *out, const void *data, size_t len);

/*
 * Strict inverse: padding required, no blanks, no bits left over. 0, or -1
 * with the bytes of out as they were.
 */
int decode_base64(struct buf *out, const char *s, size_t len);

/*
 * Percent-encoding as AWS signs it: all but A-Z a-z 0-9 - . _ ~ becomes %XX
 * in upper case; with keep_slash '/' stays, too.
 */
int encode_uri(struct buf *out, const char *data, size_t len, bool keep_slash);

/*
 * %XX becomes a byte, NUL too; a '%' without two digits is an error (-1, the
 * bytes of out as they were). '+' stays.
 */
int decode_uri(struct buf *out, const char *s, size_t len);

/* The well-formed UTF-8 sequence of n bytes as JSON escapes it: \u202e, and two
 * of these past U+FFFF. */
void encode_u(struct buf *out, const char *s, size_t n);

#endif
