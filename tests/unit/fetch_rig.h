/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A source of credentials asked in the test's own loop, with credpeer as the
 * other side and a home directory of its own.
 */
#ifndef TESTS_FETCH_RIG_H
#define TESTS_FETCH_RIG_H

#include <stdbool.h>

#include "aws/creds_fetch.h"
#include "tests/support/credpeer.h"

struct fetch_rig {
	struct loop *loop;
	struct http_client *http;
	struct credpeer peer;
	char *url; /* of the peer */
	char home[64];
	struct creds_plan plan; /* strings are the test's */
	/* What came last. */
	unsigned done;
	bool got;
	struct creds creds;
	struct error err;
};

int fetch_rig_setup(void **state);
int fetch_rig_teardown(void **state);

/* Run the plan to its end: fills got, creds and err. */
void fetch_rig_fetch(struct fetch_rig *r);

/* The same, and it must give the keys of this NAME of credpeer's. */
void fetch_rig_gets(struct fetch_rig *r, const char *name);

/* The same, and it must fail with this code, a text that matches the pattern
 * (fnmatch), and no secret in it. */
void fetch_rig_fails(
    struct fetch_rig *r, enum error_code code, const char *pattern);

/* Cancelled after each number of turns of the loop until it is through. */
void fetch_rig_cancels(struct fetch_rig *r);

/* A file below the home directory; its path is borrowed until the next one. */
const char *fetch_rig_put(
    struct fetch_rig *r, const char *name, const char *text);
char *fetch_rig_read(struct fetch_rig *r, const char *name);

/* Nobody listens there. */
const char *fetch_rig_nowhere(void);

#endif
