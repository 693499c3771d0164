/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The jobs of a batch at a running service: each is asked for under its key,
 * watched by questions that wait, and its result read from there. A service
 * that is away for a while is waited for.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"
#include "cmd/batch_carrier.h"
#include "cmd/handin.h"
#include "cmd/input.h"
#include "cmd/remote.h"
#include "cmd/watch.h"
#include "job/jobjson.h"

/* Inputs that are handed in at a time, each an open file. */
#define POSTS_MAX 16
/* Questions that wait at a time, each a connection. */
#define WATCH_MAX 48
#define PATIENCE_MS 120000
/* The service writes a large input to its disk before it answers. */
#define SILENCE_MS (10 * 60000)

static const struct backoff again_backoff = {
    .start_ms = 200,
    .max_ms = 5000,
    .factor = 2,
    .jitter = 0.2,
};

/* An item in hand. */
struct flight {
	TAILQ_ENTRY(flight) entry;
	struct svc *svc;
	size_t i;
	char id[JOBID_SIZE]; /* "": not known yet */
	int fd; /* of its input, or -1 */
	struct client_call *call;
};
TAILQ_HEAD(flights, flight);

struct svc_fetch {
	TAILQ_ENTRY(svc_fetch) entry;
	struct svc *svc;
	struct batch_fetching f;
	struct remote_result result;
	struct client_call *call;
};

struct svc {
	struct batch_carrier base;
	struct client *asking; /* for questions that wait */
	struct watch *watch;
	struct map watched; /* flights, by id */
	struct flights waiting; /* to be handed in */
	struct flights posting;
	unsigned nposting;
	TAILQ_HEAD(, svc_fetch) fetches;
	struct loop_timer *timer;
	int64_t due_at; /* till then nothing is handed in */
	int64_t unheard_at; /* since when nobody answers; 0: somebody does */
	unsigned failures; /* in a row */
};

static struct batch_news *
news(struct svc *c)
{
	return &c->base.o.news;
}

static const void *
flight_key(const void *item, size_t *len)
{
	const struct flight *f = item;

	*len = JOBID_LEN;
	return f->id;
}

static void
drop(struct flight *f)
{
	client_cancel(f->call);
	if (f->fd != -1)
		close(f->fd);
	free(f);
}

static void
heard(struct svc *c)
{
	c->failures = 0;
	c->unheard_at = 0;
	news(c)->trouble(NULL, news(c)->arg);
}

/* --- its job --------------------------------------------------------- */

/* The flight ends here, or goes on as one that is watched. Takes it. */
static void
take_job(struct flight *take_f, const struct job *job)
{
	struct svc *c = take_f->svc;
	size_t i = take_f->i;

	if (job->state == JOB_DONE) {
		drop(take_f);
		news(c)->done(i, job, news(c)->arg);
		return;
	}
	memcpy(take_f->id, job->id, JOBID_SIZE);
	map_add(&c->watched, take_f);
	watch_add(c->watch, take_f->id);
}

static void
lose(struct flight *take_f, const struct error *err)
{
	struct svc *c = take_f->svc;
	size_t i = take_f->i;

	drop(take_f);
	news(c)->lost(i, err, news(c)->arg);
}

static void
on_watched(enum watch_event event, const struct job *job,
    const struct error *err, void *arg)
{
	struct svc *c = arg;
	struct flight *f;
	struct error e;

	switch (event) {
	case WATCH_SEEN:
		heard(c);
		f = map_find(&c->watched, job->id, JOBID_LEN);
		if (f == NULL || job->state != JOB_DONE)
			return;
		map_remove(&c->watched, f);
		take_job(f, job);
		return;
	case WATCH_TROUBLE:
		news(c)->trouble(err, news(c)->arg);
		return;
	case WATCH_FAILED:
		e = *err;
		news(c)->broken(&e, news(c)->arg);
		return;
	}
	abort();
}

static void
on_lost(const char *id, const struct error *err, void *arg)
{
	struct svc *c = arg;
	struct flight *f = map_find(&c->watched, id, JOBID_LEN);

	if (f == NULL)
		return;
	map_remove(&c->watched, f);
	if (err->code == ERR_NOT_FOUND || err->code == ERR_DAMAGED) {
		lose(f, err);
		return;
	}
	drop(f);
	news(c)->broken(err, news(c)->arg);
}

/* --- handing in ------------------------------------------------------ */

static void turn(void *arg);

