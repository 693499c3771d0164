/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container writes to its standard output and error, as lines of our
 * log: cut at 1 KiB, so many a second, the last few kept for the message that
 * tells of its end. It comes through a pipe that is always read, whatever is
 * logged of it, so that nobody has to wait for us.
 */
#ifndef LOCAL_LINES_H
#define LOCAL_LINES_H

#include "base/buf.h"
#include "base/error.h"
#include "base/loop.h"

struct lines;

struct lines_options {
	struct loop *loop;
	const char *endpoint; /* both copied */
	const char *instance;
};

/* *write_end is the caller's: for the child, and closed behind its start. */
int lines_new(const struct lines_options *options, struct lines **out,
    int *write_end, struct error *err);
void lines_free(struct lines *l);

/* The writer has ended: take what the pipe still holds. Once. */
void lines_end(struct lines *l);

/* The last few, with " | " between them; nothing where none came. */
void lines_last(const struct lines *l, struct buf *out);

#endif
