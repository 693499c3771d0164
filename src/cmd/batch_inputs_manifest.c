/* SPDX-License-Identifier: Apache-2.0 */
/* Inputs from a manifest: JSON lines. */
#include "cmd/batch_inputs.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "cmd/batch_lines.h"
#include "cmd/batch_manifest.h"
#include "cmd/batch_names.h"
#include "cmd/input.h"

/* Something that may be there once: an id, or a line's text so many times. */
struct known {
	char *text;
	unsigned times;
};

struct reading {
	struct batch_inputs *in;
	const char *folder; /* that paths begin at */
	struct map known;
	struct batch_names *names; /* that were chosen */
};

static const void *
known_key(const void *item, size_t *len)
{
	const struct known *k = item;

	*len = strlen(k->text);
	return k->text;
}

static struct known *
meet(struct reading *r, const char *text)
{
	struct known *k = map_find(&r->known, text, strlen(text));

	if (k == NULL) {
		k = xcalloc(1, sizeof(*k));
		k->text = xstrdup(text);
		map_add(&r->known, k);
	}
	k->times++;
	return k;
}

/*
 * By its id where it has one, else by all that it says: a line that stands
 * there twice is two inputs, the first and the second of its kind.
 */
static int
make_key(struct reading *r, const struct batch_line *line, const char *text,
    size_t len, char **out, struct error *err)
{
	char hex[HASH_SHA256_HEX_SIZE], *key;
	const struct known *k;

	if (line->id != NULL) {
		key = xasprintf("id %s", line->id);
		k = meet(r, key);
		if (k->times == 1) {
			*out = key;
			return 0;
		}
		free(key);
		return err_set(err, ERR_USAGE,
		    "the id \"%.60s\" stands there before", line->id);
	}
	hash_sha256_hex(text, len, hex);
	k = meet(r, hex);
	*out = xasprintf("line %s %u", hex, k->times);
	return 0;
}

static int
take_file(const struct reading *r, const char *word, struct batch_input *i,
    struct error *err)
{
	const char *slash = strrchr(word, '/');
	char *path;
	int fd;

	if (str_eq(word, "-"))
		return err_set(err, ERR_USAGE,
		    "\"input\" must be a file or an s3:// location");
	if (batch_inputs_absolute(r->folder, word, &path, err) == -1)
		return -1;
	if (input_open(path, &fd, &i->size, err) == -1) {
		free(path);
		return -1;
	}
	close(fd);
	i->path = path;
	/* Relative paths keep their folders, so that results lie alike. */
	i->below = xstrdup(*word == '/' ? slash + 1 : word);
	return 0;
}

static int
take_input(const struct reading *r, const struct batch_line *line, size_t no,
    struct batch_input *i, struct error *err)
{
	i->shown = xstrdup(line->input != NULL ? line->input : "");
	if (line->body != NULL) {
		i->size = (int64_t)strlen(line->body);
		i->below = line->id != NULL ? xstrdup(line->id)
					    : xasprintf("line-%zu", no);
		return 0;
	}
	if (!input_is_location(line->input))
		return take_file(r, line->input, i, err);
	i->location = xstrdup(line->input);
	i->below = xstrdup(strstr(line->input, "://") + 3);
	return 0;
}

static int
take_object(struct reading *r, const struct json *object, const char *text,
    size_t len, struct batch_input *i, struct error *err)
{
	struct batch_line line;
	int rc;

	if (batch_line_read(object, &line, err) == -1)
		return -1;
	rc = make_key(r, &line, text, len, &i->key, err);
	if (rc == 0 && line.name != NULL)
		rc = batch_names_claim(r->names, line.name, err);
	if (rc == 0)
		rc = take_input(r, &line, i->line_no, i, err);
	i->name = xstrdup_or_null(line.name);
	batch_line_done(&line);
	return rc;
}

/* What is wrong is told with its line, and the others are looked at. */
static int
on_line(
    char *text, size_t len, int64_t at, size_t no, void *arg, struct error *err)
{
	struct reading *r = arg;
	struct batch_input *i;
	struct json *object = NULL;
	struct error wrong;
	int rc;

	(void)err;
	if (len == 0)
		return 0;
	i = batch_inputs_add(r->in);
	i->line_at = at;
	i->line_len = len;
	i->line_no = no;
	rc = json_parse(text, len, &object, &wrong);
	if (rc == 0)
		rc = take_object(r, object, text, len, i, &wrong);
	json_free(object);
	if (rc == -1) {
		err_prefix(&wrong, "manifest, line %zu", no);
		batch_problem(&r->in->problems, &wrong);
	}
	return 0;
}

static void
forget(struct reading *r)
{
	struct known *k;
	size_t i;

	for (i = 0; i < r->known.cap; i++) {
		k = r->known.items[i];
		if (k == NULL)
			continue;
		free(k->text);
		free(k);
	}
	map_done(&r->known);
	batch_names_free(r->names);
}

int
batch_inputs_manifest(
    struct batch_inputs *in, int take_fd, const char *folder, struct error *err)
{
	struct reading r = {.in = in, .folder = folder};
	struct batch_lines l = {
	    .fd = take_fd,
	    .end = '\n',
	    .max = BATCH_LINE_MAX,
	    .fn = on_line,
	    .arg = &r,
	};
	int rc;

	in->manifest_fd = take_fd;
	if (lseek(take_fd, 0, SEEK_SET) == -1)
		return err_set_errno(err, ERR_IO, "--manifest");
	map_init(&r.known, known_key);
	r.names = batch_names_new();
	rc = batch_lines_read(&l, true, err);
	forget(&r);
	return rc == -1 ? err_prefix(err, "manifest") : 0;
}
