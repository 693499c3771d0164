/* SPDX-License-Identifier: Apache-2.0 */
/* Drafts, their way into the index, and the sweep of what never got there. */
#include "local/objects.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"

#define FILE_BYTES 16
#define FOLDERS 256
#define DRAFT_SUFFIX ".new"
#define DRAFT_SIZE (OBJECTS_FILE_SIZE + sizeof(DRAFT_SUFFIX) - 1)
#define LOST_FOLDER "../lost+found" /* of the folder of objects */
#define LOST_KEPT_MS (INT64_C(30) * 24 * 3600 * 1000)

struct objects {
	struct db *db;
	struct seal *seal;
	int root_fd;
	objects_hook_fn *hook; /* or NULL */
	void *hook_arg;
};

/* An object on its way into the index. */
struct storing {
	struct objects *objects;
	struct objects_draft draft;
	char *bucket;
	char *key;
	struct db_object row;
	bool digest;
	bool if_absent;
	char *if_etag; /* or NULL */
	bool unnamed; /* the draft did not get its name, see err */
	struct error err;
	char *replaced; /* the file of the object before, or NULL */
	objects_also_fn *also;
	objects_done_fn *done;
	void *arg;
	bool written; /* the row is, and its commit may come */
};

struct deleting {
	struct objects *objects;
	char *file;
	db_commit_fn *done;
	void *arg;
};

static void
remove_file(struct objects *o, const char *file)
{
	/* What cannot be removed now is swept at the next start. */
	if (file != NULL)
		unlinkat(o->root_fd, file, 0);
}

static void
draft_name(const struct objects_draft *d, char out[DRAFT_SIZE])
{
	snprintf(out, DRAFT_SIZE, "%s%s", d->file, DRAFT_SUFFIX);
}

/* --- start ---------------------------------------------------------- */

struct sweep {
	struct objects *o;
	int lost_fd;
	int64_t drafts;
	int64_t moved;
	int64_t bytes; /* of those moved */
	int64_t forgotten;
};

/* Whether it was ever an object cannot be told here: with an older copy of the
 * index, it may be one that somebody misses. */
static int
move_aside(
    struct sweep *w, const char *file, const char *name, struct error *err)
{
	struct stat st = {0};

	if (fstatat(w->o->root_fd, file, &st, AT_SYMLINK_NOFOLLOW) == -1 ||
	    renameat(w->o->root_fd, file, w->lost_fd, name) == -1)
		return err_set_errno(
		    err, ERR_IO, "move objects/%s to lost+found", file);
	w->moved++;
	w->bytes += st.st_size;
	return 0;
}

static int
sweep_file(
    struct sweep *w, const char *folder, const char *name, struct error *err)
{
	char *file = xasprintf("%s/%s", folder, name);
	int rc;

	if (str_ends(name, DRAFT_SUFFIX)) {
		remove_file(w->o, file);
		w->drafts++;
		rc = 0;
	} else {
		rc = db_file_known(w->o->db, file, err);
		if (rc == 0)
			rc = move_aside(w, file, name, err);
	}
	free(file);
	return rc == -1 ? -1 : 0;
}

/* The caller's; NULL with the error. */
static DIR *
open_folder(struct objects *o, const char *folder, struct error *err)
{
	int fd = openat(o->root_fd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd != -1 ? fdopendir(fd) : NULL;

	if (dir != NULL)
		return dir;
	err_set_errno(err, ERR_IO, "read objects/%s", folder);
	if (fd != -1)
		close(fd);
	return NULL;
}

static int
sweep_folder(struct sweep *w, const char *folder, struct error *err)
{
	DIR *dir = open_folder(w->o, folder, err);
	struct dirent *entry;
	int rc = 0;

	if (dir == NULL)
		return -1;
	while (rc == 0 && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] != '.')
			rc = sweep_file(w, folder, entry->d_name, err);
	}
	closedir(dir);
	return rc;
}

/* ctime is when it was moved there. */
static int
forget_lost(struct sweep *w, struct error *err)
{
	DIR *dir = open_folder(w->o, LOST_FOLDER, err);
	struct dirent *entry;
	struct stat st;

	if (dir == NULL)
		return -1;
	while ((entry = readdir(dir)) != NULL) {
		if (fstatat(w->lost_fd, entry->d_name, &st,
			AT_SYMLINK_NOFOLLOW) == -1 ||
		    !S_ISREG(st.st_mode) ||
		    (int64_t)st.st_ctime * 1000 + LOST_KEPT_MS >
			clock_wall_ms())
			continue;
		if (unlinkat(w->lost_fd, entry->d_name, 0) == 0)
			w->forgotten++;
	}
	closedir(dir);
	return 0;
}

