/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checksum of a row: 64 bits (CRC-64/NVME) over each value with its type
 * and length, so that no two rows read the same. It finds what disks and
 * memory do; it keeps nobody out who can write to the file. Only for sqlite*.c.
 */
#ifndef STORE_SQLITE_SUM_H
#define STORE_SQLITE_SUM_H

#include <stddef.h>
#include <stdint.h>

struct sqlite3;
struct sqlite3_stmt;

struct sum {
	uint64_t crc;
	size_t n; /* bytes that wait in data */
	unsigned char data[512];
};

/* The table's letter, then value by value. */
void sum_start(struct sum *s, char table);
void sum_int(struct sum *s, int64_t value);
void sum_text(struct sum *s, const char *value); /* NULL is one, too */
void sum_null(struct sum *s);
/* Columns [from, to) of the row on which the statement stands, as they are. */
void sum_columns(struct sum *s, struct sqlite3_stmt *stmt, int from, int to);
int64_t sum_end(struct sum *s);

/* Of the bytes of a body alone. */
int64_t sum_bytes(const void *data, size_t len);

/* awaitd_sum(letter, value, …) and awaitd_bytes(body) for a migration. Returns
 * what SQLite does. */
int sum_register(struct sqlite3 *conn);

#endif
