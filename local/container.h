/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One invocation of a container over HTTP, as SageMaker does it, and one look
 * at its health. Which container, and what follows from how it went, is the
 * caller's to know.
 * Sources: "Use your own inference code with hosting services", SageMaker
 * developer guide; the messages are those that users report of the service.
 */
#ifndef LOCAL_CONTAINER_H
#define LOCAL_CONTAINER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/loop.h"
#include "local/model.h"
#include "net/http_client.h"

struct container_call;

enum container_fate {
	CONTAINER_ANSWERED, /* it has done with the request */
	CONTAINER_MISSED, /* never reached: no connection */
	CONTAINER_BROKE, /* the connection broke behind the request */
	CONTAINER_LEFT, /* given up by us, it may still work at it */
};

/* r is borrowed for the length of the call. */
typedef void container_done_fn(
    const struct model_result *r, enum container_fate fate, void *arg);

/* All borrowed until the call is gone. */
struct container_options {
	struct loop *loop;
	struct http_client *http;
	const char *base; /* URL without a slash at its end */
	int64_t output_max;
	int64_t connect_ms; /* 0: as long as SageMaker waits */
	/* Of a request that was given up the connection is kept so long, to
	 * know when the container has done with it; 0: closed at once. */
	int64_t linger_ms;
	bool crash; /* give it up while it works, whatever it answers */
	container_done_fn *done;
	/* Behind CONTAINER_LEFT or container_leave, once, later; not where
	 * linger_ms is 0. */
	loop_fn *over;
	void *arg;
};

/*
 * POST BASE/invocations. done is called once, later; the call is gone then,
 * unless it lingers: then it is behind `over`.
 */
int container_invoke(const struct container_options *options,
    const struct model_invocation *v, struct container_call **out,
    struct error *err);

/* Give it up without done; what v named is not used any more. */
void container_leave(struct container_call *c);

/* The container is no more: done is called as for a connection that broke, or
 * `over` where it lingers. */
void container_break(struct container_call *c);

/* Close it; nothing is called any more. NULL does nothing. */
void container_cancel(struct container_call *c);

/* GET BASE/ping; see container_is_healthy. */
int container_ping(struct http_client *http, const char *base,
    http_done_fn *done, void *arg, struct http_call **out, struct error *err);
bool container_is_healthy(const struct http_response *r);

#endif
