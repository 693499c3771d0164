/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where credentials come from, as a test says; replaces aws/creds_plan.c and
 * aws/creds_fetch.c. What is fetched and not foretold fails the test
 * (fake_creds_verdict).
 */
#ifndef TESTS_FAKE_CREDS_H
#define TESTS_FAKE_CREDS_H

#include <stdbool.h>
#include <stdint.h>

#include "aws/creds_plan.h"

void fake_creds_reset(void);

/* Plans that are made from now on. Two of one kind and name are equal. */
void fake_creds_plan(enum creds_kind kind, const char *name);
/* … hold this key (CREDS_KEYS), for so long; 0: for ever. */
void fake_creds_keys(const char *name, const char *key, int64_t life_ms);
/* … cannot be made. */
void fake_creds_no_plan(const char *why);

/* The next fetch that was not told of yet, in order; it takes so long, and
 * with a negative time it never ends. A life may be over already. */
void fake_creds_bring(const char *key, int64_t life_ms, int64_t takes_ms);
void fake_creds_fail(
    enum error_code code, bool retryable, const char *text, int64_t takes_ms);

/* What was foretold and did not come yet need not come. */
void fake_creds_enough(void);

/* Was it brought, and is its time not over? */
bool fake_creds_valid(const char *key);

unsigned fake_creds_fetches(void); /* that began */
unsigned fake_creds_under_way(void);
unsigned fake_creds_plans(void); /* that were made or tried */

/* NULL where all is well. */
const char *fake_creds_verdict(void);

#endif
