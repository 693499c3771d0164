/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Standard Webhooks 1.0.0 signatures over "id.timestamp.body", made with all
 * keys of a set and verified with any of one (see deliver/whkey.h): old and new
 * ones are used side by side while receivers change over.
 */
#ifndef DELIVER_WHSIGN_H
#define DELIVER_WHSIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

#define WHSIGN_KEYS_MAX 8

/* Ed25519 needs the whole message at once: longer bodies have no v1a. */
#define WHSIGN_V1A_MAX ((int64_t)1024 * 1024)

/* A header's list of as many as there can be, NUL included. */
#define WHSIGN_LIST_SIZE (WHSIGN_KEYS_MAX * 96)

struct whsign;

/* Of one key, as a file has it, white space around it allowed. ERR_CONFIG says
 * what is wrong, never what the secret is. */
int whsign_new(const char *secret, struct whsign **out, struct error *err);

/* The same from a file (at most 4 KiB) that others cannot read. */
int whsign_from_file(const char *path, struct whsign **out, struct error *err);

/* Of one to WHSIGN_KEYS_MAX files; `paths` ends in NULL. No key may be there
 * twice. */
int whsign_from_files(
    const char *const *paths, struct whsign **out, struct error *err);

/* The same of keys as text. */
int whsign_from_texts(
    const char *const *secrets, struct whsign **out, struct error *err);
void whsign_free(struct whsign *s);

/* Every key is a secret one. */
bool whsign_can_sign(const struct whsign *s);

/* A body of that size gets a signature. */
bool whsign_reaches(const struct whsign *s, int64_t size);

/* Append the header's list, in the order of the keys: "v1,… v1a,…". */
void whsign_sign(struct whsign *s, const char *id, int64_t timestamp_s,
    const void *body, size_t len, struct buf *out);

/*
 * The same of a body of `size` bytes that comes in pieces and is not kept
 * (beyond WHSIGN_V1A_MAX). whsign_end() appends the list and frees the run;
 * out NULL: it is only freed. The set must outlive it.
 */
struct whsign_run;
struct whsign_run *whsign_begin(
    struct whsign *s, const char *id, int64_t timestamp_s, int64_t size);
void whsign_update(struct whsign_run *run, const void *data, size_t len);
void whsign_end(struct whsign_run *run, struct buf *out);

#define WHSIGN_TOLERANCE_S 300

/*
 * The receiver's side: `signatures` is the header's list, one of which must be
 * right by one of the keys (only the first 16 of v1a are looked at); the
 * timestamp (decimal) must be within the tolerance of now. ERR_AUTH says what
 * is wrong.
 */
int whsign_verify(struct whsign *s, const char *id, const char *timestamp,
    const char *signatures, const void *body, size_t len, int64_t now_s,
    struct error *err);

#endif
