/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flows with a webhook: the real driver behind "webhook hook", its receiver
 * played by the scripted peer. For tests that also use flow.h.
 */
#ifndef TESTS_FLOW_HOOK_H
#define TESTS_FLOW_HOOK_H

#include "tests/support/flow.h"

#define HOOK_URL "http://hook.test/in"

/* From now on, in this world and those after a restart. */
void with_hook(unsigned max_in_flight);

/* The next call of the hook; the test says what is answered. */
struct peer_step *expect_hook(void);

/* An object of so many bytes, as HEAD tells; and its bytes, as GET does. */
void found(struct peer_step *s, const char *size);
void bytes(struct peer_step *s, const char *body);

/* A job whose result goes to the hook. */
struct job *hooked_job(void);

/*
 * The same on its way to DONE, the result being "text"; what the hook answers
 * comes behind this in the script, then go().
 */
struct job *scripted_job(void);
void go(struct job *job);

/* Instead of a script: every job is accepted, and has its result at once. */
void results_at_once(void);

/* The nth call of the hook, from 0: when it was, and what it was; -1 or NULL
 * where there was none. */
int64_t called_at(size_t nth);
const struct peer_seen *call(size_t nth);

/* The last delivery that was made, as it is on disk. The caller's. */
struct delivery *delivery_on_disk(void);
void delivery_must_be(enum delivery_state state, unsigned attempts);

#endif
