/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole file, read from its beginning in slices, so that the loop is held up
 * for a few milliseconds at a time.
 */
#ifndef AWS_S3FILE_H
#define AWS_S3FILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/loop.h"

struct s3file;

typedef void s3file_piece_fn(const void *data, size_t len, void *arg);
typedef void s3file_done_fn(const struct error *err, void *arg);

/* len bytes of fd, which stays open till done. done is called later. */
struct s3file *s3file_read(struct loop *loop, int fd, int64_t len,
    s3file_piece_fn *piece, s3file_done_fn *done, void *arg);
void s3file_cancel(struct s3file *f);

#endif
