/* SPDX-License-Identifier: Apache-2.0 */
/* A machine of five states, fed with pieces of any size. */
#include "local/chunked.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/encode.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"

#define LINE_MAX_BYTES 4096
#define TRAILERS_MAX 16
#define SIZE_DIGITS_MAX 12
#define SIGNATURE_MARK ";chunk-signature="
#define SIGNATURE_LEN ((size_t)HASH_SHA256_HEX_SIZE - 1)
#define TRAILER_SIGNATURE "x-amz-trailer-signature"

enum state { IN_SIZE, IN_DATA, AFTER_DATA, IN_TRAILER, AT_END };

struct chunked {
	struct chunked_options o;
	enum state state;
	struct buf line;
	int64_t left; /* of the chunk */
	int64_t decoded; /* in all */
	struct hash *hash; /* of the chunk */
	char claimed[HASH_SHA256_HEX_SIZE]; /* the chunk's signature */
	char last[HASH_SHA256_HEX_SIZE]; /* the one before it */
	struct headers trailers;
	bool trailer_signed;
};

static int
refuse(struct error *err, const char *code, const char *text)
{
	err_set(err, ERR_PROTOCOL, "%s", text);
	snprintf(err->remote_code, sizeof(err->remote_code), "%s", code);
	return -1;
}

static int
broken(struct error *err, const char *text)
{
	return refuse(err, "InvalidRequest", text);
}

bool
chunked_by_name(const char *sha256, struct chunked_options *out)
{
	static const struct {
		const char *name;
		bool signed_chunks;
		bool trailers;
	} known[] = {
	    {"STREAMING-UNSIGNED-PAYLOAD-TRAILER", false, true},
	    {"STREAMING-AWS4-HMAC-SHA256-PAYLOAD", true, false},
	    {"STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", true, true},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(known); i++) {
		if (!str_eq(known[i].name, sha256))
			continue;
		out->signed_chunks = known[i].signed_chunks;
		out->trailers = known[i].trailers;
		return true;
	}
	return false;
}

struct chunked *
chunked_new(const struct chunked_options *options)
{
	struct chunked *c = xcalloc(1, sizeof(*c));

	c->o = *options;
	buf_init(&c->line, LINE_MAX_BYTES);
	headers_init(&c->trailers);
	if (c->o.signed_chunks) {
		snprintf(c->last, sizeof(c->last), "%s", c->o.seed);
		c->hash = hash_new(HASH_SHA256);
	}
	return c;
}

void
chunked_free(struct chunked *c)
{
	if (c == NULL)
		return;
	hash_free(c->hash);
	buf_done(&c->line);
	headers_done(&c->trailers);
	free(c);
}

const struct headers *
chunked_trailers(const struct chunked *c)
{
	return &c->trailers;
}

/* Compare a signature over `digest` with the one claimed, and go on with it. */
static int
check_signature(struct chunked *c, const char *algorithm, const char *digest,
    bool with_empty, const char *claimed, struct error *err)
{
	char date[TIMEFMT_AMZ_SIZE], expected[HASH_SHA256_HEX_SIZE];
	struct buf text;

	timefmt_amz(c->o.scope.at, date);
	buf_init(&text, LINE_MAX_BYTES);
	buf_printf(&text, "%s\n%s\n", algorithm, date);
	sigv4_credential_scope(&c->o.scope, &text);
	buf_printf(&text, "\n%s\n", c->last);
	if (with_empty)
		buf_puts(&text, SIGV4_EMPTY_SHA256 "\n");
	buf_puts(&text, digest);
	sigv4_signature(
	    &c->o.credentials, &c->o.scope, text.data, text.len, expected);
	buf_done(&text);
	if (!hash_equal(expected, claimed, sizeof(expected)))
		return refuse(err, "SignatureDoesNotMatch",
		    "the signature of a chunk does not match");
	memcpy(c->last, expected, sizeof(expected));
	return 0;
}

static int
end_chunk(struct chunked *c, struct error *err)
{
	unsigned char digest[HASH_SHA256_SIZE];
	char hex[HASH_SHA256_HEX_SIZE];

	if (!c->o.signed_chunks)
		return 0;
	hash_final(c->hash, digest);
	hash_free(c->hash);
	c->hash = hash_new(HASH_SHA256);
	encode_hex(digest, sizeof(digest), hex);
	return check_signature(
	    c, "AWS4-HMAC-SHA256-PAYLOAD", hex, true, c->claimed, err);
}

/* --- lines ---------------------------------------------------------- */

