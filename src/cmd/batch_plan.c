/* SPDX-License-Identifier: Apache-2.0 */
/* The plan's folder, its lock, and reading what is there. */
#include "cmd/batch_plan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/encode.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "cmd/batch_lines.h"
#include "cmd/batch_plan_inner.h"

#define JOURNAL_LINE_MAX 4096
#define ROUNDS_MAX 60000

/* --- the folder ------------------------------------------------------ */

static int
open_dir(struct batch_plan *p, const char *dir, struct error *err)
{
	p->made_dir = mkdir(dir, 0777) == 0;
	if (!p->made_dir && errno != EEXIST)
		return err_set_errno(err, ERR_USAGE, "output folder %s", dir);
	p->dir = realpath(dir, NULL);
	p->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (p->dir == NULL || p->dir_fd == -1)
		return err_set_errno(err, ERR_USAGE, "output folder %s", dir);
	if (mkdirat(p->dir_fd, BATCH_FOLDER, 0700) == -1 && errno != EEXIST)
		return err_set_errno(err, ERR_USAGE, "output folder %s", dir);
	p->meta_fd = openat(p->dir_fd, BATCH_FOLDER,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (p->meta_fd == -1)
		return err_set_errno(
		    err, ERR_USAGE, "%s/" BATCH_FOLDER, p->dir);
	return 0;
}

/* Whom we waited for may have taken it away, and a third made another. */
static bool
is_ours(const struct batch_plan *p)
{
	struct stat have, there;

	return fstat(p->lock_fd, &have) == 0 &&
	    fstatat(p->meta_fd, "lock", &there, AT_SYMLINK_NOFOLLOW) == 0 &&
	    have.st_dev == there.st_dev && have.st_ino == there.st_ino;
}

static int
take_lock(struct batch_plan *p, struct error *err)
{
	char *path = xasprintf("%s/" BATCH_FOLDER "/lock", p->dir);
	int rc = file_lock(path, LOCK_WAIT_MS, &p->lock_fd, err);

	free(path);
	if (rc == 0 && !is_ours(p)) {
		close(p->lock_fd);
		p->lock_fd = -1; /* so nothing of theirs is undone */
		rc = err_set(err, ERR_BUSY, "the lock is another's");
	}
	if (rc == -1 && err->code == ERR_BUSY) {
		err_set(err, ERR_BUSY, "another batch works in %s", p->dir);
		err_hint(err, "Wait for it, or name another folder by -O.");
	}
	return rc;
}

char *
batch_plan_path(const struct batch_plan *p, const char *name)
{
	return xasprintf("%s/" BATCH_FOLDER "/%s", p->dir, name);
}

/* --- what is there --------------------------------------------------- */

static int
bad(const struct batch_plan *p, const char *name, size_t no, struct error *err)
{
	err_set(err, ERR_DAMAGED, "%s/" BATCH_FOLDER "/%s, line %zu: %s",
	    p->dir, name, no, "it is not what was written");
	return err_hint(err,
	    "Somebody changed it: put back what was there, or begin a new "
	    "batch in another folder.");
}

struct batch_item *
batch_plan_item(struct batch_plan *p, int64_t at, size_t len)
{
	struct batch_item *item;

	if (p->n == p->cap) {
		p->cap = p->cap == 0 ? 64 : 2 * p->cap;
		p->items = xreallocarray(p->items, p->cap, sizeof(*p->items));
	}
	item = &p->items[p->n++];
	memset(item, 0, sizeof(*item));
	item->at = at;
	item->len = (uint32_t)len;
	item->round = 1;
	return item;
}

static int
take_header(
    struct batch_plan *p, const char *text, size_t len, struct error *err)
{
	struct json *header;
	int64_t version;
	const char *id;

	if (json_parse(text, len, &header, err) == -1)
		return -1;
	id = json_get_str(header, "batch");
	if (json_i64(json_get(header, "awaitd_batch"), &version) == -1 ||
	    id == NULL || !jobid_ok(id)) {
		json_free(header);
		return err_set(err, ERR_DAMAGED, "no header");
	}
	if (version != BATCH_VERSION) {
		json_free(header);
		err_set(err, ERR_USAGE,
		    "the plan in %s was written by another version of awaitd",
		    p->dir);
		return err_hint(err, "Go on with that one.");
	}
	memcpy(p->batch, id, JOBID_SIZE);
	p->header = header;
	return 0;
}

/* Every line is looked at now: not in the middle of a run. */
static int
on_plan_line(
    char *line, size_t len, int64_t at, size_t no, void *arg, struct error *err)
{
	struct batch_plan *p = arg;
	struct batch_entry e;
	int rc;

	if (no == 1) {
		rc = take_header(p, line, len, err);
		if (rc == -1 && err->code != ERR_USAGE)
			bad(p, PLAN_FILE, no, err);
		return rc;
	}
	if (batch_entry_read(line, len, p->n, &e, err) == -1)
		return bad(p, PLAN_FILE, no, err);
	batch_entry_done(&e);
	batch_plan_item(p, at, len);
	return 0;
}

static int
take_note(struct batch_plan *p, const struct json *note)
{
	const char *job = json_get_str(note, "job");
	int64_t i, round = 1;
	struct batch_item *item;

	if (json_i64(json_get(note, "index"), &i) == -1 || i < 0 ||
	    i >= (int64_t)p->n)
		return -1;
	item = &p->items[i];
	if (json_get(note, "round") != NULL &&
	    (json_i64(json_get(note, "round"), &round) == -1 || round < 1 ||
		round > ROUNDS_MAX))
		return -1;
	if (job != NULL && !jobid_ok(job))
		return -1;
	if (round < item->round)
		return -1;
	if (round > item->round)
		item->job[0] = '\0';
	item->round = (uint16_t)round;
	if (job != NULL)
		memcpy(item->job, job, JOBID_SIZE);
	return 0;
}

static int
on_journal_line(
    char *line, size_t len, int64_t at, size_t no, void *arg, struct error *err)
{
	struct batch_plan *p = arg;
	struct json *note;
	int rc;

	(void)at;
	if (json_parse(line, len, &note, err) == -1)
		return bad(p, JOURNAL_FILE, no, err);
	rc = take_note(p, note);
	json_free(note);
	return rc == -1 ? bad(p, JOURNAL_FILE, no, err) : 0;
}

int
batch_file_read(int fd, size_t max, batch_line_fn *fn, void *arg, int64_t *end,
    struct error *err)
{
	struct batch_lines l = {
	    .fd = fd,
	    .end = '\n',
	    .max = max,
	    .fn = fn,
	    .arg = arg,
	};

	if (lseek(fd, 0, SEEK_SET) == -1)
		return err_set_errno(err, ERR_IO, "read");
	if (batch_lines_read(&l, false, err) == -1)
		return -1;
	/* What a crash left of a last line was never acted on. */
	if (l.rest > 0 && ftruncate(fd, l.whole) == -1)
		return err_set_errno(err, ERR_IO, "cut off a torn line");
	*end = l.whole;
	return 0;
}

static int
read_plan(struct batch_plan *p, struct error *err)
{
	int64_t end;

	p->plan_fd = openat(
	    p->meta_fd, PLAN_FILE, O_RDWR | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
	if (p->plan_fd == -1 && errno == ENOENT)
		return 0;
	if (p->plan_fd == -1)
		return err_set_errno(
		    err, ERR_IO, "%s/" BATCH_FOLDER "/" PLAN_FILE, p->dir);
	if (batch_file_read(
		p->plan_fd, PLAN_LINE_MAX, on_plan_line, p, &p->end, err) == -1)
		return -1;
	if (p->header == NULL)
		return bad(p, PLAN_FILE, 1, err);
	if (batch_plan_open_journal(p, err) == -1)
		return -1;
	if (batch_file_read(p->journal_fd, JOURNAL_LINE_MAX, on_journal_line, p,
		&end, err) == -1)
		return -1;
	/* Who wrote it may have died before it was: an index that is used now
	 * must be that input's for good. */
	return batch_plan_sync_all(p, p->plan_fd, err);
}

int
batch_plan_open(const char *dir, struct batch_plan **out, struct error *err)
{
	struct batch_plan *p = xcalloc(1, sizeof(*p));

	p->dir_fd = p->meta_fd = p->lock_fd = p->plan_fd = p->journal_fd = -1;
	if (open_dir(p, dir, err) == -1 || take_lock(p, err) == -1 ||
	    read_plan(p, err) == -1) {
		batch_plan_free(p);
		return -1;
	}
	*out = p;
	return 0;
}

/* What nobody else put something into goes as it came. */
static void
undo(const struct batch_plan *p)
{
	if (p->plan_fd != -1 || p->lock_fd == -1)
		return;
	unlinkat(p->meta_fd, "lock", 0);
	unlinkat(p->dir_fd, BATCH_FOLDER, AT_REMOVEDIR);
	if (p->made_dir)
		rmdir(p->dir);
}

static void
close_one(int fd)
{
	if (fd != -1)
		close(fd);
}

void
batch_plan_free(struct batch_plan *p)
{
	if (p == NULL)
		return;
	undo(p);
	close_one(p->journal_fd);
	close_one(p->plan_fd);
	close_one(p->meta_fd);
	close_one(p->dir_fd);
	close_one(p->lock_fd);
	json_free(p->header);
	free(p->items);
	free(p->dir);
	free(p);
}

/* --- one input ------------------------------------------------------- */

static int
take_path(const struct json *root, char **out, struct error *err)
{
	const char *text = json_get_str(root, "path");
	const char *coded = json_get_str(root, "path_coded");
	struct buf b;
	int rc = 0;

	if (text == NULL && coded == NULL)
		return 0;
	if (text != NULL) {
		*out = xstrdup(text);
		return 0;
	}
	buf_init(&b, strlen(coded));
	if (decode_uri(&b, coded, strlen(coded)) == -1 ||
	    strlen(b.data) != b.len)
		rc = err_set(err, ERR_DAMAGED, "no path");
	else
		*out = xstrdup(b.data);
	buf_done(&b);
	return rc;
}

/* An input is in one place, and its result has a name. */
static int
check_entry(const struct batch_entry *e, struct error *err)
{
	int places = (e->path != NULL) + (e->location != NULL) +
	    (e->path == NULL && e->location == NULL && e->line.body != NULL);

	if (places != 1 || e->name == NULL || e->shown == NULL)
		return err_set(err, ERR_DAMAGED, "no input");
	return 0;
}

int
batch_entry_read(const char *text, size_t len, size_t index,
    struct batch_entry *out, struct error *err)
{
	const struct json *line;
	int64_t i = -1;
	int rc = 0;

	memset(out, 0, sizeof(*out));
	out->size = -1;
	hash_sha256_hex(text, len, out->sha256);
	if (json_parse(text, len, &out->root, err) == -1)
		return -1;
	line = json_get(out->root, "line");
	if (json_i64(json_get(out->root, "index"), &i) == -1 ||
	    i != (int64_t)index)
		rc = err_set(err, ERR_DAMAGED, "another index");
	out->shown = json_get_str(out->root, "input");
	out->location = json_get_str(out->root, "location");
	out->name = json_get_str(out->root, "output");
	json_i64(json_get(out->root, "size"), &out->size);
	if (rc == 0 && line != NULL)
		rc = batch_line_read(line, &out->line, err);
	if (rc == 0)
		rc = take_path(out->root, &out->path, err);
	if (rc == 0)
		rc = check_entry(out, err);
	if (rc == -1)
		batch_entry_done(out);
	return rc;
}

void
batch_entry_done(struct batch_entry *e)
{
	batch_line_done(&e->line);
	xfree(&e->path);
	json_free(e->root);
	e->root = NULL;
}

int
batch_plan_entry(const struct batch_plan *p, size_t i, struct batch_entry *out,
    struct error *err)
{
	const struct batch_item *item = &p->items[i];
	char *text = xmalloc((size_t)item->len + 1);
	ssize_t n = pread(p->plan_fd, text, item->len, item->at);
	int rc;

	if (n != (ssize_t)item->len) {
		free(text);
		return err_set(
		    err, ERR_IO, "the plan in %s cannot be read", p->dir);
	}
	text[n] = '\0';
	rc = batch_entry_read(text, item->len, i, out, err);
	free(text);
	return rc == -1 ? bad(p, PLAN_FILE, i + 2, err) : 0;
}

/* --- keys ------------------------------------------------------------ */

void
batch_plan_key(const struct batch_plan *p, size_t i, char out[BATCH_KEY_SIZE])
{
	unsigned round = p->items[i].round;

	if (round == 1)
		snprintf(out, BATCH_KEY_SIZE, "batch:%s:%zu", p->batch, i);
	else
		snprintf(
		    out, BATCH_KEY_SIZE, "batch:%s:%zu:%u", p->batch, i, round);
}

int
batch_plan_of_key(
    const struct batch_plan *p, const char *key, size_t *i, unsigned *round)
{
	char copy[BATCH_KEY_SIZE], *at, *colon;
	int64_t n, r = 1;
	size_t head = strlen("batch:") + JOBID_LEN;

	if (key == NULL || strlen(key) >= sizeof(copy) ||
	    strlen(key) <= head + 1 || !str_starts(key, "batch:") ||
	    strncmp(key + strlen("batch:"), p->batch, JOBID_LEN) != 0 ||
	    key[head] != ':')
		return -1;
	snprintf(copy, sizeof(copy), "%s", key + head + 1);
	at = copy;
	colon = strchr(copy, ':');
	if (colon != NULL) {
		*colon = '\0';
		if (str_to_i64(colon + 1, 2, ROUNDS_MAX, &r) == -1)
			return -1;
	}
	if (str_to_i64(at, 0, (int64_t)p->n - 1, &n) == -1)
		return -1;
	*i = (size_t)n;
	*round = (unsigned)r;
	return 0;
}
