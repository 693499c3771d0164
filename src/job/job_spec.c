/* SPDX-License-Identifier: Apache-2.0 */
/* Copying and releasing what a job asks for. */
#include "job/job_spec.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Every string of a spec, so that copying and freeing cannot forget one. */
/* clang-format off */
#define SPEC_STRINGS(X)         \
	X(endpoint)             \
	X(region)               \
	X(content_type)         \
	X(accept)               \
	X(custom_attributes)    \
	X(inference_id)         \
	X(extension)            \
	X(filename)             \
	X(deployment)           \
	X(output_path)          \
	X(deliver)              \
	X(callback_url)         \
	X(traceparent)          \
	X(tracestate)           \
	X(tags)                 \
	X(retry_of)             \
	X(idempotency_key)      \
	X(idempotency_hash)     \
	X(input_path)           \
	X(input_sha256)         \
	X(input_location)
/* clang-format on */

size_t
job_spec_callback_len(const struct job_spec *spec)
{
	return strcspn(spec->callback_url, "?");
}

void
job_spec_done(struct job_spec *spec)
{
#define FREE(name) free(spec->name);
	SPEC_STRINGS(FREE)
#undef FREE
	free(spec->body);
	memset(spec, 0, sizeof(*spec));
}

void
job_spec_copy(struct job_spec *to, const struct job_spec *from, bool with_body)
{
	*to = *from;
#define COPY(name) to->name = xstrdup_or_null(from->name);
	SPEC_STRINGS(COPY)
#undef COPY
	to->body = NULL;
	if (from->body != NULL && with_body)
		to->body = xmemdup(from->body, from->body_len);
}
