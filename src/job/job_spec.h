/* SPDX-License-Identifier: Apache-2.0 */
/* What a job asks for: InvokeEndpointAsync's parameters, and how awaitd is to
 * go about it. */
#ifndef JOB_JOB_SPEC_H
#define JOB_JOB_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum job_input {
	INPUT_BODY, /* inline, kept with the job */
	INPUT_FILE, /* a file here, uploaded before the submission */
	INPUT_LOCATION, /* in S3 already */
	INPUT_FOREIGN, /* somebody else sent it: it is not known, and nothing
			  is ever submitted for such a job */
};

/* What was asked for: written once, with the job. NULL: not given. */
struct job_spec {
	char *endpoint;
	char *region;
	char *content_type;
	char *accept;
	char *custom_attributes;
	char *inference_id; /* of the caller */
	char *extension; /* of the caller: S3OutputPathExtension */
	char *filename; /* of the caller */
	int64_t request_ttl_s; /* 0: the service's 21,600 */
	int64_t invocation_timeout_s; /* 0: the service's 900 */
	bool own_names; /* choose the names the caller did not */
	bool avoid_duplicates; /* a doubtful submission is repeated only once it
				  must be dead */
	bool retry_failed; /* once more where the model failed for a reason
			      that passes */
	char *deployment; /* first part of our own extension */
	char *output_path; /* of the endpoint, where it is known */
	char *deliver; /* routes (job/route.h), "webhook a, exec b on failure",
			  or NULL */
	char *callback_url; /* of the caller: told as well; or NULL */
	char *traceparent; /* W3C Trace Context of the caller, or NULL … */
	char *tracestate; /* … and this of it, or NULL */
	char *tags; /* of the caller, as job/tags.h has them, or NULL */
	char *retry_of; /* the job that this one repeats, or NULL */
	char *idempotency_key; /* of the caller, unique in the store */
	char *idempotency_hash; /* of what was asked for with it, hex */

	enum job_input input;
	void *body;
	size_t body_len;
	char *input_path; /* INPUT_FILE: absolute */
	int64_t input_size;
	char *input_sha256; /* hex */
	bool input_spooled; /* the file is ours and goes after upload */
	char *input_location; /* where it is, or will be uploaded to */
};

/* How much of its callback URL is shown: a query may hold a secret. */
size_t job_spec_callback_len(const struct job_spec *spec);

/* Releases all of it, and leaves an empty one. */
void job_spec_done(struct job_spec *spec);

/* A copy of its own; without the input's body where that is not needed. */
void job_spec_copy(
    struct job_spec *to, const struct job_spec *from, bool with_body);

#endif
