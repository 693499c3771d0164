/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of zeros beside the state file, "<path>-reserve". It takes the room
 * that the outcomes of work begun need when the disk is full, and is given up
 * then. That there is none is no error: there is less to give up.
 */
#ifndef STORE_RESERVE_H
#define STORE_RESERVE_H

#include <stdbool.h>
#include <stdint.h>

#define RESERVE_SIZE ((int64_t)8 << 20)

/* There is one now, really allocated (0600). False: none can be had. It is
 * left to be where there is less than twice its room. */
bool reserve_make(const char *path);

/* Its room is free now. False: there was none. */
bool reserve_spend(const char *path);

/* The disk of the path has room for so many bytes, as far as it says. */
bool reserve_room(const char *path, int64_t bytes);

#endif
