/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A state file as awaitd made it before attempts told what they met: the
 * schema's version 5 as it was, and some rows with their checksums. Never to
 * be changed: such files are out there.
 */
#ifndef TESTS_SCHEMA_V5_H
#define TESTS_SCHEMA_V5_H

extern const char schema_v5[];
extern const char rows_v5[];

#endif