static void
tell_sweep(const struct sweep *w)
{
	if (w->drafts > 0 || w->forgotten > 0) {
		log_begin(LOG_INFO, "local");
		log_str("msg", "leftovers were removed");
		log_int("drafts", w->drafts);
		log_int("lost_and_found", w->forgotten);
		log_end();
	}
	if (w->moved == 0)
		return;
	log_begin(LOG_WARN, "local");
	log_str("msg",
	    "files that the index does not know were moved to "
	    "lost+found");
	log_int("files", w->moved);
	log_int("bytes", w->bytes);
	log_str("hint",
	    "A few are what a crash leaves. Many mean that "
	    "local.db is an older copy: stop, and put the right "
	    "one and the files back.");
	log_end();
}

static int
sweep_all(struct sweep *w, struct error *err)
{
	struct objects *o = w->o;
	char folder[8];
	unsigned i;

	for (i = 0; i < FOLDERS; i++) {
		snprintf(folder, sizeof(folder), "%02x", i);
		if (mkdirat(o->root_fd, folder, 0700) == -1 && errno != EEXIST)
			return err_set_errno(
			    err, ERR_IO, "make objects/%s", folder);
		if (sweep_folder(w, folder, err) == -1)
			return -1;
	}
	if (fsync(o->root_fd) == -1)
		return err_set_errno(err, ERR_IO, "sync objects");
	return forget_lost(w, err);
}

