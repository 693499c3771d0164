/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A result on its way from S3 straight to a receiver: a fetch at one end, what
 * a driver reads at the other, a small buffer between them. While the receiver
 * takes nothing, nothing is read from S3. The last byte stays here until the
 * whole is known to be right.
 */
#ifndef ENGINE_STREAM_H
#define ENGINE_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "deliver/driver.h"
#include "engine/fetch.h"

struct stream;

struct stream_options {
	/* What is fetched; the size is known. Where it goes is the stream's
	 * affair. sha256 has to last as long as the stream. */
	struct fetch_options fetch;
	/* All bytes came, sha256 is theirs: 0, or -1 with *err where they are
	 * wrong. */
	int (*check)(void *arg, struct error *err);
	/* Once: there is something to send (NULL), or there never will be. Not
	 * from within stream_start. */
	void (*begun)(const struct error *err, void *arg);
	void *arg;
};

int stream_start(const struct stream_options *options, struct stream **out,
    struct error *err);
void stream_free(struct stream *s);

/* For the driver; as long as the stream. */
struct deliver_source *stream_source(struct stream *s);

/* Was the last byte let go? */
bool stream_over(const struct stream *s);

/* For how long who reads has waited for bytes that do not come; else 0. */
int64_t stream_starved_ms(const struct stream *s);

/* Why there will be no more, or NULL. */
const struct error *stream_error(const struct stream *s);

#endif
