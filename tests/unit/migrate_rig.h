/* SPDX-License-Identifier: Apache-2.0 */
/* Files of older versions, and processes that die while they become new. On
 * top of store_fixture.h. */
#ifndef TESTS_UNIT_MIGRATE_RIG_H
#define TESTS_UNIT_MIGRATE_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How many rows a file of version 2 or later has. */
#define MIGRATE_COUNT                                                   \
	"SELECT (SELECT count(*) FROM job) + "                          \
	"(SELECT count(*) FROM job_state) + "                           \
	"(SELECT count(*) FROM submission) + "                          \
	"(SELECT count(*) FROM delivery) + "                            \
	"(SELECT count(*) FROM delivery_body) + (SELECT count(*) FROM " \
	"attempt)"

/* As fx_setup(), where nothing waits for a disk: files are made some hundred
 * times. */
int migrate_setup(void **state);

/* fx.path becomes this, and nothing else. */
void migrate_make(const char *schema, const char *rows, int64_t version);

/* All that defines the file's schema, as one text of the caller's. */
char *migrate_schema_of_file(void);

/* A file opened by a process that ends at the beginning or the end of some
 * statement: true where it came so far that it was killed. */
bool migrate_killed_at(unsigned statement);

/* Dies at every fourth statement: either the old file is whole, which has so
 * many rows, or the new one. */
void migrate_dies_now_and_then(
    void (*make_it)(void), void (*check)(void), int64_t version, int64_t rows);

#endif
