/* SPDX-License-Identifier: Apache-2.0 */
/* Beside a step: what its verdict means to a caller that waits for that. */
#include "engine/direct.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "engine/bells.h"
#include "engine/core.h"

struct direct {
	direct_fn *fn;
	void *arg;
	bool stored; /* on disk: from now on it can be promised */
	bool heard;
	struct direct_answer answer;
	struct error err; /* why it is being withdrawn */
	bool withdrawn; /* … the store has that */
};

void
engine_submit_direct(
    struct engine *e, struct job *take_job, direct_fn *fn, void *arg)
{
	struct work *w = work_new(e, take_job);

	w->direct = xcalloc(1, sizeof(*w->direct));
	w->direct->fn = fn;
	w->direct->arg = arg;
	engine_insert(w);
}

/* --- what the service says ------------------------------------------ */

void
direct_unhear(struct work *w)
{
	struct direct *d = w->direct;

	if (d == NULL || !d->heard)
		return;
	headers_done(&d->answer.headers);
	buf_done(&d->answer.body);
	d->heard = false;
}

/* The last one counts: a call may be answered twice (aws/call.h). */
static void
hear(const struct http_response *r, void *arg)
{
	struct work *w = arg;
	struct direct *d = w->direct;
	size_t i;

	/* It was let go of meanwhile. */
	if (d == NULL)
		return;
	direct_unhear(w);
	d->heard = true;
	d->answer.status = r->status;
	headers_init(&d->answer.headers);
	for (i = 0; i < r->headers.n; i++)
		headers_add(&d->answer.headers, r->headers.v[i].name,
		    r->headers.v[i].value);
	buf_init(&d->answer.body, r->body.len + 1);
	buf_append(&d->answer.body, r->body.data, r->body.len);
}

void
direct_listen(struct work *w, struct sagemaker_invoke *in)
{
	if (w->direct == NULL)
		return;
	direct_unhear(w);
	in->tap = hear;
	in->tap_arg = w;
}

/* --- the end --------------------------------------------------------- */

void
direct_drop(struct work *w)
{
	direct_unhear(w);
	free(w->direct);
	w->direct = NULL;
}

/* What was heard decided where its status is that of the error; an accepted
 * one has none. */
static bool
decided(const struct direct *d, const struct error *err)
{
	return d->heard &&
	    (err == NULL || err->http_status == d->answer.status);
}

static void
end(struct work *w, enum direct_end how, const struct error *err)
{
	struct direct *d = w->direct;

	w->direct = NULL;
	d->fn(how, w->job, decided(d, err) ? &d->answer : NULL, err, d->arg);
	w->direct = d;
	direct_drop(w);
}

void
direct_news(struct work *w, enum engine_event event, const struct error *err)
{
	if (w->direct == NULL)
		return;
	switch (event) {
	case ENGINE_NOT_STORED:
		end(w, DIRECT_NOT_STORED, err);
		return;
	case ENGINE_MOVED:
		end(w,
		    w->job->state == JOB_PENDING ? DIRECT_ACCEPTED
						 : DIRECT_OVER,
		    NULL);
		return;
	case ENGINE_WITHDRAWN:
		end(w, DIRECT_DECLINED, err);
		return;
	case ENGINE_BROKEN:
		end(w, DIRECT_BROKEN, err);
		return;
	case ENGINE_STORED:
		w->direct->stored = true;
		return;
	case ENGINE_LOOKED:
	case ENGINE_TROUBLE:
	case ENGINE_LATE:
		return;
	}
	abort();
}

static void
log_withdrawn(const struct work *w)
{
	log_begin(LOG_INFO, "engine");
	log_str("job", w->id);
	log_str("msg", "not accepted, and its caller is told: no job");
	log_err(&w->direct->err);
	log_end();
}

static void
on_withdrawn(const struct error *err, void *arg)
{
	struct work *w = arg;
	struct error why = w->direct->err;

	w->writing = false;
	if (err != NULL) {
		engine_give_up(w, err);
		return;
	}
	log_withdrawn(w);
	engine_drop_spooled(w->job);
	bells_forget(w);
	engine_tell(w, ENGINE_WITHDRAWN, &why);
	work_free(w);
}

bool
direct_decides(struct work *w, const struct step_result *r)
{
	struct direct *d = w->direct;

	if (d == NULL)
		return false;
	if (job_in_doubt(w->job)) {
		end(w, DIRECT_IN_DOUBT, NULL);
		return false;
	}
	if (r->verdict != VERDICT_RETRY && r->verdict != VERDICT_FAIL)
		return false;
	d->err = *r->err;
	d->withdrawn = true;
	w->writing = true;
	store_withdraw(w->engine->o.store, w->job, on_withdrawn, w);
	return true;
}

int
engine_let_go(struct engine *e, const char *id)
{
	struct work *w = work_find(e, id);

	if (w == NULL || w->direct == NULL || !w->direct->stored ||
	    w->direct->withdrawn)
		return -1;
	direct_drop(w);
	return 0;
}
