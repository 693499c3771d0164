/* SPDX-License-Identifier: Apache-2.0 */
/*
 * awaitd-keeper (src/keeper.c): a small program between us and a command whose
 * every descendant has to go when it ends. What the two say to each other, and
 * where the program is.
 *
 *	awaitd-keeper PROTOCOL PROGRAM ARGV0 [ARGUMENT...]
 *
 * Descriptors 0, 1 and 2 and the environment are the command's. Descriptor 3
 * is a socket of packets: the byte KEEPER_TERM sends SIGTERM to all, its end
 * (we closed it, or died) kills all, and the other way goes one report.
 */
#ifndef BASE_KEEPER_H
#define BASE_KEEPER_H

#include <stdint.h>

#include "base/error.h"

#define KEEPER_PROTOCOL "1"
#define KEEPER_FD 3
#define KEEPER_TERM 't'
/* So long a keeper tries to end what does not end, and so long at most while
 * others still do; the one above it again. */
#define KEEPER_KILL_MS 5000
#define KEEPER_FIGHT_MS 30000

struct keeper_report {
	int32_t error; /* errno of a command that could not be started, or 0 */
	int32_t status; /* of the command, as waitpid(2) has it */
	uint32_t left; /* processes that it left behind, now killed */
	uint32_t stuck; /* 1: something could not be killed */
	uint32_t lost; /* 1: somebody killed a keeper; the status is unknown */
};

/*
 * Beside our own program, or in libexec; root's, ours, or of our program's
 * owner, and not for everybody to write. Borrowed; looked up once.
 * ERR_NOT_FOUND where it is in neither place.
 */
const char *keeper_path(struct error *err);

/* For programs that are not installed: this one from now on. Copied. */
void keeper_set_path(const char *path);

#endif
