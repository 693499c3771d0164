/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The jobs of a batch in a state file of its own, carried by an engine of this
 * process. A job is known by its key there, which its item's index is in.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/offload.h"
#include "base/str.h"
#include "cmd/batch_carrier.h"
#include "cmd/digest.h"
#include "cmd/session.h"
#include "engine/fetch.h"

#define PAGE 1000
/* Large inputs that are read at a time. */
#define READERS 2

struct eng {
	struct batch_carrier base;
	struct session *session;
	TAILQ_HEAD(, eng_reading) readings;
	struct offload *readers;
	TAILQ_HEAD(, eng_fetch) fetches;
	bool gone; /* the state file of an earlier run is */
	bool closing;
	/* While the file is read. */
	char after[JOBID_SIZE];
	bool read; /* all of it */
	struct error err;
};

/* A job whose input file is read for its digest; nobody knows of it yet. */
struct eng_reading {
	TAILQ_ENTRY(eng_reading) entry;
	struct eng *eng;
	size_t i;
	struct job *job;
	struct digest_call *call;
};

struct eng_fetch {
	TAILQ_ENTRY(eng_fetch) entry;
	struct eng *eng;
	struct batch_fetching f;
	struct fetch *fetch;
};

static struct batch_news *
news(struct eng *c)
{
	return &c->base.o.news;
}

/* The item that a job is of, in this round. */
static int
item_of(const struct eng *c, const struct job *job, size_t *i)
{
	unsigned round;

	if (batch_plan_of_key(
		c->base.o.plan, job->spec.idempotency_key, i, &round) == -1)
		return -1;
	return round == c->base.o.plan->items[*i].round ? 0 : -1;
}

/* --- news of the engine ---------------------------------------------- */

static void
on_unwritten(struct eng *c, size_t i, const struct error *err)
{
	struct error e = *err;

	if (err->code == ERR_EXISTS || err->code == ERR_DAMAGED)
		news(c)->lost(i, &e, news(c)->arg);
	else
		news(c)->broken(&e, news(c)->arg);
}

/* Of a damaged row nobody knows yet whose it is. */
static void
on_trouble_of_all(struct eng *c, const struct error *err)
{
	if (err->code == ERR_DAMAGED)
		log_warn("batch", "%s", err->text);
	else
		news(c)->broken(err, news(c)->arg);
}

static void
on_event(enum engine_event event, const struct job *job,
    const struct error *err, void *arg)
{
	struct eng *c = arg;
	size_t i;

	if (c->closing)
		return;
	if (job == NULL) {
		on_trouble_of_all(c, err);
		return;
	}
	if (item_of(c, job, &i) == -1)
		return;
	switch (event) {
	case ENGINE_STORED:
		/* Before anything leaves: what the file loses from here on is
		 * never sent again unasked. */
		news(c)->known(i, job->id, news(c)->arg);
		return;
	case ENGINE_LATE:
	case ENGINE_WITHDRAWN:
		return;
	case ENGINE_MOVED:
		news(c)->trouble(NULL, news(c)->arg);
		if (job->state == JOB_DONE)
			news(c)->done(i, job, news(c)->arg);
		return;
	case ENGINE_LOOKED:
	case ENGINE_TROUBLE:
		if (err != NULL)
			news(c)->trouble(err, news(c)->arg);
		return;
	case ENGINE_NOT_STORED:
	case ENGINE_BROKEN:
		on_unwritten(c, i, err);
		return;
	}
	abort();
}

/* --- items ----------------------------------------------------------- */

struct finding {
	struct eng *c;
	size_t i;
};

static void
on_found(struct job **jobs, size_t n, const struct error *err, void *arg)
{
	struct finding *f = arg;
	struct eng *c = f->c;
	struct error gone;

	if (c->closing) {
		while (n > 0)
			job_free(jobs[--n]);
	} else if (err != NULL && err->code != ERR_DAMAGED) {
		news(c)->broken(err, news(c)->arg);
	} else if (n == 0) {
		err_set(
		    &gone, ERR_NOT_FOUND, "the state file has lost its job");
		news(c)->lost(f->i, err != NULL ? err : &gone, news(c)->arg);
	} else if (jobs[0]->state == JOB_DONE) {
		news(c)->done(f->i, jobs[0], news(c)->arg);
		job_free(jobs[0]);
	} else {
		engine_adopt(session_engine(c->session), jobs[0]);
	}
	free(f);
}

