/* SPDX-License-Identifier: Apache-2.0 */
/* What a step has, and how it is let go of. */
#include "engine/step.h"

#include <stdlib.h>

#include "base/mem.h"
#include "engine/work.h"

/* Of a result that is kept with its deliveries. */
#define RESULT_MAX ((size_t)256 * 1024)
#define FAILURE_MAX 4096

void
step_begin(struct work *w)
{
	struct step *step = xcalloc(1, sizeof(*step));

	step->input_fd = -1;
	buf_init(&step->text, FAILURE_MAX);
	buf_init(&step->result, RESULT_MAX);
	w->step = step;
}

void
step_end(struct work *w)
{
	struct step *step = w->step;

	if (step == NULL)
		return;
	step_poll_cancel(w);
	step_submit_cancel(w);
	w->step = NULL;
	buf_done(&step->text);
	buf_done(&step->result);
	free(step->failure);
	free(step->before.etag);
	free(step->obstacle);
	free(step);
}
