/* SPDX-License-Identifier: Apache-2.0 */
/* Writing the plan, before anything is sent, and the journal. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/encode.h"
#include "base/file.h"
#include "base/jsonw.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "cmd/batch_names.h"
#include "cmd/batch_plan_inner.h"

#define NEW_FILE PLAN_FILE ".new"
#define WRITE_BYTES ((size_t)1 << 20)

/* What a plan has already. */
struct planned {
	char *key;
	size_t i;
};

struct writing {
	struct batch_plan *p;
	struct batch_inputs *in;
	struct batch_names *names;
	struct map known; /* by key */
	struct buf out; /* not written yet */
	int fd;
	int64_t at; /* of the next line */
	size_t added;
};

/* --- what is there already ------------------------------------------- */

static const void *
planned_key(const void *item, size_t *len)
{
	const struct planned *k = item;

	*len = strlen(k->key);
	return k->key;
}

static int
know_one(struct writing *w, size_t i, struct error *err)
{
	struct batch_entry e;
	struct planned *k;
	const char *key;
	int rc;

	if (batch_plan_entry(w->p, i, &e, err) == -1)
		return -1;
	rc = batch_names_claim(w->names, e.name, err);
	key = json_get_str(e.root, "key");
	if (rc == 0 && key != NULL &&
	    map_find(&w->known, key, strlen(key)) == NULL) {
		k = xcalloc(1, sizeof(*k));
		k->key = xstrdup(key);
		k->i = i;
		map_add(&w->known, k);
	}
	batch_entry_done(&e);
	return rc;
}

static void
forget(struct writing *w)
{
	struct planned *k;
	size_t i;

	for (i = 0; i < w->known.cap; i++) {
		k = w->known.items[i];
		if (k == NULL)
			continue;
		free(k->key);
		free(k);
	}
	map_done(&w->known);
	batch_names_free(w->names);
	buf_done(&w->out);
}

/* In the plan keys are text, so a name of other bytes is written as %XX. */
static char *
key_text(const char *key)
{
	struct buf b;

	if (str_is_text(key, strlen(key)))
		return xstrdup(key);
	buf_init(&b, 3 * strlen(key) + 8);
	buf_puts(&b, "coded ");
	encode_uri(&b, key, strlen(key), true);
	return buf_take(&b);
}

static const struct planned *
known(const struct writing *w, const struct batch_input *i)
{
	char *key = key_text(i->key);
	const struct planned *k = map_find(&w->known, key, strlen(key));

	free(key);
	return k;
}

static bool
is_known(const struct writing *w, const struct batch_input *i)
{
	return known(w, i) != NULL;
}

/* Of a manifest, as it stands there now. *out is the caller's. */
static int
read_line(const struct writing *w, const struct batch_input *i,
    struct json **out, struct error *err)
{
	char *text = xmalloc(i->line_len + 1);
	ssize_t n =
	    pread(w->in->manifest_fd, text, i->line_len, (off_t)i->line_at);
	int rc = -1;

	if (n == (ssize_t)i->line_len)
		rc = json_parse(text, i->line_len, out, err);
	else
		err_set(err, ERR_IO, "it changes while it is read");
	free(text);
	return rc;
}

static bool
same_json(const struct json *a, const struct json *b)
{
	struct buf one, other;
	bool same;

	buf_init(&one, PLAN_LINE_MAX);
	buf_init(&other, PLAN_LINE_MAX);
	json_print(a, &one);
	json_print(b, &other);
	same = !one.overflow && str_eq(one.data, other.data);
	buf_done(&one);
	buf_done(&other);
	return same;
}