static void
look_for(struct eng *c, size_t i)
{
	struct finding *f;
	struct error err;

	if (c->gone) {
		err_set(&err, ERR_NOT_FOUND,
		    "the state file %s is gone, and its jobs with it",
		    session_path(c->session));
		news(c)->lost(i, &err, news(c)->arg);
		return;
	}
	f = xcalloc(1, sizeof(*f));
	f->c = c;
	f->i = i;
	store_find(session_store(c->session), c->base.o.plan->items[i].job,
	    true, on_found, f);
}

static int
make_job(struct eng *c, size_t i, struct job **out, struct error *err)
{
	struct app *app = c->base.o.app;
	struct batch_plan *p = c->base.o.plan;
	struct batch_entry e;
	struct batch_request r;
	char key[BATCH_KEY_SIZE];
	int rc;

	if (batch_plan_entry(p, i, &e, err) == -1)
		return -1;
	rc = batch_request_init(&r, app, c->base.o.request, &e, err);
	if (rc == 0) {
		r.o.undigested = true;
		rc = request_job(app, &r.o, r.endpoint,
		    e.path != NULL ? e.path : e.location, NULL, out, err);
		batch_request_done(&r);
	}
	if (rc == 0) {
		batch_plan_key(p, i, key);
		(*out)->spec.idempotency_key = xstrdup(key);
		(*out)->spec.idempotency_hash = xstrdup(e.sha256);
	}
	batch_entry_done(&e);
	return rc;
}

static void
on_digest(const struct digest *digest, const struct error *err, void *arg)
{
	struct eng_reading *r = arg;
	struct eng *c = r->eng;
	struct job *job = r->job;
	size_t i = r->i;

	TAILQ_REMOVE(&c->readings, r, entry);
	free(r);
	if (err != NULL) {
		job_free(job);
		news(c)->refused(i, err, news(c)->arg);
		return;
	}
	job->spec.input_size = digest->size;
	job->spec.input_sha256 = xstrdup(digest->sha256);
	session_submit(c->session, job);
}

static void
read_input(struct eng *c, size_t i, struct job *take_job)
{
	struct eng_reading *r = xcalloc(1, sizeof(*r));

	r->eng = c;
	r->i = i;
	r->job = take_job;
	r->call = digest_start(c->readers, c->base.o.app->loop,
	    take_job->spec.input_path, on_digest, r);
	TAILQ_INSERT_TAIL(&c->readings, r, entry);
}

/* Nothing was written of these jobs: they are made anew in another run. */
static void
drop_readings(struct eng *c)
{
	struct eng_reading *r;

	while ((r = TAILQ_FIRST(&c->readings)) != NULL) {
		TAILQ_REMOVE(&c->readings, r, entry);
		digest_cancel(r->call);
		job_free(r->job);
		free(r);
	}
}

static void
take(struct batch_carrier *base, size_t i)
{
	struct eng *c = (struct eng *)base;
	struct error err;
	struct job *job;

	if (base->o.plan->items[i].job[0] != '\0') {
		look_for(c, i);
		return;
	}
	if (make_job(c, i, &job, &err) == -1) {
		news(c)->refused(i, &err, news(c)->arg);
		return;
	}
	if (job->spec.input == INPUT_FILE)
		read_input(c, i, job);
	else
		session_submit(c->session, job);
}

/* --- results --------------------------------------------------------- */

static void
on_fetched(const struct error *err, void *arg)
{
	struct eng_fetch *f = arg;
	struct batch_fetching told = f->f;

	TAILQ_REMOVE(&f->eng->fetches, f, entry);
	free(f);
	told.done(err, told.arg);
}

