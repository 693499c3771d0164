/* SPDX-License-Identifier: Apache-2.0 */
/* What a process that keeps secrets leaves of itself when it dies. */
#ifndef BASE_COREDUMP_H
#define BASE_COREDUMP_H

/*
 * From now on no core is written, nor handed to a program that collects cores,
 * and other processes of the same user read neither our memory nor our
 * environment (prctl(2), PR_SET_DUMPABLE). What we exec is not concerned.
 * AWAITD_COREDUMP=1 in the environment leaves everything as it is.
 */
void coredump_forbid(void);

#endif
