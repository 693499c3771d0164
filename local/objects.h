/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects at rest: bytes in files under DATA/objects, an index row each.
 *
 * An object is written as a draft, a file nobody sees; objects_store seals it
 * and commits its row, and at that instant it exists, whole. What it replaces
 * is removed afterwards. Drafts that a crash left are removed at start; other
 * files that the index does not know are moved to DATA/lost+found, since the
 * index may be an older one, and removed from there after a month.
 */
#ifndef LOCAL_OBJECTS_H
#define LOCAL_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/loop.h"
#include "local/db.h"
#include "local/seal.h"

struct objects;

#define OBJECTS_FILE_SIZE 36 /* "ab/" and 32 digits and a NUL */

struct objects_draft {
	int fd; /* open for reading and writing; -1: none */
	int dir_fd;
	char file[OBJECTS_FILE_SIZE]; /* its name to be; ".new" follows */
};

struct objects_stored {
	const char *etag; /* hex, without quotes */
	const char *checksum; /* "crc64nvme=BASE64" or what was given */
};

/* err is NULL on success; ERR_REFUSED where if_absent or if_etag forbade it,
 * ERR_NOT_FOUND where if_etag is of no object. */
typedef void objects_done_fn(
    const struct objects_stored *stored, const struct error *err, void *arg);

/* Runs inside the transaction of the object's row. */
typedef int objects_also_fn(struct db *db, void *arg, struct error *err);

struct objects_store {
	const char *bucket; /* all texts are copied */
	const char *key;
	const char *headers; /* "Name: value\n"..., returned with the bytes */
	const char *etag; /* NULL: digest the file */
	int64_t size; /* with an etag */
	const char *checksum; /* "" or "name=BASE64"; digested otherwise */
	bool if_absent; /* only where there is no such object */
	/* Only in place of this one; "*": of any. Or NULL. */
	const char *if_etag;
	objects_also_fn *also; /* or NULL */
	objects_done_fn *done;
	void *arg; /* of also and done */
};

/* Sweeps leftovers, and logs that. All but the result is borrowed for its
 * life. */
int objects_new(struct db *db, struct seal *seal, const char *dir,
    struct objects **out, struct error *err);

/* Called in the transaction in which an object appears ("ObjectCreated:Put")
 * or goes ("ObjectRemoved:Delete"); -1 gives that up. */
typedef int objects_hook_fn(const char *name, const char *bucket,
    const char *key, const struct db_object *o, void *arg, struct error *err);
void objects_hook(struct objects *o, objects_hook_fn *fn, void *arg);

/* After seal_free: nothing may be on its way. */
void objects_free(struct objects *o);

int objects_draft(
    struct objects *o, struct objects_draft *out, struct error *err);
/* Nothing happens to one that is taken or was never begun. */
void objects_discard(struct objects *o, struct objects_draft *d);

/* Takes the draft. done is called once, later. */
void objects_store(struct objects *o, struct objects_draft *take,
    const struct objects_store *what);

/* 1 with *out and *fd the caller's, 0 where there is none, or -1. */
int objects_open(struct objects *o, const char *bucket, const char *key,
    struct db_object *out, int *fd, struct error *err);

/* Give an object another name, in place of what has it; `also` and `done` as
 * above. 1, 0 where there is no such object, or -1; done is called once, later,
 * if 1 is returned. */
struct objects_move {
	const char *from_bucket;
	const char *from_key;
	const char *bucket;
	const char *key;
	objects_also_fn *also; /* or NULL */
	db_commit_fn *done;
	void *arg; /* of also and done */
};
int objects_move(
    struct objects *o, const struct objects_move *what, struct error *err);

/* Tell every digest of an open file; nothing of it is changed. */
void objects_digest(struct objects *o, int fd, seal_done_fn *done, void *arg);

/* Whether the object that is there, or is about to be, has this ETag ("*":
 * any). 1, 0, or -1, ERR_NOT_FOUND where there is none. */
int objects_matches(struct objects *o, const char *bucket, const char *key,
    const char *etag, struct error *err);

/* Also where there is none. done is called once, later, if 0 is returned. */
int objects_delete(struct objects *o, const char *bucket, const char *key,
    db_commit_fn *done, void *arg, struct error *err);

#endif
