/* SPDX-License-Identifier: Apache-2.0 */
/* Inputs from words: files, folders, locations, names on standard input. */
#include "cmd/batch_inputs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "cmd/batch_lines.h"
#include "cmd/input.h"

#define DEPTH_MAX 64
#define WORD_MAX 8192

struct collecting {
	struct batch_inputs *in;
	const struct batch_input_words *words;
	struct map seen; /* by key */
	bool stdin_read;
};

/* --- the list ------------------------------------------------------- */

void
batch_inputs_init(struct batch_inputs *in)
{
	memset(in, 0, sizeof(*in));
	in->manifest_fd = -1;
}

static void
input_done(struct batch_input *i)
{
	free(i->shown);
	free(i->path);
	free(i->location);
	free(i->below);
	free(i->name);
	free(i->key);
}

void
batch_inputs_done(struct batch_inputs *in)
{
	while (in->n > 0)
		input_done(&in->v[--in->n]);
	free(in->v);
	if (in->manifest_fd != -1)
		close(in->manifest_fd);
}

struct batch_input *
batch_inputs_add(struct batch_inputs *in)
{
	struct batch_input *i;

	/* Twice as many at each power of two. */
	if ((in->n & (in->n - 1)) == 0)
		in->v = xreallocarray(
		    in->v, in->n == 0 ? 1 : 2 * in->n, sizeof(*in->v));
	i = &in->v[in->n++];
	memset(i, 0, sizeof(*i));
	i->size = -1;
	return i;
}

/* --- where things are ------------------------------------------------ */

/* Links on the way are followed, the last part stays as it is called. */
int
batch_inputs_absolute(
    const char *folder, const char *word, char **out, struct error *err)
{
	char *joined, *slash, *real;
	const char *last;

	joined = *word == '/' || folder == NULL
	    ? xstrdup(word)
	    : xasprintf("%s/%s", folder, word);
	slash = strrchr(joined, '/');
	last = slash != NULL ? slash + 1 : joined;
	if (*last == '\0' || str_eq(last, ".") || str_eq(last, "..")) {
		real = realpath(joined, NULL);
		last = NULL;
	} else if (slash == NULL) {
		real = realpath(".", NULL);
	} else {
		*slash = '\0';
		real = realpath(slash == joined ? "/" : joined, NULL);
	}
	if (real == NULL) {
		err_set_errno(err, ERR_USAGE, "input %s", word);
		free(joined);
		return -1;
	}
	*out = last == NULL
	    ? xstrdup(real)
	    : xasprintf("%s/%s", str_eq(real, "/") ? "" : real, last);
	free(real);
	free(joined);
	return 0;
}

static void
problem(struct collecting *c, const struct error *err)
{
	batch_problem(&c->in->problems, err);
}

static const void *
word_key(const void *item, size_t *len)
{
	*len = strlen(item);
	return item;
}

/* Overlapping words, as a folder and a file in it, name an input once. */
static bool
is_new(struct collecting *c, const char *key)
{
	if (map_find(&c->seen, key, strlen(key)) != NULL) {
		c->in->doubled++;
		return false;
	}
	map_add(&c->seen, xstrdup(key));
	return true;
}

/* --- files ----------------------------------------------------------- */

/* Takes the path. */
static void
add_file(
    struct collecting *c, const char *shown, char *take_path, const char *below)
{
	struct batch_input *i;
	struct error err;
	int64_t size;
	int fd;

	if (input_open(take_path, &fd, &size, &err) == -1) {
		err_hint(&err, "%s", "");
		problem(c, &err);
		free(take_path);
		return;
	}
	close(fd);
	if (!is_new(c, take_path)) {
		free(take_path);
		return;
	}
	i = batch_inputs_add(c->in);
	i->shown = xstrdup(shown);
	i->path = take_path;
	i->below = xstrdup(below);
	i->key = xstrdup(take_path);
	i->size = size;
}

struct folder {
	struct collecting *c;
	const char *path; /* absolute */
	const char *shown;
	const char *below; /* "" at the top */
	unsigned depth;
};

static void walk(const struct folder *f);

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool
is_output(const struct collecting *c, const struct stat *st)
{
	const struct stat *out = c->words->output;

	return out != NULL && st->st_dev == out->st_dev &&
	    st->st_ino == out->st_ino;
}

/* A link to a file is that file; one to a folder leads anywhere. */
static void
take_entry(const struct folder *f, const char *name)
{
	struct collecting *c = f->c;
	struct stat st, link;
	struct folder sub = {.c = c, .depth = f->depth + 1};
	char *path = xasprintf("%s/%s", f->path, name);
	char *shown = xasprintf("%s/%s", f->shown, name);
	char *below = *f->below == '\0' ? xstrdup(name)
					: xasprintf("%s/%s", f->below, name);

	if (lstat(path, &link) == -1 || stat(path, &st) == -1) {
		c->in->odd++;
	} else if (S_ISDIR(st.st_mode) && S_ISLNK(link.st_mode)) {
		c->in->links++;
	} else if (S_ISDIR(st.st_mode) && !is_output(c, &st)) {
		sub.path = path;
		sub.shown = shown;
		sub.below = below;
		walk(&sub);
	} else if (S_ISREG(st.st_mode)) {
		add_file(c, shown, path, below);
		path = NULL;
	} else if (!S_ISDIR(st.st_mode)) {
		c->in->odd++;
	}
	free(path);
	free(shown);
	free(below);
}

