/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One file of a folder, whole or not at all: what a thread does for dir.c. It
 * is written under a temporary name, synced, renamed, and so is the folder's
 * entry. What has that name already is never written over.
 */
#ifndef DELIVER_DIRFILE_H
#define DELIVER_DIRFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/offload.h"

/* Of a file that is there and is another one: more of it is not looked at. */
#define DIRFILE_OTHER_MAX ((size_t)1024 * 1024)

struct dirfile {
	const char *folder;
	const char *name; /* without '/', at most 128 bytes */
	bool tidy; /* remove what a crash has left behind, first */
	/* The bytes: in memory, or where fd is not -1 that file. */
	const void *data;
	int fd;
	int64_t size;

	/* What came of it. */
	char sha256[HASH_SHA256_HEX_SIZE];
	bool was_there; /* with these bytes */
	struct buf other; /* ERR_EXISTS: what is there, if it is small */
};

/*
 * Durable when it returns 0; on failure nothing new has the name. It looks at
 * `call` between slices: ERR_CANCELLED. ERR_EXISTS: something else has the
 * name.
 */
int dirfile_write(
    struct dirfile *f, const struct offload_call *call, struct error *err);

/* The folder is there, and we may make files in it. */
int dirfile_check(const char *folder, struct error *err);

#endif