static int
prepare_folders(struct objects *o, struct error *err)
{
	struct sweep w = {.o = o};
	int rc;

	if (mkdirat(o->root_fd, LOST_FOLDER, 0700) == -1 && errno != EEXIST)
		return err_set_errno(err, ERR_IO, "make lost+found");
	w.lost_fd =
	    openat(o->root_fd, LOST_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (w.lost_fd == -1)
		return err_set_errno(err, ERR_IO, "open lost+found");
	rc = sweep_all(&w, err);
	close(w.lost_fd);
	tell_sweep(&w);
	return rc;
}

int
objects_new(struct db *db, struct seal *seal, const char *dir,
    struct objects **out, struct error *err)
{
	struct objects *o = xcalloc(1, sizeof(*o));

	o->db = db;
	o->seal = seal;
	if (mkdir(dir, 0700) == -1 && errno != EEXIST) {
		free(o);
		return err_set_errno(err, ERR_IO, "make %s", dir);
	}
	o->root_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (o->root_fd == -1) {
		free(o);
		return err_set_errno(err, ERR_IO, "open %s", dir);
	}
	if (prepare_folders(o, err) == -1) {
		objects_free(o);
		return -1;
	}
	*out = o;
	return 0;
}

void
objects_free(struct objects *o)
{
	if (o == NULL)
		return;
	close(o->root_fd);
	free(o);
}

/* --- drafts --------------------------------------------------------- */

int
objects_draft(struct objects *o, struct objects_draft *out, struct error *err)
{
	char hex[2 * FILE_BYTES + 1], name[DRAFT_SIZE];
	unsigned char id[FILE_BYTES];
	struct objects_draft d;

	random_bytes(id, sizeof(id));
	encode_hex(id, sizeof(id), hex);
	snprintf(d.file, sizeof(d.file), "%.2s/%s", hex, hex);
	d.file[2] = '\0';
	d.dir_fd =
	    openat(o->root_fd, d.file, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	d.file[2] = '/';
	if (d.dir_fd == -1)
		return err_set_errno(err, ERR_IO, "open a folder of objects");
	draft_name(&d, name);
	d.fd = openat(o->root_fd, name,
	    O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (d.fd == -1) {
		err_set_errno(err, ERR_IO, "create an object");
		close(d.dir_fd);
		return -1;
	}
	*out = d;
	return 0;
}

static void
close_draft(struct objects_draft *d)
{
	if (d->fd == -1)
		return;
	close(d->fd);
	close(d->dir_fd);
	d->fd = -1;
}

static void
remove_draft(struct objects *o, const struct objects_draft *d)
{
	char name[DRAFT_SIZE];

	draft_name(d, name);
	remove_file(o, name);
}

void
objects_discard(struct objects *o, struct objects_draft *d)
{
	if (d->fd == -1)
		return;
	close_draft(d);
	remove_draft(o, d);
}

/* --- storing -------------------------------------------------------- */

static void
storing_end(struct storing *s, const struct error *err)
{
	struct objects_stored stored = {s->row.etag, s->row.checksum};

	/* After a failed commit nobody knows which row will be there after a
	 * restart: both files stay, and the sweep of the start decides. */
	if (err == NULL)
		remove_file(s->objects, s->replaced);
	else if (!s->written && s->unnamed)
		remove_draft(s->objects, &s->draft);
	else if (!s->written)
		remove_file(s->objects, s->draft.file);
	s->done(err == NULL ? &stored : NULL, err, s->arg);
	db_object_done(&s->row);
	free(s->bucket);
	free(s->key);
	free(s->if_etag);
	free(s->replaced);
	free(s);
}

static void
on_stored(const struct error *err, void *arg)
{
	storing_end(arg, err);
}

static void
take_digest(struct storing *s, const struct seal_result *r)
{
	unsigned char be[8];
	char hex[2 * HASH_MD5_SIZE + 1];
	struct buf b;
	size_t i;

	if (!s->digest)
		return;
	for (i = 0; i < sizeof(be); i++)
		be[i] = (unsigned char)(r->crc64nvme >> (56 - 8 * i));
	buf_init(&b, 64);
	buf_puts(&b, "crc64nvme=");
	encode_base64(&b, be, sizeof(be));
	encode_hex(r->md5, sizeof(r->md5), hex);
	free(s->row.etag);
	free(s->row.checksum);
	s->row.etag = xstrdup(hex);
	s->row.checksum = buf_take(&b);
	s->row.size = r->size;
	buf_done(&b);
}

/* `etag`: of the object that is there, or NULL. */
static int
check_conditions(const struct storing *s, const char *etag, struct error *err)
{
	if (s->if_absent && etag != NULL)
		return err_set(err, ERR_REFUSED, "there is such an object");
	if (s->if_etag == NULL)
		return 0;
	if (etag == NULL)
		return err_set(err, ERR_NOT_FOUND, "there is no such object");
	if (!str_eq(s->if_etag, "*") && !str_eq(s->if_etag, etag))
		return err_set(err, ERR_REFUSED, "there is another object");
	return 0;
}

static const char created[] = "ObjectCreated:Put";

static int
tell(struct objects *o, const char *name, const char *bucket, const char *key,
    const struct db_object *row, struct error *err)
{
	return o->hook != NULL
	    ? o->hook(name, bucket, key, row, o->hook_arg, err)
	    : 0;
}

void
objects_hook(struct objects *o, objects_hook_fn *fn, void *arg)
{
	o->hook = fn;
	o->hook_arg = arg;
}

static int
write_row(struct storing *s, struct error *err)
{
	struct db *db = s->objects->db;
	struct db_object before = {0};
	int rc = db_object_peek(db, s->bucket, s->key, &before, err);

	if (rc == -1)
		return -1;
	s->replaced = xstrdup_or_null(before.file);
	rc = check_conditions(s, before.etag, err);
	db_object_done(&before);
	if (rc == -1)
		return -1;
	s->row.modified_at = clock_wall_ms();
	if (db_object_put(db, s->bucket, s->key, &s->row, err) == -1)
		return -1;
	if (tell(s->objects, created, s->bucket, s->key, &s->row, err) == 0 &&
	    (s->also == NULL || s->also(db, s->arg, err) == 0))
		return 0;
	/* Both rows, or neither. */
	db_abandon(db);
	return -1;
}

static void
on_sealed(const struct seal_result *r, const struct error *sealed, void *arg)
{
	struct storing *s = arg;
	struct error err;

	close_draft(&s->draft);
	if (sealed != NULL || s->unnamed) {
		storing_end(s, sealed != NULL ? sealed : &s->err);
		return;
	}
	take_digest(s, r);
	if (write_row(s, &err) == -1)
		storing_end(s, &err);
	else {
		s->written = true;
		db_on_commit(s->objects->db, on_stored, s);
	}
}

/* Before its folder is synced, so that the name is durable, too. */
static void
name_draft(struct storing *s)
{
	struct objects *o = s->objects;
	char name[DRAFT_SIZE];

	draft_name(&s->draft, name);
	if (renameat(o->root_fd, name, o->root_fd, s->draft.file) == 0)
		return;
	err_set_errno(&s->err, ERR_IO, "name an object");
	s->unnamed = true;
}

void
objects_store(struct objects *o, struct objects_draft *take,
    const struct objects_store *what)
{
	struct storing *s = xcalloc(1, sizeof(*s));

	s->objects = o;
	s->draft = *take;
	take->fd = -1;
	s->bucket = xstrdup(what->bucket);
	s->key = xstrdup(what->key);
	s->row.file = xstrdup(s->draft.file);
	s->row.headers = xstrdup(what->headers);
	s->row.etag = xstrdup_or_null(what->etag);
	s->row.checksum = xstrdup_or_null(what->checksum);
	s->row.size = what->size;
	s->digest = what->etag == NULL;
	s->if_absent = what->if_absent;
	s->if_etag = xstrdup_or_null(what->if_etag);
	s->also = what->also;
	s->done = what->done;
	s->arg = what->arg;
	name_draft(s);
	seal_start(
	    o->seal, s->draft.fd, s->draft.dir_fd, s->digest, on_sealed, s);
}

/* --- reading and deleting ------------------------------------------- */

int
objects_open(struct objects *o, const char *bucket, const char *key,
    struct db_object *out, int *fd, struct error *err)
{
	struct db_object found = {0};
	int rc = db_object_get(o->db, bucket, key, &found, err);

	if (rc != 1)
		return rc;
	*fd = openat(o->root_fd, found.file, O_RDONLY | O_CLOEXEC);
	if (*fd == -1) {
		err_set_errno(
		    err, ERR_IO, "open the bytes of %s/%s", bucket, key);
		db_object_done(&found);
		return -1;
	}
	*out = found;
	return 1;
}

void
objects_digest(struct objects *o, int fd, seal_done_fn *done, void *arg)
{
	seal_digest(o->seal, fd, done, arg);
}

int
objects_matches(struct objects *o, const char *bucket, const char *key,
    const char *etag, struct error *err)
{
	struct db_object found = {0};
	int rc = db_object_peek(o->db, bucket, key, &found, err);

	if (rc == 0)
		return err_set(err, ERR_NOT_FOUND, "there is no such object");
	if (rc == 1)
		rc = str_eq(etag, "*") || str_eq(etag, found.etag);
	db_object_done(&found);
	return rc;
}

static void
on_deleted(const struct error *err, void *arg)
{
	struct deleting *d = arg;

	if (err == NULL)
		remove_file(d->objects, d->file);
	d->done(err, d->arg);
	free(d->file);
	free(d);
}

/* The rows of a move, in a transaction that is given up on failure. */
static int
move_rows(struct objects *o, const struct objects_move *what,
    struct db_object *row, struct error *err)
{
	row->modified_at = clock_wall_ms();
	if (db_object_delete(o->db, what->from_bucket, what->from_key, err) ==
		-1 ||
	    db_object_put(o->db, what->bucket, what->key, row, err) == -1 ||
	    tell(o, created, what->bucket, what->key, row, err) == -1)
		return -1;
	return what->also != NULL ? what->also(o->db, what->arg, err) : 0;
}

int
objects_move(
    struct objects *o, const struct objects_move *what, struct error *err)
{
	struct db_object row = {0}, before = {0};
	struct deleting *d;
	int rc =
	    db_object_peek(o->db, what->from_bucket, what->from_key, &row, err);

	if (rc != 1)
		return rc;
	rc = db_object_peek(o->db, what->bucket, what->key, &before, err);
	if (rc != -1) {
		rc = move_rows(o, what, &row, err);
		if (rc == -1)
			db_abandon(o->db);
	}
	if (rc != -1) {
		d = xcalloc(1, sizeof(*d));
		d->objects = o;
		d->file = xstrdup_or_null(before.file);
		d->done = what->done;
		d->arg = what->arg;
		db_on_commit(o->db, on_deleted, d);
	}
	db_object_done(&before);
	db_object_done(&row);
	return rc == -1 ? -1 : 1;
}

int
objects_delete(struct objects *o, const char *bucket, const char *key,
    db_commit_fn *done, void *arg, struct error *err)
{
	struct db_object before = {0};
	struct deleting *d;
	int rc = db_object_peek(o->db, bucket, key, &before, err);

	if (rc == -1)
		return -1;
	if (rc == 1 &&
	    (db_object_delete(o->db, bucket, key, err) == -1 ||
		tell(o, "ObjectRemoved:Delete", bucket, key, &before, err) ==
		    -1)) {
		db_abandon(o->db);
		db_object_done(&before);
		return -1;
	}
	d = xcalloc(1, sizeof(*d));
	d->objects = o;
	d->file = xstrdup_or_null(before.file);
	d->done = done;
	d->arg = arg;
	db_object_done(&before);
	db_on_commit(o->db, on_deleted, d);
	return 0;
}
