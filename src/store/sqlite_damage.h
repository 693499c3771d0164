/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows that are not what was written: each is told of once and noted in the
 * table `damaged`, with the next transaction that writes anyway. What keeps
 * such a row from being used is its checksum, not this note. Only for
 * sqlite*.c.
 */
#ifndef STORE_SQLITE_DAMAGE_H
#define STORE_SQLITE_DAMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct db;
struct damage;

/* Reads how many there are. */
int damage_open(struct db *db, struct error *err);
void damage_close(struct db *db);

/* kind: "job", "delivery" or "told" with its seq, "idempotency", "kept" or
 * "notice" with its key, "index" with its name. */
void damage_note(
    struct db *db, const char *kind, const char *key, const char *why);
void damage_note_row(
    struct db *db, const char *kind, int64_t seq, const char *why);

/* Behind a begin, however the transaction before it ended. */
void damage_begin(struct db *db);

/* What was noted so far, so that it can go with the rows it is of. */
int damage_write(struct db *db, struct error *err);

/* Before a commit: what was noted goes with it, where it writes at all. */
int damage_save(struct db *db, struct error *err);
/* It was committed. */
void damage_saved(struct db *db);

/* Rows went, and notes of them with them. */
int damage_recount(struct db *db, struct error *err);

/* As the backend's functions of these names. */
bool sqlite_next_damage(void *arg, struct error *err);
uint64_t sqlite_damaged(void *arg);

#endif