/* An id that is in the plan stands for what was asked for with it. */
static int
check_same(const struct writing *w, const struct batch_input *i,
    const struct planned *k, struct error *err)
{
	struct json *object = NULL;
	struct batch_entry e;
	int rc;

	if (i->line_len == 0 || !str_starts(i->key, "id "))
		return 0;
	if (batch_plan_entry(w->p, k->i, &e, err) == -1)
		return -1;
	rc = read_line(w, i, &object, err);
	if (rc == 0 && !same_json(object, json_get(e.root, "line"))) {
		rc = err_set(
		    err, ERR_USAGE, "the plan has this id with another line");
		err_hint(
		    err, "Give what is to be asked for anew an id of its own.");
	}
	json_free(object);
	batch_entry_done(&e);
	return rc;
}

/* --- names ----------------------------------------------------------- */

/* Those that were chosen first: the others make way for them. */
static void
claim_names(struct writing *w)
{
	const struct planned *k;
	struct batch_input *i;
	struct error err;
	size_t n;
	int rc;

	for (n = 0; n < w->in->n; n++) {
		i = &w->in->v[n];
		k = known(w, i);
		rc = 0;
		if (k != NULL)
			rc = check_same(w, i, k, &err);
		else if (i->name != NULL)
			rc = batch_names_claim(w->names, i->name, &err);
		if (rc == 0)
			continue;
		err_prefix(&err, "manifest, line %zu", i->line_no);
		batch_problem(&w->in->problems, &err);
	}
}

/* --- lines ----------------------------------------------------------- */

static void
put_bytes(struct jsonw *w, const char *name, const char *bytes)
{
	struct buf b;
	char *coded;

	if (str_is_text(bytes, strlen(bytes))) {
		jsonw_str(w, name, bytes);
		return;
	}
	buf_init(&b, 3 * strlen(bytes) + 1);
	encode_uri(&b, bytes, strlen(bytes), true);
	coded = xasprintf("%s_coded", name);
	jsonw_str(w, coded, b.data);
	free(coded);
	buf_done(&b);
}

/* The manifest's line, which has to be what it was. */
static int
put_line(struct writing *w, struct jsonw *out, const struct batch_input *i,
    struct error *err)
{
	struct json *object = NULL;
	struct batch_line line = {0};
	int rc = read_line(w, i, &object, err);

	if (rc == 0)
		rc = batch_line_read(object, &line, err);
	if (rc == 0 &&
	    ((line.name == NULL) != (i->name == NULL) ||
		(i->name != NULL && !str_eq(line.name, i->name))))
		rc = err_set(err, ERR_IO, "it changes while it is read");
	if (rc == 0)
		jsonw_json(out, "line", object);
	else
		err_prefix(err, "manifest, line %zu", i->line_no);
	batch_line_done(&line);
	json_free(object);
	return rc;
}

