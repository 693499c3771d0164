/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of one client in virtual time, to a scripted peer. */
#ifndef TESTS_CALL_RIG_H
#define TESTS_CALL_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "aws/call.h"
#include "tests/support/fake_creds.h"
#include "tests/support/fake_http.h"

#define MINUTE ((int64_t)60 * 1000)
#define HOUR (60 * MINUTE)

struct call_rig {
	struct loop *loop;
	struct http_client *http;
	struct aws_client *client;
	struct aws_call *call; /* the last one */
	/* Since the last one began: */
	unsigned ended;
	int status; /* 0: with an error */
	struct error err;
	unsigned oks; /* since the client is there */
	/* Of the requests that left: amz-sdk-invocation-id. */
	char ids[4][64];
	unsigned nids;
	unsigned troubles;
	char trouble[1000]; /* the last one, with its hint */
	unsigned reliefs;
	char relief[700];
	char refusals[200]; /* "STATUS REGION, " */
};
extern struct call_rig call;

int call_rig_setup(void **state);
int call_rig_teardown(void **state);
#define CALL_TEST(f) \
	cmocka_unit_test_setup_teardown(f, call_rig_setup, call_rig_teardown)

/* Another client; loop, http and news are filled in. */
void call_client(struct aws_client_options *o);

#define CALL_URL "http://s3.test/b/k"

/* GET of CALL_URL. */
struct aws_request call_request(void);
struct peer_step *call_expect(void);

/* NULL: call_request(). Must not fail at once. */
void call_begin(const struct aws_request *r);

void pass(int64_t ms);

/* Note the ids of requests from now on. */
void call_watch(void);

/* aws_request.refused */
void call_note_refusal(const struct http_response *r, void *arg);

/* The header Date, and x-amz-date, of so far from now. Static, each. */
const char *call_date(int64_t off_ms);
const char *call_amz_date(int64_t off_ms);

#endif
