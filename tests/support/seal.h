/* SPDX-License-Identifier: Apache-2.0 */
/* Checksums for rows that a test wrote into a state file by itself. */
#ifndef TESTS_SEAL_H
#define TESTS_SEAL_H

struct sqlite3;

/* Each row gets the sum that it should have as it stands. Returns what SQLite
 * does. */
int seal(struct sqlite3 *db);

#endif
