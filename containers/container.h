/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contract between Amazon SageMaker and a container with a model, once:
 * GET /ping and POST /invocations on one port. A model is the few functions of
 * struct container_model; a program is container_main() with one.
 *
 * The loop's thread talks HTTP, so that /ping is answered while every worker
 * works. A payload is held in memory until it is answered: at most workers +
 * queue payloads at a time, each of at most max_payload bytes.
 * Source: "Use your own inference code with hosting services", SageMaker
 * developer guide; the form of errors is that of Multi Model Server.
 */
#ifndef CONTAINERS_CONTAINER_H
#define CONTAINERS_CONTAINER_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/loop.h"

#define CONTAINER_WORKERS_MAX 64
#define CONTAINER_QUEUE_MAX 1024
#define CONTAINER_PAYLOAD_MAX ((int64_t)1 << 30) /* SageMaker's own */
#define CONTAINER_ANSWER_MAX ((size_t)64 << 20)

/* What a model is asked. All borrowed for the length of the call; a NULL
 * string was not sent. */
struct container_request {
	const char *data;
	size_t len; /* never 0 */
	const char *type; /* Content-Type */
	const char *accept;
	const char *attributes; /* X-Amzn-SageMaker-Custom-Attributes */
	const char *id; /* X-Amzn-SageMaker-Inference-Id */
};

struct container_model {
	const char *name; /* of the program */
	const char *purpose; /* for --help: a sentence */
	/* The media types it takes, up to a NULL. A request that names none, or
	 * application/octet-stream, is always let in: the model looks. */
	const char *const *types;
	int64_t max_payload; /* where no option says another */

	/* Once for each worker, before anything is listened to. What it makes
	 * is used by one thread at a time. */
	int (*make)(void **out, struct error *err);
	void (*free)(void *self);

	/* In a worker's thread: append the answer, name its type (static). -1
	 * with ERR_USAGE is the input's fault (400), any other code the
	 * model's own (500); the text is what the caller is told. */
	int (*run)(void *self, const struct container_request *r,
	    struct buf *answer, const char **type, struct error *err);
};

struct container_options {
	const char *host; /* NULL: 127.0.0.1 */
	int port; /* 0: any free one */
	size_t workers; /* 1 to CONTAINER_WORKERS_MAX */
	size_t queue; /* how many may wait for a worker */
	int64_t max_payload; /* bytes */
};

struct container;

/* Makes the workers, then listens. The model must outlive it. */
int container_new(struct loop *loop, const struct container_model *model,
    const struct container_options *options, struct container **out,
    struct error *err);
int container_port(const struct container *c);

/* No new connections; what was begun is finished. `stopped` is called once,
 * later, when the last answer has left. */
void container_stop(struct container *c, loop_fn *stopped, void *arg);

/* Breaks off what is left, but waits for models that run. NULL does nothing. */
void container_free(struct container *c);

/*
 * A whole program: options, SIGTERM, the log. Returns its exit status.
 * `docker run IMAGE serve` is how SageMaker starts a container, so the word
 * "serve" is allowed and means nothing.
 */
int container_main(const struct container_model *model, int argc, char **argv);

#endif
