/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Results on their way to another S3: kept in our own store first, so that a
 * crash repeats the upload and not the model, then sent until the other S3 has
 * them, however long that takes. The part of place.h that lasts.
 *
 * Each bucket there is a lane. What is wrong with all of it (nobody answers,
 * no such bucket, a key that is not known) holds the lane, and one upload at a
 * time asks again, later and later; what is wrong with one object holds that.
 */
#ifndef LOCAL_KEPT_H
#define LOCAL_KEPT_H

#include "base/loop.h"
#include "local/db.h"
#include "local/objects.h"
#include "local/place.h"
#include "local/s3client.h"

/* Of what is kept: no name that a client could give a bucket. */
#define KEPT_BUCKET "%kept"

struct kept;

/* All borrowed for its life. */
struct kept_options {
	struct loop *loop;
	struct db *db;
	struct objects *objects;
	struct s3client *client;
};

struct kept *kept_new(const struct kept_options *options);
/* As place_free. */
void kept_free(struct kept *k);

/* As place_store and place_resume. */
void kept_store(
    struct kept *k, struct objects_draft *take, const struct place_result *r);
void kept_resume(struct kept *k, const struct place_result *r);

#endif
