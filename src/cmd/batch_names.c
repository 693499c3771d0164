/* SPDX-License-Identifier: Apache-2.0 */
/* From paths to names: made safe, then numbered where two would meet. */
#include "cmd/batch_names.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/encode.h"
#include "base/hash.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"

/* A file system takes 255 bytes of a part; ours need room for a number, the
 * suffix, and for what is written beside it. */
#define PART_MAX 200
#define PATH_BYTES_MAX 1000
#define DIGEST_LEN 16
/* What is made has a suffix and a number behind that. */
#define CHOSEN_PART_MAX 240
#define CHOSEN_BYTES_MAX 1400
#define NAME_MAX_BYTES 4096

enum kind { IS_FOLDER, IS_FILE };

struct name {
	char *folded;
	enum kind kind;
	unsigned next; /* number to try for another file of this name */
};

struct batch_names {
	struct map map;
	struct name **v;
	size_t n;
};

static const char *const reserved[] = {".awaitd-batch", "results.jsonl"};

/* --- what is the same ----------------------------------------------- */

/*
 * Capitals of Latin-1, Latin Extended-A, Greek and Cyrillic, in two bytes of
 * UTF-8 that stay two: what file systems which ignore case are likely to meet.
 */
static unsigned
fold_two(unsigned c)
{
	if ((c >= 0xc0 && c <= 0xde && c != 0xd7) ||
	    (c >= 0x391 && c <= 0x3a9) || (c >= 0x410 && c <= 0x42f))
		return c + 0x20;
	if (c >= 0x400 && c <= 0x40f)
		return c + 0x50;
	if ((c >= 0x100 && c <= 0x12f) || (c >= 0x132 && c <= 0x137) ||
	    (c >= 0x14a && c <= 0x177) || (c >= 0x460 && c <= 0x481))
		return c | 1;
	if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17e))
		return c + (c & 1);
	return c;
}

/* As long as the name: so a part of it folds to the same part. */
static void
fold(char *s)
{
	unsigned c;

	for (; *s != '\0'; s++) {
		*s = (char)str_lower_char((unsigned char)*s);
		if (((unsigned char)*s & 0xe0) != 0xc0 || s[1] == '\0')
			continue;
		c = ((unsigned)(unsigned char)*s & 0x1f) << 6 |
		    ((unsigned)(unsigned char)s[1] & 0x3f);
		c = fold_two(c);
		*s = (char)(0xc0 | c >> 6);
		*++s = (char)(0x80 | (c & 0x3f));
	}
}

static const void *
key_of(const void *item, size_t *len)
{
	const struct name *name = item;

	*len = strlen(name->folded);
	return name->folded;
}

static struct name *
find(const struct batch_names *n, const char *path, size_t len)
{
	char *folded = xstrndup(path, len);
	struct name *found;

	fold(folded);
	found = map_find(&n->map, folded, len);
	free(folded);
	return found;
}

static struct name *
note(struct batch_names *n, const char *path, size_t len, enum kind kind)
{
	struct name *name = find(n, path, len);

	if (name != NULL)
		return name;
	name = xcalloc(1, sizeof(*name));
	name->folded = xstrndup(path, len);
	fold(name->folded);
	name->kind = kind;
	name->next = 2;
	if ((n->n & (n->n - 1)) == 0)
		n->v = xreallocarray(
		    n->v, n->n == 0 ? 1 : 2 * n->n, sizeof(*n->v));
	n->v[n->n++] = name;
	map_add(&n->map, name);
	return name;
}

static void
note_all(struct batch_names *n, const char *path)
{
	const char *slash = path;

	while ((slash = strchr(slash, '/')) != NULL) {
		note(n, path, (size_t)(slash - path), IS_FOLDER);
		slash++;
	}
	note(n, path, strlen(path), IS_FILE);
}

/* --- in and out ----------------------------------------------------- */

struct batch_names *
batch_names_new(void)
{
	struct batch_names *n = xcalloc(1, sizeof(*n));
	size_t i;

	map_init(&n->map, key_of);
	for (i = 0; i < ARRAY_LEN(reserved); i++)
		note(n, reserved[i], strlen(reserved[i]), IS_FILE);
	return n;
}

void
batch_names_free(struct batch_names *n)
{
	size_t i;

	if (n == NULL)
		return;
	for (i = 0; i < n->n; i++) {
		free(n->v[i]->folded);
		free(n->v[i]);
	}
	map_done(&n->map);
	free(n->v);
	free(n);
}

/* --- safe ----------------------------------------------------------- */

/* Text stays; a control character, or what is no UTF-8, becomes %XX. */
static void
add_bytes(struct buf *out, const char *s, size_t len)
{
	size_t i = 0, n;
	bool text;

	while (i < len) {
		n = str_utf8_len(s + i, len - i);
		text = n > 1
		    ? !(s[i] == '\xc2' && (unsigned char)s[i + 1] < 0xa0)
		    : n == 1 && (unsigned char)s[i] >= 0x20 && s[i] != 0x7f;
		if (text) {
			buf_append(out, s + i, n);
			i += n;
			continue;
		}
		do {
			buf_printf(out, "%%%02X", (unsigned char)s[i++]);
		} while (n-- > 1);
	}
}

