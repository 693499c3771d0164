/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From what was asked for to a checked job: what the command line and the API
 * share, so that both take the same and refuse the same.
 */
#ifndef SERVE_INTAKE_H
#define SERVE_INTAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "conf/conf.h"
#include "engine/budget.h"
#include "engine/engine.h"
#include "engine/site.h"
#include "job/job.h"

/* InvokeEndpointAsync's parameters but the input. NULL or 0: not given. */
struct intake {
	const char *endpoint;
	const char *content_type;
	const char *accept;
	const char *custom_attributes;
	const char *inference_id;
	const char *extension; /* S3OutputPathExtension */
	const char *filename;
	const char *tags; /* as job/tags.h has them */
	int64_t request_ttl_s;
	int64_t invocation_timeout_s;
};

/* Fill the spec but its input, region and targets: from what was asked for,
 * and where that says nothing from the configuration. */
void intake_fill(struct job_spec *spec, const struct intake *in,
    const struct conf *conf, const struct conf_endpoint *endpoint);

/* Everything that can be checked before anything is sent: the service's own
 * limits, and that an upload would have a place. ERR_USAGE. */
int intake_check(const struct job *job, struct error *err);

/* The region (flag, section, then as the SDKs do) and its addresses. */
int intake_region(struct job_spec *spec, struct sites *sites,
    const struct conf_endpoint *endpoint, const char *region,
    const char *profile, struct error *err);

/* Does an input of this size go inline? */
bool intake_inline(const struct conf_endpoint *endpoint, int64_t size);

/* It does not, and there is no place to upload it to. ERR_USAGE. */
int intake_no_prefix(
    const struct conf_endpoint *endpoint, int64_t size, struct error *err);

/* In the name of a file that keeps an input until the service has it. */
#define INTAKE_SUFFIX ".input"

/* A queued job is let go after six hours: its input outlives it. */
#define INTAKE_ORPHAN_MS ((int64_t)24 * 3600 * 1000)

/* Remove the inputs in a folder that no job can need any more: what a process
 * left that was killed before it had written a job down. */
void intake_prune(const char *folder);

/*
 * A new job that asks for the same as one that is DONE (with its body), linked
 * to it. ERR_NOT_FOUND where its input is gone, ERR_REFUSED where the request
 * was somebody else's. *out is the caller's.
 */
int intake_repeat(const struct job *job, struct job **out, struct error *err);

/* What looking may cost. */
void intake_budget(const struct conf *conf, struct engine_budget *out);

/* How the engine treats an endpoint. */
void intake_policy(
    const struct conf *conf, const char *endpoint, struct engine_policy *out);

#endif
