/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A result's bytes, untouched, from S3 into a descriptor or to a sink. A
 * transfer that breaks is taken up again where it stopped, under the ETag that
 * was noted; an object that changed since ends it, before a byte is taken where
 * its length tells. Nothing is called whole before its length is right and its
 * checksum, where S3 tells one, over all pieces. Of a part there is no
 * checksum: it is right by its version, its place and its length.
 */
#ifndef ENGINE_FETCH_H
#define ENGINE_FETCH_H

#include <stdbool.h>

#include "base/error.h"
#include "base/loop.h"
#include "engine/site.h"

struct fetch;

typedef void fetch_done_fn(const struct error *err, void *arg);

/* How long it is, before its first byte: 0, or -1 with *err to end it. */
typedef int fetch_head_fn(int64_t size, void *arg, struct error *err);

struct fetch_options {
	struct loop *loop;
	struct site *site;
	const char *uri; /* copied */
	const char *owner; /* copied: the bucket's; or NULL */
	const char *etag; /* copied; "" or NULL: whatever is there */
	int64_t size; /* that was noted; -1: not known */
	/* Of its bytes those from `begin` on, and before `end` (0: to the
	 * last). A part is asked for by a strong ETag only. */
	int64_t begin, end;
	/* Wait for credentials that are valid, however long that takes. */
	bool patient;
	int fd; /* open for writing until done; may block */
	http_sink_fn *sink; /* instead of fd, or NULL; arg is done's */
	fetch_head_fn *head; /* or NULL; arg is done's */
	bool own_file; /* fd is a file that nobody else has: wrong bytes are
			  taken back, once, and it is written anew */
	char *sha256; /* HASH_SHA256_HEX_SIZE bytes for the digest of what came,
			 filled where done has no error; or NULL */
};

/* Always ends in done, later; *out is gone then. */
int fetch_start(const struct fetch_options *options, fetch_done_fn *done,
    void *arg, struct fetch **out, struct error *err);
void fetch_cancel(struct fetch *f);

/* Nothing comes until it goes on, but for what the sink is being given. */
void fetch_pause(struct fetch *f, bool paused);

/* The object vanished or is another one: no later try gives those bytes. */
bool fetch_lost(const struct error *err);

#endif