static char **
read_names(const struct folder *f, size_t *n)
{
	struct dirent *entry;
	struct error err;
	char **names = NULL;
	DIR *dir = opendir(f->path);

	*n = 0;
	if (dir == NULL) {
		err_set_errno(&err, ERR_USAGE, "folder %s", f->shown);
		problem(f->c, &err);
		return NULL;
	}
	while ((entry = readdir(dir)) != NULL) {
		if (*entry->d_name == '.') {
			f->c->in->hidden += !str_eq(entry->d_name, ".") &&
			    !str_eq(entry->d_name, "..");
			continue;
		}
		if ((*n & (*n - 1)) == 0)
			names = xreallocarray(
			    names, *n == 0 ? 1 : 2 * *n, sizeof(*names));
		names[(*n)++] = xstrdup(entry->d_name);
	}
	closedir(dir);
	if (*n > 0)
		qsort(names, *n, sizeof(*names), by_name);
	return names;
}

static void
walk(const struct folder *f)
{
	struct error err;
	char **names;
	size_t n, i;

	if (f->depth > DEPTH_MAX) {
		err_set(&err, ERR_USAGE, "%s is more than %d folders deep",
		    f->shown, DEPTH_MAX);
		problem(f->c, &err);
		return;
	}
	names = read_names(f, &n);
	for (i = 0; i < n; i++) {
		take_entry(f, names[i]);
		free(names[i]);
	}
	free(names);
}

/* --- words ----------------------------------------------------------- */

static void
take_folder(struct collecting *c, const char *word, const char *path,
    const struct stat *st)
{
	struct folder f = {.c = c, .path = path, .below = ""};
	size_t before = c->in->n, doubled = c->in->doubled;
	char *shown = xstrdup(word);
	size_t len = strlen(shown);
	struct error err;

	while (len > 1 && shown[len - 1] == '/')
		shown[--len] = '\0';
	f.shown = str_eq(shown, "/") ? "" : shown;
	if (is_output(c, st)) {
		err_set(&err, ERR_USAGE,
		    "%s is the output folder, and cannot be an input", word);
		err_hint(&err, "Name another folder by -O.");
		problem(c, &err);
	} else {
		walk(&f);
		if (c->in->n == before && c->in->doubled == doubled &&
		    c->in->problems.n == 0) {
			err_set(&err, ERR_USAGE,
			    "there is no file in the folder %s", word);
			problem(c, &err);
		}
	}
	free(shown);
}

static void
take_location(struct collecting *c, const char *word)
{
	struct batch_input *i;
	const char *below = strstr(word, "://") + 3;

	if (!is_new(c, word))
		return;
	i = batch_inputs_add(c->in);
	i->shown = xstrdup(word);
	i->location = xstrdup(word);
	i->below = xstrdup(below);
	i->key = xstrdup(word);
}

static void
take_path(struct collecting *c, const char *word)
{
	const char *last;
	struct error err;
	struct stat st;
	char *path;

	if (batch_inputs_absolute(NULL, word, &path, &err) == -1) {
		problem(c, &err);
	} else if (stat(path, &st) == -1) {
		err_set_errno(&err, ERR_USAGE, "input %s", word);
		problem(c, &err);
		free(path);
	} else if (S_ISDIR(st.st_mode)) {
		take_folder(c, word, path, &st);
		free(path);
	} else {
		last = strrchr(path, '/');
		add_file(c, word, path, last + 1);
	}
}

static int take_stdin(struct collecting *c, struct error *err);

static int
take_word(struct collecting *c, const char *word, struct error *err)
{
	if (str_eq(word, "-"))
		return take_stdin(c, err);
	if (input_is_location(word))
		take_location(c, word);
	else
		take_path(c, word);
	return 0;
}

static int
take_line(
    char *line, size_t len, int64_t at, size_t no, void *arg, struct error *err)
{
	struct collecting *c = arg;
	struct error wrong;

	(void)at;
	if (len == 0)
		return 0;
	if (strlen(line) != len || str_eq(line, "-")) {
		err_set(&wrong, ERR_USAGE,
		    "standard input, line %zu: that is no name of an input",
		    no);
		problem(c, &wrong);
		return 0;
	}
	return take_word(c, line, err);
}

static int
take_stdin(struct collecting *c, struct error *err)
{
	struct batch_lines l = {
	    .fd = STDIN_FILENO,
	    .end = c->words->null ? '\0' : '\n',
	    .max = WORD_MAX,
	    .fn = take_line,
	    .arg = c,
	};

	if (c->stdin_read)
		return err_set(err, ERR_USAGE,
		    "- was given twice, and standard input is read once");
	c->stdin_read = true;
	if (batch_lines_read(&l, true, err) == -1)
		return err_prefix(err, "standard input");
	return 0;
}

/* --- a manifest ------------------------------------------------------ */

static int
open_manifest(const char *file, int *fd, struct error *err)
{
	int64_t size;

	if (input_open(file, fd, &size, err) == -1)
		return err_prefix(err, "--manifest");
	return 0;
}

static int
take_manifest(struct batch_inputs *in, const char *file, struct error *err)
{
	char *folder = file_folder(file);
	int fd, rc = open_manifest(file, &fd, err);

	if (rc == 0)
		rc = batch_inputs_manifest(
		    in, fd, str_eq(file, "-") ? "." : folder, err);
	free(folder);
	return rc;
}

int
batch_inputs_collect(struct batch_inputs *in,
    const struct batch_input_words *words, struct error *err)
{
	struct collecting c = {.in = in, .words = words};
	size_t i;
	int k, rc = 0;

	if (words->manifest != NULL)
		return take_manifest(in, words->manifest, err);
	map_init(&c.seen, word_key);
	for (k = 0; k < words->n && rc == 0; k++)
		rc = take_word(&c, words->words[k], err);
	for (i = 0; i < c.seen.cap; i++)
		free(c.seen.items[i]);
	map_done(&c.seen);
	return rc;
}