/* Nobody answers, or not now: all wait, this one in front. */
static void
put_back(struct flight *f, const struct error *err)
{
	struct svc *c = f->svc;
	int64_t now = clock_mono_ms();
	int64_t wait;

	TAILQ_INSERT_HEAD(&c->waiting, f, entry);
	if (c->unheard_at == 0)
		c->unheard_at = now;
	if (err->http_status == 0 && now - c->unheard_at > PATIENCE_MS) {
		news(c)->broken(err, news(c)->arg);
		return;
	}
	news(c)->trouble(err, news(c)->arg);
	/* Those that fail together are one failure. */
	if (now < c->due_at)
		return;
	wait = backoff_delay_ms(&again_backoff, c->failures, random_unit());
	c->failures++;
	c->due_at = now + wait;
	loop_timer_set(c->timer, wait);
}

static bool
may_pass(const struct error *err)
{
	return client_unheard(err) || err->code == ERR_STORE ||
	    err->code == ERR_REMOTE || err->code == ERR_THROTTLED;
}

/* What was submitted under this key is not what lies there now. */
static void
hint_changed(struct error *err)
{
	err_prefix(err, "its input or its options changed since");
}

static void
on_refused(struct flight *f, const struct error *err)
{
	struct svc *c = f->svc;
	size_t i = f->i;
	struct error e = *err;

	if (may_pass(err)) {
		put_back(f, err);
	} else if (str_eq(err->remote_code, "job_forgotten")) {
		lose(f, err);
	} else if (str_eq(err->remote_code, "idempotency_key_reused")) {
		hint_changed(&e);
		lose(f, &e);
	} else if (err->code == ERR_USAGE || err->code == ERR_LIMIT ||
	    err->code == ERR_REFUSED) {
		drop(f);
		news(c)->refused(i, &e, news(c)->arg);
	} else {
		drop(f);
		news(c)->broken(&e, news(c)->arg);
	}
}

static void
on_posted(const struct json *answer, const struct error *err, void *arg)
{
	struct flight *f = arg;
	struct svc *c = f->svc;
	struct job *job = NULL;
	struct error e;

	f->call = NULL;
	TAILQ_REMOVE(&c->posting, f, entry);
	c->nposting--;
	if (f->fd != -1)
		close(f->fd);
	f->fd = -1;
	if (err == NULL && jobjson_parse(answer, &job, &e) == -1)
		err = &e;
	if (err != NULL) {
		on_refused(f, err);
	} else {
		heard(c);
		news(c)->known(f->i, job->id, news(c)->arg);
		take_job(f, job);
	}
	job_free(job);
	turn(c);
}

static int
send_form(struct flight *f, const struct batch_entry *e,
    const struct batch_request *r, struct error *err)
{
	struct svc *c = f->svc;
	struct handin h = {.request = &r->o};
	char key[BATCH_KEY_SIZE];
	struct headers headers;
	struct buf json;
	struct client_request cr = {
	    .method = "POST",
	    .path = "/v1/jobs",
	    .headers = &headers,
	    .stall_ms = SILENCE_MS,
	};
	int rc;

	if (e->path != NULL &&
	    input_open(e->path, &f->fd, &cr.file_len, err) == -1)
		return -1;
	if (handin_form(&h, r->endpoint, e->location, &headers, &json, err) ==
	    -1)
		return -1;
	batch_plan_key(c->base.o.plan, f->i, key);
	headers_set(&headers, "Idempotency-Key", key);
	cr.body_fd = f->fd;
	cr.body = e->line.body != NULL ? e->line.body : json.data;
	cr.body_len = e->line.body != NULL ? strlen(e->line.body) : json.len;
	rc = client_start(
	    c->base.o.app->client, &cr, on_posted, f, &f->call, err);
	headers_done(&headers);
	buf_done(&json);
	return rc;
}

static int
post(struct flight *f, struct error *err)
{
	const struct batch_carrier_options *o = &f->svc->base.o;
	struct batch_entry e;
	struct batch_request r;
	int rc;

	if (batch_plan_entry(o->plan, f->i, &e, err) == -1)
		return -1;
	rc = batch_request_init(&r, o->app, o->request, &e, err);
	if (rc == 0) {
		rc = send_form(f, &e, &r, err);
		batch_request_done(&r);
	}
	batch_entry_done(&e);
	return rc;
}

static void
turn(void *arg)
{
	struct svc *c = arg;
	int64_t rest = c->due_at - clock_mono_ms();
	struct flight *f;
	struct error err;
	size_t i;

	/* A timer may come a little early. */
	if (rest > 0) {
		loop_timer_set(c->timer, rest);
		return;
	}
	while (
	    c->nposting < POSTS_MAX && (f = TAILQ_FIRST(&c->waiting)) != NULL) {
		TAILQ_REMOVE(&c->waiting, f, entry);
		if (post(f, &err) == 0) {
			TAILQ_INSERT_TAIL(&c->posting, f, entry);
			c->nposting++;
			continue;
		}
		i = f->i;
		drop(f);
		news(c)->refused(i, &err, news(c)->arg);
	}
}

