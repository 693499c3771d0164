/* SPDX-License-Identifier: Apache-2.0 */
/* Sections of key = value lines. */
#include "base/ini.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"

#define FILE_MAX_BYTES (1024 * 1024)

struct reader {
	const char *file;
	int line;
	enum ini_style style;
	char *section;
	char *parent;
	bool parent_open; /* the last key had no value: "s3 =" */
	ini_fn *fn;
	void *arg;
};

static int
emit(struct reader *r, const char *parent, const char *key, const char *value,
    struct error *err)
{
	struct ini_entry e = {
	    .file = r->file,
	    .line = r->line,
	    .section = r->section,
	    .parent = parent,
	    .key = key,
	    .value = value,
	};

	if (r->fn(&e, r->arg, err) == -1)
		return err_prefix(err, "%s:%d", r->file, r->line);
	return 0;
}

static int
complain(struct reader *r, const char *what, struct error *err)
{
	return err_set(err, ERR_CONFIG, "%s:%d: %s", r->file, r->line, what);
}

/* The bracket that closes the header. Behind AWS's a comment may stand. */
static char *
header_end(enum ini_style style, char *text)
{
	char *end;

	for (end = strchr(text, ']'); end != NULL; end = strchr(end + 1, ']')) {
		const char *rest = end + 1 + strspn(end + 1, " \t");

		if (*rest == '\0' ||
		    (style == INI_NESTED && strchr("#;", *rest) != NULL))
			return end;
	}
	return NULL;
}

static int
take_section(struct reader *r, char *text, struct error *err)
{
	char *end = header_end(r->style, text);

	if (end == NULL)
		return complain(r, "a section header ends in ']'", err);
	*end = '\0';
	free(r->section);
	r->section = xstrdup(str_trim(text + 1));
	xfree(&r->parent);
	r->parent_open = false;
	if (*r->section == '\0')
		return complain(r, "a section needs a name", err);
	return emit(r, NULL, "", "", err);
}

static int
take_key(struct reader *r, char *text, bool indented, struct error *err)
{
	char *eq = strchr(text, '='), *key, *value;
	bool nested = indented && r->style == INI_NESTED && r->parent_open;

	if (eq == NULL)
		return complain(r, "expected 'key = value'", err);
	*eq = '\0';
	key = str_trim(text);
	value = str_trim(eq + 1);
	if (*key == '\0')
		return complain(r, "expected a key before '='", err);
	if (nested)
		return emit(r, r->parent, key, value, err);
	free(r->parent);
	r->parent = xstrdup(key);
	r->parent_open = *value == '\0';
	return emit(r, NULL, key, value, err);
}

/* A tab is a blank; no other control character has a place in a line. */
static bool
has_control(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text != '\t' &&
		    ((unsigned char)*text < 0x20 || *text == 0x7f))
			return true;
	}
	return false;
}

static int
take_line(struct reader *r, char *raw, struct error *err)
{
	bool indented = *raw == ' ' || *raw == '\t';
	char *text = str_trim(raw);

	if (*text == '\0' || *text == '#' || *text == ';')
		return 0;
	if (has_control(text))
		return complain(r, "a control character", err);
	if (r->style == INI_NESTED && !str_is_text(text, strlen(text)))
		return complain(r, "bytes that are not UTF-8", err);
	if (*text == '[')
		return take_section(r, text, err);
	return take_key(r, text, indented, err);
}

static int
take_lines(struct reader *r, const char *text, size_t len, struct error *err)
{
	while (len > 0) {
		const char *end = memchr(text, '\n', len);
		size_t n = end != NULL ? (size_t)(end - text) : len;
		char *line;
		int rc;

		r->line++;
		if (memchr(text, '\0', n) != NULL)
			return complain(r, "a NUL byte", err);
		line = xstrndup(text, n);
		rc = take_line(r, line, err);
		hash_wipe(line, n);
		free(line);
		if (rc == -1)
			return -1;
		if (end == NULL)
			break;
		text += n + 1;
		len -= n + 1;
	}
	return 0;
}

int
ini_parse(const char *file, const char *text, size_t len, enum ini_style style,
    ini_fn *fn, void *arg, struct error *err)
{
	struct reader r = {
	    .file = file,
	    .style = style,
	    .section = xstrdup(""),
	    .fn = fn,
	    .arg = arg,
	};
	int rc;

	/* An editor's byte-order mark is no part of the first key. */
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		len -= 3;
	}
	rc = take_lines(&r, text, len, err);
	free(r.section);
	free(r.parent);
	return rc;
}

int
ini_parse_file(const char *path, enum ini_style style, ini_fn *fn, void *arg,
    struct error *err)
{
	struct buf b;
	int rc;

	buf_init(&b, FILE_MAX_BYTES);
	rc = file_read(path, &b, err);
	if (rc == 0)
		rc = ini_parse(path, b.data, b.len, style, fn, arg, err);
	hash_wipe(b.data, b.len);
	buf_done(&b);
	return rc;
}
