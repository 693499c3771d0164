/* SPDX-License-Identifier: Apache-2.0 */
/* The trace that a request belongs to. */
#include "serve/api_submit.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "job/trace.h"

/* Several fields are one list, in their order (RFC 9110, 5.3). */
static char *
states_of(const struct headers *h)
{
	struct buf all;
	char *sound;
	size_t i;

	buf_init(&all, TRACE_STATE_MAX + 1);
	for (i = 0; i < h->n; i++) {
		if (!str_ieq(h->v[i].name, "tracestate"))
			continue;
		buf_puts(&all, all.len > 0 ? "," : "");
		buf_puts(&all, h->v[i].value);
	}
	sound = all.overflow || all.len == 0 ? NULL : trace_state(all.data);
	buf_done(&all);
	return sound;
}

void
api_submit_trace(const struct headers *h, struct job_spec *spec)
{
	const char *field = headers_get(h, "traceparent");
	char *parent = NULL;

	/* Two are none. */
	if (field != NULL && headers_count(h, "traceparent") == 1)
		parent = trace_parent(field);
	if (parent == NULL)
		return;
	free(spec->traceparent);
	free(spec->tracestate);
	spec->traceparent = parent;
	spec->tracestate = states_of(h);
}
