/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An event loop whose time is the fake clock's; replaces base/loop.c. Timers,
 * posts and wake-ups work; descriptors and signals never fire.
 */
#ifndef TESTS_FAKE_LOOP_H
#define TESTS_FAKE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"

/*
 * Run everything that is due, turn the clock to the next timer, and so on
 * until `ms` have passed. False where it goes round and round in one
 * instant, or where fake_loop_halt() was called.
 */
bool fake_loop_pass(struct loop *loop, int64_t ms);

/* Nothing more is run, as if the process had died in this instant. */
void fake_loop_halt(struct loop *loop);
bool fake_loop_halted(const struct loop *loop);

/* Until loop_free(): what should be none. */
unsigned fake_loop_timers(const struct loop *loop);

#endif
