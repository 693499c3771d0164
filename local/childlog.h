/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container writes to its standard output and error, as lines of our
 * log: cut at 1 KiB, so many a second, the last few kept for the message that
 * tells of its end. It comes through a pipe that is always read, whatever is
 * logged of it, so that nobody has to wait for us.
 */
#ifndef LOCAL_CHILDLOG_H
#define LOCAL_CHILDLOG_H

#include "base/buf.h"
#include "base/error.h"
#include "base/loop.h"

struct childlog;

struct childlog_options {
	struct loop *loop;
	const char *endpoint; /* both copied */
	const char *instance;
};

/* *write_end is the caller's: for the child, and closed behind its start. */
int childlog_new(const struct childlog_options *options, struct childlog **out,
    int *write_end, struct error *err);
void childlog_free(struct childlog *l);

/* The writer has ended: take what the pipe still holds. Once. */
void childlog_end(struct childlog *l);

/* The last few, with " | " between them; nothing where none came. */
void childlog_last(const struct childlog *l, struct buf *out);

#endif
