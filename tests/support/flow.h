/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real engine and database in virtual time, with a scripted peer. One
 * world a test: flow_setup() makes it, flow_teardown() takes it down and
 * fails on what is left over, on a secret in the log, on a change of state that
 * was not logged exactly once, and on a submission or an attempt that left
 * before that was on disk.
 */
#ifndef TESTS_FLOW_H
#define TESTS_FLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "aws/call.h"
#include "deliver/driver.h"
#include "engine/engine.h"
#include "engine/spool.h"
#include "job/job.h"
#include "tests/support/fake_http.h"

#define FLOW_TARGETS_MAX 4
#define FLOW_KEY "AKIDFLOWTEST"
/* So often a call is sent that fails in a way that passes. */
#define FLOW_TRIES 3

struct flow {
	struct loop *loop;
	struct store *store;
	struct engine *engine;
	struct spool *spool;
	struct engine_policy policy;
	unsigned events[8]; /* by enum engine_event */
	struct error trouble; /* of the last event that had one */
	char id[JOBID_SIZE]; /* of the last job that was submitted */
	char extension[64]; /* of our own choice for it: awaitd/DAY */
	char dir[64];
	struct target
	    *targets[FLOW_TARGETS_MAX + 1]; /* given back at the end */
	const char *dead_letter; /* the target that is told, or NULL */
	void (*new_world)(void); /* to make them in each new one */
	unsigned attempts; /* that ended */
	unsigned replays; /* that the test asked for: a move each */
	char delivery[DELIVERY_ID_SIZE]; /* of the last that was made */
	peer_hook *before; /* of the test */
	peer_hook *after;
	void *hook_arg;
};
extern struct flow flow;

int flow_setup(void **state);
int flow_teardown(void **state);
#define FLOW_TEST(f) \
	cmocka_unit_test_setup_teardown(f, flow_setup, flow_teardown)

/*
 * For "ocr" in us-east-1: the body "hello", names of our own, results under
 * s3://out/res. To be changed, then submitted.
 */
struct job *flow_job(void);
void flow_submit(struct job *take_job);

void time_passes(int64_t ms);

/* The process dies here and now, and another takes the state file up. */
void restart(void);
void flow_die(void); /* the first half */
void flow_take_up(void); /* the second */
void flow_stop(void); /* instead of the first: it ends as a service does */

/* The client of AWS of this world. */
struct aws_client *flow_aws(void);

/* The world's region. Borrowed. */
struct site *flow_site(void);

/* The last job, as it is on disk. Borrowed, till the next call. */
const struct job *on_disk(void);
const struct job *on_disk_of(const char *id);

/* Fails unless the job stands there. */
void must_be(enum job_state state, enum job_outcome outcome);

/* How many lines of the log hold both; NULL asks nothing. */
unsigned log_lines(const char *a, const char *b);

/* Where submission n will leave its result, as URI and as URL. Static. */
const char *out_uri(unsigned n);
const char *out_url(unsigned n);

/* InvokeEndpointAsync for submission n, with all its names. */
#define INVOKE_URL "http://rt.test/endpoints/ocr/async-invocations"
struct peer_step *expect_invoke(unsigned n);
struct peer_step *reply_accepted(struct peer_step *s, unsigned n);
struct peer_step *expect_head(const char *url);
struct peer_step *reply_missing(struct peer_step *s);
struct peer_step *reply_found(struct peer_step *s);
#define FAILURE_URI "s3://out/failures/x-error.out"
#define FAILURE_URL "http://s3.test/out/failures/x-error.out"

/* An error as SageMaker Runtime words it. */
struct peer_step *reply_error(
    struct peer_step *s, int status, const char *code, const char *message);

#endif
