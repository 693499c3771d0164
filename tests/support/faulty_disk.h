/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk that fails on demand: this file's pread64, pwrite64, fdatasync and
 * fsync take the place of the C library's for the whole program, SQLite's calls
 * included. They concern files whose path ends as was asked.
 */
#ifndef TESTS_FAULTY_DISK_H
#define TESTS_FAULTY_DISK_H

#include <stdbool.h>

enum faulty_call {
	FAULTY_WRITE,
	FAULTY_SYNC,
	FAULTY_CALLS,
};

/* Calls fail with this errno, until faulty_disk_heal(). */
void faulty_disk_break(enum faulty_call call, const char *suffix, int error);
/* The same, but only the next `times`. */
void faulty_disk_break_times(
    enum faulty_call call, const char *suffix, int error, int times);
void faulty_disk_heal(void);

/* Calls that failed since the last break. */
unsigned faulty_disk_failed(void);

/* From now on each read of files that end so takes a while (0: none does), and
 * is counted. */
void faulty_disk_slow(const char *suffix, unsigned ms);
unsigned faulty_disk_reads(void);
/* What the kernel has of them was dropped, behind so many reads; or -1. */
int faulty_disk_dropped(void);

/* Syncs of files that end so wait until they are let go. */
void faulty_disk_hold(const char *suffix);
bool faulty_disk_held(void); /* one waits */
void faulty_disk_let_go(void);

#endif
