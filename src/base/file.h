/* SPDX-License-Identifier: Apache-2.0 */
/* Files: whole reads with a cap, durable writes, locks between processes. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"

/*
 * Append the whole file; more than the buffer's maximum is ERR_LIMIT. On
 * failure the bytes of the buffer are as they were.
 */
int file_read(const char *path, struct buf *out, struct error *err);

/*
 * Nobody but its owner can read or write it. What root hands over to a service
 * (LoadCredential= of systemd) is root's and names us in an ACL, whose mask
 * shows as the rights of root's group: that is private, too.
 */
bool file_is_private(const struct stat *st);

/*
 * What holds a secret: a regular file (to open a pipe may take for ever) that
 * is private. ERR_CONFIG; the text begins with the path.
 */
int file_check_private(const char *path, struct error *err);

/* All of it, or an error. */
int file_write_all(int fd, const void *data, size_t len, struct error *err);

/*
 * Replace the file as one step that survives a power cut; of two writers at
 * the same time one wins. A crash may leave PATH.xxxxxxxx.tmp behind. A
 * symbolic link is replaced, not followed.
 */
int file_write_atomic(const char *path, const void *data, size_t len,
    mode_t mode, struct error *err);

/* Every missing folder of the path, with this mode less the umask. */
int file_mkdirs(const char *path, mode_t mode, struct error *err);

/*
 * The folder that a path's last part is in, made: "a/b" is in "a", "b" in
 * ".", "/b" in "/". What is behind a slash at the end is empty, so "a/" is in
 * "a".
 */
char *file_folder(const char *path);

/* Make a file's bytes durable, and its entry in its folder. No link. */
int file_sync(const char *path, struct error *err);

/* Make the entries of a folder durable. */
int file_sync_dir(const char *path, struct error *err);

/*
 * A file without a name in a folder, open for reading and writing (append:
 * each write goes to its end): nobody else can open it, and it goes with its
 * last descriptor.
 */
int file_open_nameless(
    const char *folder, bool append, int *out_fd, struct error *err);

/*
 * Take an exclusive lock on a file, made if it is missing (mode 0600). The
 * lock is held while *out_fd is open. ERR_BUSY where another process, or
 * another descriptor of ours, has it and keeps it for wait_ms, in which nothing
 * else is done: a process that was killed leaves its lock for a moment to a
 * child that has not begun its own program yet.
 */
int file_lock(
    const char *path, int64_t wait_ms, int *out_fd, struct error *err);

#endif
