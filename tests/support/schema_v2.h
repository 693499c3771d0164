/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A state file as awaitd 0.2 made it: the schema's version 2 as it was, and
 * jobs and deliveries in every state. Never to be changed: such files are out
 * there.
 */
#ifndef TESTS_SCHEMA_V2_H
#define TESTS_SCHEMA_V2_H

extern const char schema_v2[];
extern const char rows_v2[];

#endif
