/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a finished file durable, and digests it where that was not done on
 * the way, in threads of its own: neither a disk nor a gigabyte of MD5 holds
 * up the loop.
 */
#ifndef LOCAL_SEAL_H
#define LOCAL_SEAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/loop.h"

struct seal;

struct seal_result {
	int64_t size;
	unsigned char md5[HASH_MD5_SIZE]; /* zeros without digest */
	unsigned char sha256[HASH_SHA256_SIZE]; /* of seal_digest() only */
	uint64_t crc64nvme;
};

/* Called on the loop; err is NULL on success. */
typedef void seal_done_fn(
    const struct seal_result *r, const struct error *err, void *arg);

struct seal *seal_new(struct loop *loop);

/* Ends the threads; what was not finished is called with ERR_CANCELLED. */
void seal_free(struct seal *s);

/* Sync the file and its folder. Both descriptors stay the caller's and must
 * stay open until done is called. */
void seal_start(struct seal *s, int fd, int dir_fd, bool digest,
    seal_done_fn *done, void *arg);

/* Read it and tell every digest; nothing is synced. fd stays the caller's and
 * must stay open until done is called. */
void seal_digest(struct seal *s, int fd, seal_done_fn *done, void *arg);

#endif
