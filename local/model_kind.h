/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a kind of model is to model.c: a table of functions, and two structs
 * that begin with theirs. Only model.c and the kinds know this.
 */
#ifndef LOCAL_MODEL_KIND_H
#define LOCAL_MODEL_KIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "local/model.h"

/* Each function as the one of model.h with its name. */
struct model_kind {
	void (*free)(struct model *m);
	void (*backlog)(struct model *m, size_t waiting);
	size_t (*room)(const struct model *m);
	/* crash: it dies while it works, whatever it answers. */
	int (*invoke)(struct model *m, const struct model_invocation *v,
	    bool crash, model_done_fn *done, void *arg, struct model_call **out,
	    struct error *err);
	void (*cancel)(struct model_call *c);
	void (*drain)(struct model *m, loop_fn *drained, void *arg);
	void (*look)(const struct model *m, struct model_state *out);
};

/* The first member of what a kind makes of them. */
struct model {
	const struct model_kind *kind;
	struct faults *faults;
};

struct model_call {
	const struct model_kind *kind;
};

struct model_var {
	const char *name;
	const char *value; /* NULL: not set */
};

/*
 * The whole environment of a process: PATH, LANG and HOME of ours, one thread
 * for Tesseract, which gets slower with more, and these. Ends in NULL; the
 * caller's (str_free_words).
 */
char **model_environment(const struct model_var *vars, size_t n);

/* failureReason as SageMaker words it; 0: it gave no answer. */
#define MODEL_REASON_SIZE 160
void model_reason(char out[MODEL_REASON_SIZE], int status);

#endif
