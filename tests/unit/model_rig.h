/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A model under test, and the least of queues before it: requests wait in a
 * line, begin when there is room, and what became of each is kept.
 */
#ifndef TESTS_MODEL_RIG_H
#define TESTS_MODEL_RIG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "local/conf.h"
#include "local/instance.h"
#include "local/model.h"

#define RIG_REQUESTS_MAX 64

struct rig_request {
	struct rig *rig;
	int payload_fd;
	int64_t payload_len;
	int output_fd;
	int64_t timeout_s;
	struct model_call *call; /* while it runs */
	unsigned tries;
	bool done;
	/* What came of it. */
	enum model_verdict verdict;
	int status;
	char *type;
	char *text; /* what the failure object would hold, or the output */
	char *reason;
	struct error err;
};

struct rig {
	struct loop *loop;
	struct loop_timer *look;
	int64_t look_until;
	bool (*seen)(struct rig *r);
	struct conf_endpoint endpoint;
	struct model_options options;
	struct model *model;
	struct model_facts facts; /* of every request to come */
	struct rig_request requests[RIG_REQUESTS_MAX];
	size_t n, begun, done;
	size_t running, running_most;
	bool manual; /* begins nothing by itself */
	bool drained;
	struct buf log;
	char *tmp;
	/* For the question that is asked while waiting. */
	const char *text;
	size_t wanted;
	const bool *flag;
};

int rig_setup(void **state);
int rig_teardown(void **state);

/* Words of a command, split as in a file. */
void rig_command(struct rig *r, const char *words);
/* The test container with these options. */
void rig_serve(struct rig *r, const char *options);
void rig_container(struct rig *r, const char *url);
/* The model itself, from what the endpoint says; pace NULL: model_new's. */
void rig_model(struct rig *r, const struct instance_pace *pace);

/* One more request, begun at once where there is room. */
struct rig_request *rig_submit(
    struct rig *r, const char *payload, int64_t timeout_s);
void rig_submit_fd(struct rig *r, int take_fd, int64_t len, int64_t timeout_s);
/* End `manual`. */
void rig_begin(struct rig *r);
void rig_drain(struct rig *r);

/* Turn the loop until it is so, or fail after a minute. */
void rig_until(struct rig *r, bool (*seen)(struct rig *r));
void rig_until_done(struct rig *r, size_t wanted);
void rig_until_logged(struct rig *r, const char *text, size_t times);
void rig_until_set(struct rig *r, const bool *flag);
/* What can happen at once. */
void rig_turn(struct rig *r);

size_t rig_logged(const struct rig *r, const char *text);
int64_t rig_output_size(const struct rig_request *q);

#endif
