/* SPDX-License-Identifier: Apache-2.0 */
/* From where to where, how and after how long. */
#include "engine/move_log.h"

#include "base/clock.h"
#include "base/log.h"
#include "engine/found.h"

/* What ends otherwise, by a refusal, say, no look has found. */
static void
log_end_of(const struct work *w)
{
	const struct look *look = &w->step->look;

	log_str("outcome", job_outcome_name(w->job->outcome));
	log_int("polls", w->job->polls);
	if (look->found)
		log_str("cause", look_cause_name((enum look_cause)look->cause));
}

void
move_log(struct work *w, enum job_state from)
{
	const struct job *job = w->job;
	const struct submission *s = job_last_submission(job);

	log_begin(LOG_INFO, "engine");
	log_str("job", job->id);
	log_str("from", job_state_name(from));
	log_str("to", job_state_name(job->state));
	if (job->state == JOB_DONE) {
		log_end_of(w);
	} else if (s != NULL) {
		log_int("submission", s->n);
		log_str("output", s->output_location);
	}
	log_int("ms", clock_wall_ms() - job->created_at);
	log_str("error_code", job->error_code);
	log_str("error", job->error_text);
	log_end();
	w->step->look.found = false;
}