/* What lies there is somebody else's: this batch has written nothing yet. */
static int
check_free(const struct writing *w, const char *name, struct error *err)
{
	if (faccessat(w->p->dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == -1)
		return 0;
	err_set(err, ERR_USAGE, "%s/%s is there already", w->p->dir, name);
	return err_hint(err,
	    "Move away what an earlier batch left, or name another folder by "
	    "-O.");
}

static int
put_input(struct writing *w, struct batch_input *i, struct error *err)
{
	char *key = key_text(i->key), *name;
	struct jsonw out;
	int rc;

	name = i->name != NULL ? xstrdup(i->name)
			       : batch_names_make(w->names, i->below);
	rc = check_free(w, name, err);
	jsonw_init(&out, &w->out);
	jsonw_begin(&out, NULL, '{');
	jsonw_int(&out, "index", (int64_t)w->p->n);
	jsonw_str(&out, "input", i->shown);
	if (i->path != NULL)
		put_bytes(&out, "path", i->path);
	jsonw_opt(&out, "location", i->location);
	if (i->size >= 0)
		jsonw_int(&out, "size", i->size);
	jsonw_str(&out, "output", name);
	jsonw_str(&out, "key", key);
	if (rc == 0 && i->line_len > 0)
		rc = put_line(w, &out, i, err);
	jsonw_end(&out, '}');
	free(key);
	free(name);
	return rc;
}

static int
flush(struct writing *w, struct error *err)
{
	int rc = file_write_all(w->fd, w->out.data, w->out.len, err);

	buf_clear(&w->out);
	return rc == -1 ? err_prefix(err, "write the plan") : 0;
}

/* The line that was put into the buffer from `from` on is whole. */
static int
end_line(struct writing *w, size_t from, struct error *err)
{
	size_t len = w->out.len - from;

	if (buf_putc(&w->out, '\n') == -1 || len > PLAN_LINE_MAX)
		return err_set(
		    err, ERR_LIMIT, "a line of the plan is too long");
	w->at += (int64_t)len + 1;
	return w->out.len >= WRITE_BYTES ? flush(w, err) : 0;
}

static int
put_all(struct writing *w, struct error *err)
{
	struct batch_input *i;
	size_t k, from;
	int64_t at;

	for (k = 0; k < w->in->n; k++) {
		i = &w->in->v[k];
		if (is_known(w, i))
			continue;
		from = w->out.len;
		at = w->at;
		if (put_input(w, i, err) == -1 || end_line(w, from, err) == -1)
			return -1;
		batch_plan_item(w->p, at, (size_t)(w->at - at) - 1);
		w->added++;
	}
	return flush(w, err);
}

/* --- onto the disk --------------------------------------------------- */

int
batch_plan_open_journal(struct batch_plan *p, struct error *err)
{
	p->journal_fd = openat(p->meta_fd, JOURNAL_FILE,
	    O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, (mode_t)0600);
	if (p->journal_fd == -1)
		return err_set_errno(
		    err, ERR_IO, "%s/" BATCH_FOLDER "/" JOURNAL_FILE, p->dir);
	return 0;
}

/* The output folder's own name. Who made it may have died right behind; where
 * the folder above is not ours to read, somebody else did. */
static int
sync_above(const struct batch_plan *p)
{
	int rc,
	    fd = openat(p->dir_fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1)
		return errno == EACCES ? 0 : -1;
	rc = fsync(fd);
	close(fd);
	return rc;
}

int
batch_plan_sync_all(const struct batch_plan *p, int plan_fd, struct error *err)
{
	if (fsync(plan_fd) == -1 || fsync(p->journal_fd) == -1 ||
	    fsync(p->meta_fd) == -1 || fsync(p->dir_fd) == -1 ||
	    sync_above(p) == -1)
		return err_set_errno(
		    err, ERR_IO, "fsync the plan in %s", p->dir);
	return 0;
}

int
batch_file_append(int fd, const char *line, size_t len, struct error *err)
{
	off_t end = lseek(fd, 0, SEEK_END);

	if (end == -1)
		return err_set_errno(err, ERR_IO, "write");
	if (file_write_all(fd, line, len, err) == 0)
		return 0;
	/* Of half a line and one behind it neither could be read. */
	if (ftruncate(fd, end) == -1)
		return err_prefix(err, "a torn line is left");
	return -1;
}

/* A plan appears whole: under its name only when it is on disk. */
static int
open_new(struct writing *w, struct error *err)
{
	struct batch_plan *p = w->p;

	w->fd = openat(p->meta_fd, NEW_FILE,
	    O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW | O_CLOEXEC,
	    (mode_t)0600);
	if (w->fd == -1)
		return err_set_errno(err, ERR_IO,
		    "create %s/" BATCH_FOLDER "/" NEW_FILE, p->dir);
	if (batch_plan_open_journal(p, err) == -1)
		return -1;
	if (ftruncate(p->journal_fd, 0) == -1)
		return err_set_errno(err, ERR_IO, "empty the journal");
	return check_free(w, BATCH_RESULTS, err);
}

static int
name_it(struct writing *w, struct error *err)
{
	struct batch_plan *p = w->p;

	if (batch_plan_sync_all(p, w->fd, err) == -1)
		return -1;
	if (p->plan_fd != -1)
		return 0;
	if (renameat(p->meta_fd, NEW_FILE, p->meta_fd, PLAN_FILE) == -1)
		return err_set_errno(err, ERR_IO, "name the plan");
	p->plan_fd = w->fd;
	return batch_plan_sync_all(p, w->fd, err);
}

static void
drop_new(struct writing *w)
{
	struct batch_plan *p = w->p;

	if (w->fd == -1)
		return;
	/* Not a part of what was named either. */
	if (p->plan_fd != -1) {
		p->n -= w->added;
		if (ftruncate(p->plan_fd, p->end) == -1)
			p->n = 0;
		return;
	}
	close(w->fd);
	unlinkat(p->meta_fd, NEW_FILE, 0);
	unlinkat(p->meta_fd, JOURNAL_FILE, 0);
}

int
batch_plan_head(
    struct batch_plan *p, const char *text, size_t len, struct error *err)
{
	if (json_parse(text, len, &p->header, err) == -1)
		return -1;
	snprintf(
	    p->batch, sizeof(p->batch), "%s", json_get_str(p->header, "batch"));
	return 0;
}

static int
write_it(struct writing *w, struct error *err)
{
	struct batch_plan *p = w->p;

	if (p->plan_fd == -1) {
		if (open_new(w, err) == -1)
			return -1;
		json_print(p->header, &w->out);
		if (end_line(w, 0, err) == -1)
			return -1;
	}
	if (put_all(w, err) == -1 || name_it(w, err) == -1)
		return -1;
	p->end = w->at;
	return 0;
}

int
batch_plan_add(struct batch_plan *p, struct batch_inputs *in, size_t *added,
    struct error *err)
{
	struct writing w = {.p = p, .in = in, .fd = p->plan_fd, .at = p->end};
	size_t i;
	int rc = 0;

	w.names = batch_names_new();
	map_init(&w.known, planned_key);
	buf_init(&w.out, WRITE_BYTES + 2 * PLAN_LINE_MAX);
	for (i = 0; i < p->n && rc == 0; i++)
		rc = know_one(&w, i, err);
	if (rc == 0) {
		claim_names(&w);
		rc = batch_problems_end(&in->problems, err);
	}
	if (rc == 0)
		rc = write_it(&w, err);
	if (rc == -1)
		drop_new(&w);
	forget(&w);
	*added = w.added;
	return rc;
}

/* --- the journal ----------------------------------------------------- */

static int
note(struct batch_plan *p, size_t i, const char *job, struct error *err)
{
	struct jsonw w;
	struct buf b;
	int rc;

	buf_init(&b, 256);
	jsonw_init(&w, &b);
	jsonw_begin(&w, NULL, '{');
	jsonw_int(&w, "index", (int64_t)i);
	jsonw_opt(&w, "job", job);
	if (p->items[i].round > 1)
		jsonw_int(&w, "round", p->items[i].round);
	jsonw_end(&w, '}');
	buf_putc(&b, '\n');
	rc = batch_file_append(p->journal_fd, b.data, b.len, err);
	buf_done(&b);
	return rc == -1 ? err_prefix(err, "the journal in %s", p->dir) : 0;
}

int
batch_plan_note_job(
    struct batch_plan *p, size_t i, const char *job, struct error *err)
{
	if (str_eq(p->items[i].job, job))
		return 0;
	memcpy(p->items[i].job, job, JOBID_SIZE);
	return note(p, i, job, err);
}

int
batch_plan_note_round(struct batch_plan *p, size_t i, struct error *err)
{
	p->items[i].round++;
	p->items[i].job[0] = '\0';
	return note(p, i, NULL, err);
}

int
batch_plan_sync(struct batch_plan *p, struct error *err)
{
	if (fdatasync(p->journal_fd) == -1)
		return err_set_errno(
		    err, ERR_IO, "fsync the journal in %s", p->dir);
	return 0;
}