static void
take(struct batch_carrier *base, size_t i)
{
	struct svc *c = (struct svc *)base;
	const struct batch_item *item = &base->o.plan->items[i];
	struct flight *f = xcalloc(1, sizeof(*f));

	f->svc = c;
	f->i = i;
	f->fd = -1;
	if (item->job[0] != '\0') {
		memcpy(f->id, item->job, JOBID_SIZE);
		map_add(&c->watched, f);
		watch_add(c->watch, f->id);
		return;
	}
	TAILQ_INSERT_TAIL(&c->waiting, f, entry);
	if (clock_mono_ms() >= c->due_at)
		loop_timer_set(c->timer, 0);
}

/* --- results --------------------------------------------------------- */

static void
fetch_free(struct svc_fetch *f)
{
	TAILQ_REMOVE(&f->svc->fetches, f, entry);
	client_cancel(f->call);
	hash_free(f->result.hash);
	free(f);
}

static void
on_fetched(const struct json *answer, const struct error *err, void *arg)
{
	struct svc_fetch *f = arg;
	struct batch_fetching told = f->f;
	unsigned char digest[HASH_SHA256_SIZE];
	struct error e;

	(void)answer;
	f->call = NULL;
	if (err == NULL && remote_result_end(&f->result, &e) == -1)
		err = &e;
	if (err == NULL) {
		hash_final(f->result.hash, digest);
		encode_hex(digest, sizeof(digest), told.sha256);
	}
	fetch_free(f);
	told.done(err, told.arg);
}

static int
fetch(struct batch_carrier *base, const struct batch_fetching *what,
    struct error *err)
{
	struct svc *c = (struct svc *)base;
	struct svc_fetch *f = xcalloc(1, sizeof(*f));
	struct client_request r;

	f->svc = c;
	f->f = *what;
	f->result.job = what->job;
	f->result.fd = what->fd;
	f->result.hash = hash_new(HASH_SHA256);
	remote_result_request(&f->result, &r);
	TAILQ_INSERT_TAIL(&c->fetches, f, entry);
	if (client_start(
		base->o.app->client, &r, on_fetched, f, &f->call, err) == 0)
		return 0;
	fetch_free(f);
	return -1;
}

/* --- the end --------------------------------------------------------- */

/* Under its key each can be asked again: nothing need be waited for. */
static size_t
drain(struct batch_carrier *base)
{
	(void)base;
	return 0;
}

static void
drop_all(struct flights *list)
{
	struct flight *f;

	while ((f = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, f, entry);
		drop(f);
	}
}

static void
end(struct batch_carrier *base)
{
	struct svc *c = (struct svc *)base;
	struct svc_fetch *f;
	size_t i;

	watch_free(c->watch);
	drop_all(&c->waiting);
	drop_all(&c->posting);
	for (i = 0; i < c->watched.cap; i++) {
		if (c->watched.items[i] != NULL)
			drop(c->watched.items[i]);
	}
	map_done(&c->watched);
	while ((f = TAILQ_FIRST(&c->fetches)) != NULL)
		fetch_free(f);
	loop_timer_free(c->timer);
	client_free(c->asking);
	free(c);
}

static const struct batch_carrier_kind service_kind = {
    .take = take,
    .fetch = fetch,
    .drain = drain,
    .free = end,
};

int
batch_service_new(const struct batch_carrier_options *o,
    struct batch_carrier **out, struct error *err)
{
	struct svc *c = xcalloc(1, sizeof(*c));
	struct watch_options wo = {
	    .loop = o->app->loop,
	    .patience_ms = PATIENCE_MS,
	    .at_once = WATCH_MAX,
	    .fn = on_watched,
	    .lost = on_lost,
	    .arg = c,
	};

	if (app_service_client(o->app, &c->asking, err) == -1) {
		free(c);
		return -1;
	}
	c->base.kind = &service_kind;
	c->base.o = *o;
	map_init(&c->watched, flight_key);
	TAILQ_INIT(&c->waiting);
	TAILQ_INIT(&c->posting);
	TAILQ_INIT(&c->fetches);
	c->timer = loop_timer_new(o->app->loop, turn, c);
	wo.client = c->asking;
	c->watch = watch_new(&wo);
	*out = &c->base;
	return 0;
}
