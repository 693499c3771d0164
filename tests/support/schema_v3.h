/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A state file as awaitd made it before it knew of notifications: the schema's
 * version 3 as it was, and some rows with their checksums. Never to be changed:
 * such files are out there.
 */
#ifndef TESTS_SCHEMA_V3_H
#define TESTS_SCHEMA_V3_H

extern const char schema_v3[];
extern const char rows_v3[];

#endif
