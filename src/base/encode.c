/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as text, and back. */
#include "base/encode.h"

#include <stdint.h>
#include <string.h>

#include "base/str.h"

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
encode_hex(const void *data, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *p = data;
	size_t i;

	for (i = 0; i < len; i++) {
		*out++ = digits[p[i] >> 4];
		*out++ = digits[p[i] & 15];
	}
	*out = '\0';
}

void
encode_base32(const void *data, size_t len, char *out)
{
	const unsigned char *p = data;
	uint32_t acc = 0;
	int bits = 0;
	size_t i;

	for (i = 0; i < len; i++) {
		acc = acc << 8 | p[i];
		for (bits += 8; bits >= 5; bits -= 5)
			*out++ = ENCODE_BASE32_DIGITS[acc >> (bits - 5) & 31];
	}
	if (bits > 0)
		*out++ = ENCODE_BASE32_DIGITS[acc << (5 - bits) & 31];
	*out = '\0';
}

int
encode_base64(struct buf *out, const void *data, size_t len)
{
	const unsigned char *p = data;
	char four[4];
	uint32_t v;

	for (; len > 0; p += 3, len -= 3) {
		v = (uint32_t)p[0] << 16;
		if (len > 1)
			v |= (uint32_t)p[1] << 8;
		if (len > 2)
			v |= p[2];
		four[0] = base64_digits[v >> 18];
		four[1] = base64_digits[v >> 12 & 63];
		four[2] = len > 1 ? base64_digits[v >> 6 & 63] : '=';
		four[3] = len > 2 ? base64_digits[v & 63] : '=';
		if (buf_append(out, four, 4) == -1)
			return -1;
		if (len < 3)
			break;
	}
	return 0;
}

static int
base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

static int
append_decoded(struct buf *out, const char *s, size_t len)
{
	size_t i, j, pad = 0;

	if (len % 4 != 0)
		return -1;
	if (len > 0 && s[len - 1] == '=')
		pad = s[len - 2] == '=' ? 2 : 1;
	for (i = 0; i < len; i += 4) {
		size_t n = i + 4 == len ? 4 - pad : 4;
		unsigned char three[3];
		uint32_t v = 0;

		for (j = 0; j < 4; j++) {
			int digit = j < n ? base64_value(s[i + j]) : 0;

			if (digit == -1)
				return -1;
			v = v << 6 | (uint32_t)digit;
		}
		/* Bits behind the last byte would let two texts mean one. */
		if (n < 4 && (v & 0xffffu >> (8 * (n - 2))) != 0)
			return -1;
		three[0] = (unsigned char)(v >> 16);
		three[1] = (unsigned char)(v >> 8);
		three[2] = (unsigned char)v;
		if (buf_append(out, three, n - 1) == -1)
			return -1;
	}
	return 0;
}

int
decode_base64(struct buf *out, const char *s, size_t len)
{
	size_t before = out->len;

	if (append_decoded(out, s, len) == 0)
		return 0;
	buf_truncate(out, before);
	return -1;
}

static bool
is_unreserved(char c, bool keep_slash)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	    (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == '_' ||
	    c == '~' || (c == '/' && keep_slash);
}

int
encode_uri(struct buf *out, const char *data, size_t len, bool keep_slash)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t i, run;

	for (i = 0; i < len; i++) {
		unsigned char c;
		char three[3];

		for (run = i; i < len && is_unreserved(data[i], keep_slash);)
			i++;
		if (buf_append(out, data + run, i - run) == -1)
			return -1;
		if (i == len)
			break;
		c = (unsigned char)data[i];
		three[0] = '%';
		three[1] = digits[c >> 4];
		three[2] = digits[c & 15];
		if (buf_append(out, three, 3) == -1)
			return -1;
	}
	return 0;
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int
append_unescaped(struct buf *out, const char *s, size_t len)
{
	while (len > 0) {
		const char *escape = memchr(s, '%', len);
		size_t run = escape != NULL ? (size_t)(escape - s) : len;
		int hi, lo;

		if (buf_append(out, s, run) == -1)
			return -1;
		s += run;
		len -= run;
		if (len == 0)
			break;
		if (len < 3)
			return -1;
		hi = hex_value(s[1]);
		lo = hex_value(s[2]);
		if (hi == -1 || lo == -1 ||
		    buf_putc(out, (char)(hi << 4 | lo)) == -1)
			return -1;
		s += 3;
		len -= 3;
	}
	return 0;
}

int
decode_uri(struct buf *out, const char *s, size_t len)
{
	size_t before = out->len;

	if (append_unescaped(out, s, len) == 0)
		return 0;
	buf_truncate(out, before);
	return -1;
}

void
encode_u(struct buf *out, const char *s, size_t n)
{
	uint32_t c = str_utf8_char(s, n);

	if (c > 0xffff) {
		c -= 0x10000;
		buf_printf(out, "\\u%04x", (unsigned)(0xd800 + (c >> 10)));
		c = 0xdc00 + (c & 0x3ff);
	}
	buf_printf(out, "\\u%04x", (unsigned)c);
}