static int
take_size(struct chunked *c, const char *line, struct error *err)
{
	size_t digits = strspn(line, "0123456789abcdefABCDEF");
	const char *rest = line + digits;

	if (digits == 0 || digits > SIZE_DIGITS_MAX)
		return broken(err, "the size of a chunk cannot be read");
	if (c->o.signed_chunks) {
		size_t mark = strlen(SIGNATURE_MARK);

		if (!str_starts(rest, SIGNATURE_MARK) ||
		    strlen(rest + mark) != SIGNATURE_LEN)
			return broken(err, "a chunk is not signed");
		memcpy(c->claimed, rest + mark, SIGNATURE_LEN + 1);
	} else if (*rest != '\0')
		return broken(err, "a chunk's size is followed by more");
	c->left = (int64_t)strtoull(line, NULL, 16);
	if (c->left > c->o.length - c->decoded)
		return broken(
		    err, "more bytes than x-amz-decoded-content-length");
	if (c->left > 0) {
		c->state = IN_DATA;
		return 0;
	}
	c->state = IN_TRAILER;
	return end_chunk(c, err);
}

static int
check_trailers(struct chunked *c, const char *claimed, struct error *err)
{
	char hex[HASH_SHA256_HEX_SIZE];
	struct buf text;
	size_t i;
	int rc;

	if (strlen(claimed) != SIGNATURE_LEN)
		return broken(err, "the trailer's signature cannot be read");
	buf_init(&text, TRAILERS_MAX * LINE_MAX_BYTES);
	for (i = 0; i < c->trailers.n; i++)
		buf_printf(&text, "%s:%s\n", c->trailers.v[i].name,
		    c->trailers.v[i].value);
	hash_sha256_hex(text.data, text.len, hex);
	buf_done(&text);
	rc = check_signature(
	    c, "AWS4-HMAC-SHA256-TRAILER", hex, false, claimed, err);
	c->trailer_signed = rc == 0;
	return rc;
}

static int
take_trailer(struct chunked *c, char *line, struct error *err)
{
	char *colon = strchr(line, ':'), *value;

	if (!c->o.trailers || colon == NULL || c->trailer_signed)
		return broken(err, "an unexpected line after the last chunk");
	*colon = '\0';
	value = str_trim(colon + 1);
	str_lower(line);
	if (c->o.signed_chunks && str_eq(line, TRAILER_SIGNATURE))
		return check_trailers(c, value, err);
	if (!header_name_ok(line) || !header_value_ok(value) ||
	    headers_count(&c->trailers, line) > 0 ||
	    c->trailers.n == TRAILERS_MAX)
		return broken(err, "a trailer cannot be read");
	headers_add(&c->trailers, line, value);
	return 0;
}

static int
take_end(struct chunked *c, struct error *err)
{
	if (c->o.trailers && c->o.signed_chunks && !c->trailer_signed)
		return broken(err, "the trailer is not signed");
	if (c->decoded != c->o.length)
		return refuse(err, "IncompleteBody",
		    "fewer bytes than x-amz-decoded-content-length");
	c->state = AT_END;
	return 0;
}

static int
take_line(struct chunked *c, char *line, struct error *err)
{
	switch (c->state) {
	case IN_SIZE:
		return take_size(c, line, err);
	case AFTER_DATA:
		if (*line != '\0')
			return broken(err, "a chunk is longer than its size");
		c->state = IN_SIZE;
		return 0;
	case IN_TRAILER:
		return *line == '\0' ? take_end(c, err)
				     : take_trailer(c, line, err);
	case IN_DATA:
	case AT_END:
		break;
	}
	abort();
}

/* Gather up to a CRLF; the bytes eaten, or -1. */
static ssize_t
feed_line(struct chunked *c, const char *data, size_t len, struct error *err)
{
	const char *end = memchr(data, '\n', len);
	size_t n = end != NULL ? (size_t)(end - data) + 1 : len;
	int rc;

	if (memchr(data, '\0', n) != NULL ||
	    buf_append(&c->line, data, n) == -1)
		return broken(err, "a line of the framing cannot be read");
	if (end == NULL)
		return (ssize_t)n;
	if (c->line.len < 2 || c->line.data[c->line.len - 2] != '\r')
		return broken(err, "a line of the framing ends without CR");
	c->line.data[c->line.len - 2] = '\0';
	rc = take_line(c, c->line.data, err);
	buf_clear(&c->line);
	return rc == 0 ? (ssize_t)n : -1;
}

static ssize_t
feed_data(struct chunked *c, const char *data, size_t len, struct error *err)
{
	size_t n = (uint64_t)c->left < len ? (size_t)c->left : len;

	if (c->hash != NULL)
		hash_update(c->hash, data, n);
	if (c->o.data(data, n, c->o.arg, err) == -1)
		return -1;
	c->left -= (int64_t)n;
	c->decoded += (int64_t)n;
	if (c->left == 0) {
		c->state = AFTER_DATA;
		if (end_chunk(c, err) == -1)
			return -1;
	}
	return (ssize_t)n;
}

int
chunked_feed(struct chunked *c, const char *data, size_t len, struct error *err)
{
	ssize_t n;

	while (len > 0) {
		if (c->state == AT_END)
			return broken(err, "bytes after the end of the body");
		n = c->state == IN_DATA ? feed_data(c, data, len, err)
					: feed_line(c, data, len, err);
		if (n == -1)
			return -1;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

int
chunked_finish(struct chunked *c, struct error *err)
{
	if (c->state != AT_END)
		return refuse(err, "IncompleteBody", "the body ends too early");
	return 0;
}
