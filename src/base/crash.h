/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Named places where the process may die: each is a row of the crash-point
 * table in HACKING.md. Here crash_point() does nothing; the program that tests
 * run (awaitd-crash) has another one, which kills it with SIGKILL at the n-th
 * passage of the place that AWAITD_CRASH_AT=NAME:n names.
 */
#ifndef BASE_CRASH_H
#define BASE_CRASH_H

/*
 * C1  a request for a new job was read, nothing is written
 * C2  the job is on disk, 201 was not said
 * C3  the input was uploaded, nobody noted it
 * C4  the intent is on disk, nothing was sent
 * C5  the service has answered, nothing of it was read
 * C6  202 was read, nothing was written
 * C7  ACCEPTED is on disk
 * C8  half of the result was read
 * C9  DONE is on disk, with its deliveries
 * C10 the attempt is on disk, nothing was sent
 * C11 the receiver has answered, nothing of it was read
 * C12 the outcome of an attempt is known, nothing was written
 * C13 the outcome of an attempt is on disk
 * C14 a notification is known to be genuine, nothing was written
 * C15 it is on disk, nobody was told
 * C16 a handler runs
 * C17 a migration is half done
 * C18 a folder has a file under its temporary name, not synced
 * C19 a folder has the bytes, and not their facts
 */
void crash_point(const char *name);

#endif