static int
fetch(struct batch_carrier *base, const struct batch_fetching *what,
    struct error *err)
{
	struct eng *c = (struct eng *)base;
	struct app *app = base->o.app;
	const struct job *job = what->job;
	struct eng_fetch *f = xcalloc(1, sizeof(*f));
	struct engine_policy policy;
	struct fetch_options options = {
	    .loop = app->loop,
	    .uri = job->result_location,
	    .etag = job->result_etag,
	    .size = job->result_size,
	    .fd = what->fd,
	    .own_file = true,
	    .sha256 = what->sha256,
	};

	f->eng = c;
	f->f = *what;
	app_policy(job->spec.endpoint, &policy, app);
	options.owner = policy.bucket_owner;
	if (sites_get(app->sites, job->spec.region, &options.site, err) == -1 ||
	    fetch_start(&options, on_fetched, f, &f->fetch, err) == -1) {
		free(f);
		return -1;
	}
	TAILQ_INSERT_TAIL(&c->fetches, f, entry);
	return 0;
}

/* --- the end --------------------------------------------------------- */

static size_t
drain(struct batch_carrier *base)
{
	struct eng *c = (struct eng *)base;

	drop_readings(c);
	engine_drain(session_engine(c->session));
	return engine_busy(session_engine(c->session));
}

static void
end(struct batch_carrier *base)
{
	struct eng *c = (struct eng *)base;
	struct eng_fetch *f;

	c->closing = true;
	drop_readings(c);
	offload_wait(c->readers);
	offload_free(c->readers);
	while ((f = TAILQ_FIRST(&c->fetches)) != NULL) {
		TAILQ_REMOVE(&c->fetches, f, entry);
		fetch_cancel(f->fetch);
		free(f);
	}
	session_close(c->session);
	free(c);
}

static const struct batch_carrier_kind engine_kind = {
    .take = take,
    .fetch = fetch,
    .drain = drain,
    .free = end,
};

/* --- what the file has ----------------------------------------------- */

static void ask_page(struct eng *c);

static void
take_page(struct eng *c, struct job **jobs, size_t n)
{
	struct batch_plan *p = c->base.o.plan;
	size_t k, i;

	for (k = 0; k < n; k++) {
		if (item_of(c, jobs[k], &i) == 0 &&
		    batch_plan_note_job(p, i, jobs[k]->id, &c->err) == -1)
			c->read = true;
		memcpy(c->after, jobs[k]->id, JOBID_SIZE);
		job_free(jobs[k]);
	}
}

static void
on_page(struct job **jobs, size_t n, const struct error *err, void *arg)
{
	struct eng *c = arg;

	if (err != NULL) {
		c->err = *err;
		c->read = true;
	}
	take_page(c, jobs, n);
	if (n == 0)
		c->read = true;
	if (c->read)
		loop_stop(c->base.o.app->loop);
	else
		ask_page(c);
}

static void
ask_page(struct eng *c)
{
	struct store_query q = {
	    .limit = PAGE,
	    .after = c->after[0] != '\0' ? c->after : NULL,
	};

	store_list(session_store(c->session), &q, on_page, c);
}

static int
read_file(struct eng *c, struct error *err)
{
	ask_page(c);
	while (!c->read)
		loop_run(c->base.o.app->loop);
	if (c->err.code != ERR_NONE) {
		*err = c->err;
		return -1;
	}
	return 0;
}

static bool
any_known(const struct batch_plan *p)
{
	size_t i;

	for (i = 0; i < p->n; i++) {
		if (p->items[i].job[0] != '\0')
			return true;
	}
	return false;
}

int
batch_engine_new(const struct batch_carrier_options *o, const char *path,
    struct batch_carrier **out, struct error *err)
{
	struct eng *c = xcalloc(1, sizeof(*c));
	bool there = access(path, F_OK) == 0;

	c->base.kind = &engine_kind;
	c->base.o = *o;
	TAILQ_INIT(&c->readings);
	TAILQ_INIT(&c->fetches);
	c->gone = !there && any_known(o->plan);
	if (session_open(o->app, path, false, on_event, c, &c->session, err) ==
	    -1) {
		free(c);
		return -1;
	}
	c->readers = offload_new(READERS);
	if (there && read_file(c, err) == -1) {
		end(&c->base);
		return -1;
	}
	*out = &c->base;
	return 0;
}