static void
add_digest(struct buf *out, const char *s, size_t len)
{
	char hex[HASH_SHA256_HEX_SIZE];

	hash_sha256_hex(s, len, hex);
	buf_append(out, hex, DIGEST_LEN);
}

/* A part that is too long ends in a digest of all of it. */
static void
add_part(struct buf *out, const char *s, size_t len)
{
	size_t from = out->len, keep = PART_MAX - DIGEST_LEN - 1;

	if (len == 2 && memcmp(s, "..", 2) == 0) {
		buf_puts(out, "_");
		return;
	}
	add_bytes(out, s, len);
	if (out->len - from <= PART_MAX)
		return;
	while (
	    keep > 0 && ((unsigned char)out->data[from + keep] & 0xc0) == 0x80)
		keep--;
	buf_truncate(out, from + keep);
	buf_putc(out, '-');
	add_digest(out, s, len);
}

static void
add_parts(struct buf *out, const char *path)
{
	size_t len;

	for (; *path != '\0'; path += len + (path[len] == '/')) {
		len = strcspn(path, "/");
		if (len == 0 || (len == 1 && *path == '.'))
			continue;
		if (out->len > 0)
			buf_putc(out, '/');
		add_part(out, path, len);
	}
}

/* No part of it is empty, "." or "..", none is too long, nor is the whole. */
static char *
make_safe(const char *path)
{
	const char *last = strrchr(path, '/');
	struct buf b;

	/* Each byte may become three. */
	buf_init(&b, 3 * strlen(path) + 2 * PART_MAX);
	add_parts(&b, path);
	if (b.len > PATH_BYTES_MAX) {
		buf_clear(&b);
		add_digest(&b, path, strlen(path));
		add_parts(&b, last != NULL ? last : path);
	}
	if (b.len == 0)
		buf_putc(&b, '_');
	return buf_take(&b);
}

/* --- made ----------------------------------------------------------- */

/* The parts that become folders: where a file has the name, with a number. */
static void
add_folders(const struct batch_names *n, struct buf *out, const char *safe)
{
	const struct name *met;
	size_t len, from;
	unsigned k;

	for (; safe[len = strcspn(safe, "/")] == '/'; safe += len + 1) {
		from = out->len;
		buf_append(out, safe, len);
		for (k = 2; (met = find(n, out->data, out->len)) != NULL &&
		     met->kind == IS_FILE;
		     k++) {
			buf_truncate(out, from);
			buf_append(out, safe, len);
			buf_printf(out, "~%u", k);
		}
		buf_putc(out, '/');
	}
}

char *
batch_names_make(struct batch_names *n, const char *path)
{
	char *safe = make_safe(path);
	const char *slash = strrchr(safe, '/');
	const char *last = slash != NULL ? slash + 1 : safe;
	struct name *met, *first;
	struct buf b;
	size_t from;

	buf_init(&b, NAME_MAX_BYTES);
	add_folders(n, &b, safe);
	from = b.len;
	buf_printf(&b, "%s" BATCH_SUFFIX, last);
	first = met = find(n, b.data, b.len);
	while (met != NULL) {
		buf_truncate(&b, from);
		buf_printf(&b, "%s~%u" BATCH_SUFFIX, last, first->next++);
		met = find(n, b.data, b.len);
	}
	free(safe);
	note_all(n, b.data);
	return buf_take(&b);
}

/* --- chosen --------------------------------------------------------- */

static bool
meets(const struct batch_names *n, const char *name)
{
	const char *slash = name;
	const struct name *met;

	while ((slash = strchr(slash, '/')) != NULL) {
		met = find(n, name, (size_t)(slash - name));
		if (met != NULL && met->kind == IS_FILE)
			return true;
		slash++;
	}
	return find(n, name, strlen(name)) != NULL;
}

/* Relative, of sound parts, and text that a terminal can show. */
static bool
name_ok(const char *name)
{
	struct buf b;
	size_t len;
	bool ok = strlen(name) <= CHOSEN_BYTES_MAX && *name != '\0';

	buf_init(&b, 3 * CHOSEN_BYTES_MAX);
	if (ok)
		add_bytes(&b, name, strlen(name));
	ok = ok && str_eq(b.data, name) && !str_ends(name, "/");
	buf_done(&b);
	for (; ok && *name != '\0'; name += len + (name[len] == '/')) {
		len = strcspn(name, "/");
		ok = len > 0 && len <= CHOSEN_PART_MAX &&
		    !(len <= 2 && strncmp(name, "..", len) == 0);
	}
	return ok;
}

int
batch_names_claim(struct batch_names *n, const char *name, struct error *err)
{
	if (!name_ok(name)) {
		err_set(err, ERR_USAGE,
		    "\"%.80s\" is no name for a file in the output folder",
		    name);
		return err_hint(err,
		    "It is relative, without \"..\", \"//\" and control "
		    "characters, and no part of it has more than %d bytes.",
		    CHOSEN_PART_MAX);
	}
	if (meets(n, name)) {
		err_set(err, ERR_EXISTS,
		    "the name \"%.80s\" is another's, or a folder of another's",
		    name);
		return err_hint(err,
		    "Each input needs a name of its own; upper and lower case "
		    "are the same.");
	}
	note_all(n, name);
	return 0;
}
