/* SPDX-License-Identifier: Apache-2.0 */
/* Chunked bodies, strictly. */
#include "net/http_chunk.h"

#include <stdbool.h>
#include <string.h>

#include "base/str.h"

#define DIGITS_MAX 16

/* Sums of sizes stay far from where they would wrap. */
#define SIZE_LIMIT ((int64_t)1 << 53)

enum chunk_state {
	CHUNK_SIZE, /* the digits */
	CHUNK_EXTENSION,
	CHUNK_SIZE_LF,
	CHUNK_DATA,
	CHUNK_DATA_CR,
	CHUNK_DATA_LF,
	CHUNK_TRAILER, /* the first byte of a trailer line */
	CHUNK_NAME,
	CHUNK_VALUE,
	CHUNK_VALUE_LF,
	CHUNK_LAST_LF,
	CHUNK_END,
	CHUNK_BAD,
};

void
http_chunk_init(struct http_chunk *c)
{
	memset(c, 0, sizeof(*c));
	c->state = CHUNK_SIZE;
}

static int
hex_value(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static int
size_byte(struct http_chunk *c, unsigned char b)
{
	int digit = hex_value(b);

	if (digit >= 0) {
		if (++c->digits > DIGITS_MAX || c->left > SIZE_LIMIT / 16)
			return CHUNK_BAD;
		c->left = c->left * 16 + digit;
		return CHUNK_SIZE;
	}
	if (c->digits == 0)
		return CHUNK_BAD;
	if (b == ';')
		return CHUNK_EXTENSION;
	return b == '\r' ? CHUNK_SIZE_LF : CHUNK_BAD;
}

/* A byte of an extension or a trailer counts against one bound. */
static bool
extra_ok(struct http_chunk *c)
{
	return ++c->extra <= HTTP_CHUNK_EXTRA_MAX;
}

static int
extension_byte(struct http_chunk *c, unsigned char b)
{
	if (b == '\r')
		return CHUNK_SIZE_LF;
	if ((b < 0x20 && b != '\t') || b >= 0x7f || !extra_ok(c))
		return CHUNK_BAD;
	return CHUNK_EXTENSION;
}

static int
name_byte(struct http_chunk *c, unsigned char b)
{
	if (b == ':' && c->state == CHUNK_NAME)
		return CHUNK_VALUE;
	if (!str_is_alnum(b) &&
	    (b == '\0' || strchr("!#$%&'*+-.^_`|~", b) == NULL))
		return CHUNK_BAD;
	return extra_ok(c) ? CHUNK_NAME : CHUNK_BAD;
}

static int
value_byte(struct http_chunk *c, unsigned char b)
{
	if (b == '\r')
		return CHUNK_VALUE_LF;
	if ((b < 0x20 && b != '\t') || b == 0x7f || !extra_ok(c))
		return CHUNK_BAD;
	return CHUNK_VALUE;
}

/* The line end behind a size: data follows, or trailers behind the last. */
static int
size_end(struct http_chunk *c)
{
	c->digits = 0;
	return c->left > 0 ? CHUNK_DATA : CHUNK_TRAILER;
}

static int
framing_byte(struct http_chunk *c, unsigned char b)
{
	switch ((enum chunk_state)c->state) {
	case CHUNK_SIZE:
		return size_byte(c, b);
	case CHUNK_EXTENSION:
		return extension_byte(c, b);
	case CHUNK_SIZE_LF:
		return b == '\n' ? size_end(c) : CHUNK_BAD;
	case CHUNK_DATA_CR:
		return b == '\r' ? CHUNK_DATA_LF : CHUNK_BAD;
	case CHUNK_DATA_LF:
		return b == '\n' ? CHUNK_SIZE : CHUNK_BAD;
	case CHUNK_TRAILER:
		return b == '\r' ? CHUNK_LAST_LF : name_byte(c, b);
	case CHUNK_NAME:
		return name_byte(c, b);
	case CHUNK_VALUE:
		return value_byte(c, b);
	case CHUNK_VALUE_LF:
		return b == '\n' ? CHUNK_TRAILER : CHUNK_BAD;
	case CHUNK_LAST_LF:
		return b == '\n' ? CHUNK_END : CHUNK_BAD;
	case CHUNK_DATA:
	case CHUNK_END:
	case CHUNK_BAD:
		break;
	}
	return CHUNK_BAD;
}

static enum http_chunk_result
take_data(struct http_chunk *c, size_t len, size_t *used, size_t *n)
{
	*n = (uint64_t)c->left < len ? (size_t)c->left : len;
	*used += *n;
	c->left -= (int64_t)*n;
	if (c->left == 0)
		c->state = CHUNK_DATA_CR;
	return HTTP_CHUNK_DATA;
}

enum http_chunk_result
http_chunk_read(
    struct http_chunk *c, const char *in, size_t len, size_t *used, size_t *n)
{
	*used = 0;
	*n = 0;
	while (*used < len && c->state != CHUNK_END && c->state != CHUNK_BAD) {
		if (c->state == CHUNK_DATA)
			return take_data(c, len - *used, used, n);
		c->state = framing_byte(c, (unsigned char)in[(*used)++]);
	}
	if (c->state == CHUNK_BAD)
		return HTTP_CHUNK_BAD;
	return c->state == CHUNK_END ? HTTP_CHUNK_END : HTTP_CHUNK_MORE;
}
