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
#include "base/mem.h"
#include "base/random.h"

#define FILE_BYTES 16
#define FOLDERS 256

struct objects {
	struct db *db;
	struct seal *seal;
	int root_fd;
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

/* --- start ---------------------------------------------------------- */

static int
sweep_file(struct objects *o, const char *folder, const char *name,
    unsigned *swept, struct error *err)
{
	char *file = xasprintf("%s/%s", folder, name);
	int rc = db_file_known(o->db, file, err);

	if (rc == 0) {
		remove_file(o, file);
		(*swept)++;
	}
	free(file);
	return rc == -1 ? -1 : 0;
}

static int
sweep_folder(
    struct objects *o, const char *folder, unsigned *swept, struct error *err)
{
	int fd = openat(o->root_fd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *entry;
	DIR *dir;
	int rc = 0;

	if (fd == -1)
		return err_set_errno(err, ERR_IO, "open objects/%s", folder);
	dir = fdopendir(fd);
	if (dir == NULL) {
		close(fd);
		return err_set_errno(err, ERR_IO, "read objects/%s", folder);
	}
	while (rc == 0 && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] != '.')
			rc = sweep_file(o, folder, entry->d_name, swept, err);
	}
	closedir(dir);
	return rc;
}

static int
prepare_folders(struct objects *o, struct error *err)
{
	unsigned i, swept = 0;
	char folder[8];

	for (i = 0; i < FOLDERS; i++) {
		snprintf(folder, sizeof(folder), "%02x", i);
		if (mkdirat(o->root_fd, folder, 0700) == -1 && errno != EEXIST)
			return err_set_errno(
			    err, ERR_IO, "make objects/%s", folder);
		if (sweep_folder(o, folder, &swept, err) == -1)
			return -1;
	}
	if (fsync(o->root_fd) == -1)
		return err_set_errno(err, ERR_IO, "sync objects");
	return 0;
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
	unsigned char id[FILE_BYTES];
	struct objects_draft d;
	char hex[2 * FILE_BYTES + 1];

	random_bytes(id, sizeof(id));
	encode_hex(id, sizeof(id), hex);
	snprintf(d.file, sizeof(d.file), "%.2s/%s", hex, hex);
	d.file[2] = '\0';
	d.dir_fd =
	    openat(o->root_fd, d.file, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	d.file[2] = '/';
	if (d.dir_fd == -1)
		return err_set_errno(err, ERR_IO, "open a folder of objects");
	d.fd = openat(o->root_fd, d.file,
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

void
objects_discard(struct objects *o, struct objects_draft *d)
{
	if (d->fd == -1)
		return;
	close_draft(d);
	remove_file(o, d->file);
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
	else if (!s->written)
		remove_file(s->objects, s->draft.file);
	s->done(err == NULL ? &stored : NULL, err, s->arg);
	db_object_done(&s->row);
	free(s->bucket);
	free(s->key);
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

static int
write_row(struct storing *s, struct error *err)
{
	struct db *db = s->objects->db;
	struct db_object before = {0};
	int rc = db_object_peek(db, s->bucket, s->key, &before, err);

	if (rc == -1)
		return -1;
	if (rc == 1) {
		s->replaced = before.file;
		before.file = NULL;
		db_object_done(&before);
		if (s->if_absent)
			return err_set(
			    err, ERR_REFUSED, "there is such an object");
	}
	s->row.modified_at = clock_wall_ms();
	if (db_object_put(db, s->bucket, s->key, &s->row, err) == -1)
		return -1;
	if (s->also == NULL || s->also(db, s->arg, err) == 0)
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
	if (sealed != NULL) {
		storing_end(s, sealed);
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
	s->also = what->also;
	s->done = what->done;
	s->arg = what->arg;
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

int
objects_delete(struct objects *o, const char *bucket, const char *key,
    db_commit_fn *done, void *arg, struct error *err)
{
	struct db_object before = {0};
	struct deleting *d;
	int rc = db_object_peek(o->db, bucket, key, &before, err);

	if (rc == -1)
		return -1;
	if (rc == 1 && db_object_delete(o->db, bucket, key, err) == -1) {
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
