/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verbs that store_fixture has no call for, and jobs and deliveries to
 * feed them with. Every case runs once for each backend.
 */
#ifndef TESTS_CONTRACT_RIG_H
#define TESTS_CONTRACT_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/support/store_fixture.h"

int setup_memory(void **state);
int setup_sqlite(void **state);

/* clang-format off */
#define BOTH(name)                                                      \
	{"memory: " #name, name, setup_memory, fx_teardown, NULL},      \
	{"sqlite: " #name, name, setup_sqlite, fx_teardown, NULL}
/* clang-format on */

/* One call whose answer is not waited for: the argument of on_asked. */
struct asked {
	bool over;
	struct error err;
};
void on_asked(const struct error *err, void *arg);
void await_asked(const struct asked *a);

/* 0 or -1 with fx.err, or how many. */
int late(const struct job *job);
int withdraw(const struct job *job);
int keep(const char *name, const char *value);
int forget(int64_t before_at, int64_t keys_before_at, size_t limit);
int forget_all(const struct store_forget *f);
int take_over(void);
int expired(int64_t since_at, size_t limit); /* fills fx.jobs */

/* What is kept under a name, or NULL. The caller's. */
char *kept(const char *name);

/* What a key is known for. */
struct known {
	bool there;
	char job_id[JOBID_SIZE];
	char hash[80];
	struct job *job; /* the caller's, or NULL */
};
void find_key(const char *key, struct known *out);

/* All jobs of a query, in a row: "a b c" of their endpoints. */
const char *endpoints(const struct store_query *q);

/* Inserted. The caller's. */
struct job *new_job(const char *endpoint);
/* … and brought to its end, with a delivery to each target, all of them
 * stored. NULL: none. */
struct job *ended_job(
    const char *endpoint, enum job_outcome outcome, int64_t at, const char *to);

#endif
