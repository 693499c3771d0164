/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The digest of an input file, and its size as read: at once, or by a thread
 * beside the loop, since a large file takes seconds.
 */
#ifndef CMD_DIGEST_H
#define CMD_DIGEST_H

#include <stdint.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/loop.h"
#include "base/offload.h"

struct digest {
	int64_t size;
	char sha256[HASH_SHA256_HEX_SIZE];
};

/* Of all that there is behind the descriptor's place; blocks. ERR_IO. */
int digest_fd(int fd, struct digest *out, struct error *err);

struct digest_call;

/* Either is NULL; borrowed. */
typedef void digest_fn(
    const struct digest *digest, const struct error *err, void *arg);

/* Of the file of this name. *out may be cancelled until done. */
struct digest_call *digest_start(struct offload *offload, struct loop *loop,
    const char *path, digest_fn *done, void *arg);

/* At once; done is not called any more. The thread may go on for a moment. */
void digest_cancel(struct digest_call *call);

#endif
