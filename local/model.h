/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The model of one endpoint, whatever it is: a command run for each request,
 * a container at a URL, or containers that are started and stopped here as
 * the backlog asks. The queue knows only this.
 *
 * An invocation reads its payload from a file and writes its result into
 * another; nothing of either passes through our memory as a whole.
 * Sources: "Use your own inference code with hosting services" and the FAQ of
 * Asynchronous Inference, SageMaker developer guide.
 */
#ifndef LOCAL_MODEL_H
#define LOCAL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/loop.h"
#include "local/conf.h"
#include "local/fault.h"

struct model;
struct model_call;

/* All borrowed for the life of the model. */
struct model_options {
	struct loop *loop;
	struct faults *faults;
	const struct conf_endpoint *endpoint;
	const char *tmp_dir;
	int64_t output_max; /* bytes of output before it is ended */
	loop_fn *on_room; /* there may be more room than before */
	void *arg;
};

struct model_facts {
	const char *inference_id;
	const char *endpoint;
	const char *content_type; /* never NULL */
	const char *accept; /* NULL where the caller said nothing */
	const char *custom_attributes;
};

/* All borrowed; the descriptors until done was called. */
struct model_invocation {
	struct model_facts facts;
	int payload_fd; /* read from its beginning */
	int64_t payload_len;
	int output_fd; /* empty, for reading and writing */
	int64_t timeout_s; /* InvocationTimeoutSeconds */
};

enum model_verdict {
	MODEL_OK, /* output_fd holds the result */
	MODEL_FAILED,
	MODEL_AGAIN, /* never reached the model: to be run again */
};

/* Borrowed for the length of the call. */
struct model_result {
	enum model_verdict verdict;
	/* What the model is held to have answered: 200, 400 to 599, or 0 where
	 * it gave no answer. Of a command that failed: 500. */
	int status;
	/* Of what output_fd holds; NULL: the endpoint's result_content_type. */
	const char *content_type;
	/* MODEL_FAILED: the failure object's bytes, never empty; NULL where
	 * they are in output_fd, as a container answered. */
	const char *text;
	size_t len;
	/* MODEL_FAILED: failureReason as SageMaker words it. */
	const char *reason;
	/* MODEL_AGAIN: why. */
	struct error err;
};

typedef void model_done_fn(const struct model_result *r, void *arg);

/* What the metrics and the log tell of it. */
struct model_state {
	int64_t starting; /* instances; 0 for commands */
	int64_t in_service;
	int64_t draining;
	int64_t running; /* invocations */
};

/* Begins nothing yet: containers are started by model_backlog. */
int model_new(
    const struct model_options *options, struct model **out, struct error *err);

/* Kills what runs; no callback is called any more. NULL does nothing. */
void model_free(struct model *m);

/*
 * How many requests wait, those that run not counted. Told after each change:
 * containers are started and stopped by it.
 */
void model_backlog(struct model *m, size_t waiting);

/* How many invocations can begin now. */
size_t model_room(const struct model *m);

/*
 * Where model_room is not 0. done is called once, later; ERR_NOT_FOUND where
 * a command does not exist, which is the model's fault and stays so. Any other
 * error is this machine's and passes.
 */
int model_invoke(struct model *m, const struct model_invocation *v,
    model_done_fn *done, void *arg, struct model_call **out, struct error *err);

/* Kill it (a container is only left); done is not called. NULL does nothing. */
void model_cancel(struct model_call *c);

/*
 * Begin nothing more, and end the containers: SIGTERM, and after 30 s SIGKILL.
 * Call after every invocation has ended or was cancelled. drained is called
 * once, later.
 */
void model_drain(struct model *m, loop_fn *drained, void *arg);

void model_look(const struct model *m, struct model_state *out);

#endif
