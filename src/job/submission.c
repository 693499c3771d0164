/* SPDX-License-Identifier: Apache-2.0 */
/* Submissions: their strings, names and places. */
#include "job/submission.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"

/* Every string, so that copying and freeing cannot forget one. */
/* clang-format off */
#define SUBMISSION_STRINGS(X)   \
	X(inference_id)         \
	X(extension)            \
	X(filename)             \
	X(predicted)            \
	X(output_location)      \
	X(failure_location)     \
	X(request_id)           \
	X(note)                 \
	X(before_etag)
/* clang-format on */

void
submission_done(struct submission *s)
{
#define FREE(name) free(s->name);
	SUBMISSION_STRINGS(FREE)
#undef FREE
}

void
submission_copy(struct submission *to, const struct submission *from)
{
	*to = *from;
#define COPY(name) to->name = xstrdup_or_null(from->name);
	SUBMISSION_STRINGS(COPY)
#undef COPY
}

const char *
submission_output(const struct submission *s)
{
	if (s->fate == SUB_ACCEPTED)
		return s->output_location;
	return s->fate == SUB_DOUBT ? s->predicted : NULL;
}

const char *
submission_fate_name(enum submission_fate fate)
{
	switch (fate) {
	case SUB_OPEN:
		return "open";
	case SUB_ACCEPTED:
		return "accepted";
	case SUB_NOT_SENT:
		return "not-sent";
	case SUB_REFUSED:
		return "refused";
	case SUB_DOUBT:
		return "in-doubt";
	case SUB_FAILED:
		return "failed";
	}
	abort();
}

int
submission_fate_parse(const char *name, enum submission_fate *out)
{
	enum submission_fate f;

	for (f = SUB_OPEN; f <= SUB_FAILED; f++) {
		if (str_eq(name, submission_fate_name(f))) {
			*out = f;
			return 0;
		}
	}
	return -1;
}

char
submission_digit(unsigned n)
{
	if (n < 1 || n > SUBMISSIONS_MAX)
		abort();
	return "0123456789abcdefghijklmnopqrstuv"[n];
}
