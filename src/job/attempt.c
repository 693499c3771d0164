/* SPDX-License-Identifier: Apache-2.0 */
/* Attempts: released, copied, named. */
#include "job/attempt.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"

/* clang-format off */
#define ATTEMPT_STRINGS(X)      \
	X(note)                 \
	X(response)             \
	X(error_class)          \
	X(request_headers)      \
	X(response_headers)
/* clang-format on */

void
attempt_done(struct attempt *a)
{
#define FREE(name) xfree(&a->name);
	ATTEMPT_STRINGS(FREE)
#undef FREE
}

void
attempt_copy(struct attempt *to, const struct attempt *from)
{
	*to = *from;
#define COPY(name) to->name = xstrdup_or_null(from->name);
	ATTEMPT_STRINGS(COPY)
#undef COPY
}

const char *
attempt_outcome_name(enum attempt_outcome outcome)
{
	switch (outcome) {
	case ATTEMPT_OPEN:
		return "open";
	case ATTEMPT_OK:
		return "ok";
	case ATTEMPT_FAILED:
		return "failed";
	case ATTEMPT_INTERRUPTED:
		return "interrupted";
	}
	abort();
}

int
attempt_outcome_parse(const char *name, enum attempt_outcome *out)
{
	enum attempt_outcome o;

	for (o = ATTEMPT_OPEN; o <= ATTEMPT_INTERRUPTED; o++) {
		if (str_eq(name, attempt_outcome_name(o))) {
			*out = o;
			return 0;
		}
	}
	return -1;
}
