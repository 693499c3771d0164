/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many containers there are, and which one gets the next request.
 *
 * Whatever happens, the answer is the same: look at the whole again in the
 * next turn (review), and start or end what is missing or too many.
 */
#include "local/fleet.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"

/* Beyond what invocations take: pings must not have to wait for them. */
#define SPARE_CONNECTIONS 8
#define PORT_TRIES 32

static const struct instance_pace everyday = {
    .start_ping_ms = 100,
    .start_ping_max_ms = 1000,
    .ping_ms = 5000,
    .again_ms = 1000,
    .grace_ms = 30000,
    .short_grace_ms = 5000,
    .linger_ms = 3600000,
    .proven_ms = 10000,
};

/* Behind a start that came to nothing. */
static const struct backoff retry = {
    .start_ms = 1000, .max_ms = 60000, .factor = 2, .jitter = 0.2};

TAILQ_HEAD(instances, instance);

struct fleet {
	struct model model; /* first */
	struct model_options o;
	struct instance_pace pace;
	struct http_client *http;
	struct instances all;
	size_t waiting;
	unsigned failures; /* starts in a row that came to nothing */
	int64_t failed_at; /* the last of them; clock_mono_ms */
	int64_t retry_at;
	struct loop_timer *timer;
	bool posted;
	bool room_changed;
	bool draining;
	loop_fn *drained; /* NULL once it was called */
	void *drained_arg;
};

/* What the list holds, counted. */
struct census {
	size_t starting;
	size_t in_service;
	size_t ending; /* and those that are there and no use */
	size_t running;
};

static void on_review(void *arg);

static bool
is_url(const struct fleet *f)
{
	return !str_empty(f->o.endpoint->container);
}

static void
take_census(const struct fleet *f, struct census *c)
{
	const struct instance *in;

	memset(c, 0, sizeof(*c));
	TAILQ_FOREACH (in, &f->all, entry) {
		c->starting += in->state == INSTANCE_STARTING;
		c->in_service += in->state == INSTANCE_IN_SERVICE;
		c->ending += in->state > INSTANCE_IN_SERVICE;
		c->running += in->running;
	}
}

static void
post_review(struct fleet *f)
{
	if (f->posted)
		return;
	f->posted = true;
	loop_post(f->o.loop, on_review, f);
}

static void
on_changed(void *arg)
{
	struct fleet *f = arg;

	f->room_changed = true;
	post_review(f);
}

static struct instance_options
options_of(struct fleet *f)
{
	return (struct instance_options){
	    .loop = f->o.loop,
	    .http = f->http,
	    .endpoint = f->o.endpoint,
	    .pace = &f->pace,
	    .kind = f->model.kind,
	    .output_max = f->o.output_max,
	    .changed = on_changed,
	    .arg = f,
	};
}

/* --- out ------------------------------------------------------------ */

static bool
has_port(const struct fleet *f, int port)
{
	const struct instance *in;

	TAILQ_FOREACH (in, &f->all, entry) {
		if (in->port == port)
			return true;
	}
	return false;
}

/* One that is free now: somebody else may be quicker to take it. */
static int
free_port(int *out, struct error *err)
{
	struct sockaddr_in sin = {
	    .sin_family = AF_INET,
	    .sin_addr = {htonl(INADDR_LOOPBACK)},
	};
	struct sockaddr *sa = (struct sockaddr *)(void *)&sin;
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd == -1 || bind(fd, sa, sizeof(sin)) == -1 ||
	    getsockname(fd, sa, &len) == -1) {
		err_set_errno(err, ERR_IO, "find a free port");
		if (fd != -1)
			close(fd);
		return -1;
	}
	close(fd);
	*out = ntohs(sin.sin_port);
	return 0;
}

static int
new_port(const struct fleet *f, int *out, struct error *err)
{
	int i;

	for (i = 0; i < PORT_TRIES; i++) {
		if (free_port(out, err) == -1)
			return -1;
		if (!has_port(f, *out))
			return 0;
	}
	return err_set(err, ERR_IO, "find a free port");
}

/* Those that were begun together count as one. */
static void
note_failure(struct fleet *f)
{
	int64_t now = clock_mono_ms(), delay;

	if (now < f->retry_at)
		return;
	delay = backoff_delay_ms(&retry, f->failures, random_unit());
	f->failures++;
	f->failed_at = now;
	f->retry_at = now + delay;
	log_begin(LOG_WARN, "model");
	log_str("endpoint", f->o.endpoint->name);
	log_str("msg", "a container did not come up; the next try waits");
	log_int("tries", f->failures);
	log_int("wait_ms", delay);
	log_end();
}

/* The least that is free: after a crash the names are the same again, and who
 * finds a leftover under one (docker-serve) can remove it. */
static int
free_number(const struct fleet *f)
{
	const struct instance *in;
	int n = 1;

	in = TAILQ_FIRST(&f->all);
	while (in != NULL) {
		if (in->o.number == n) {
			n++;
			in = TAILQ_FIRST(&f->all);
		} else
			in = TAILQ_NEXT(in, entry);
	}
	return n;
}

static int
start_one(struct fleet *f)
{
	struct instance_options o = options_of(f);
	struct instance *in;
	struct error err;
	int port;

	o.number = free_number(f);
	if (new_port(f, &port, &err) == -1 ||
	    instance_serve(&o, port, &in, &err) == -1) {
		log_begin(LOG_ERROR, "model");
		log_str("endpoint", f->o.endpoint->name);
		log_str("msg", "a container cannot be started");
		log_err(&err);
		log_end();
		note_failure(f);
		return -1;
	}
	TAILQ_INSERT_TAIL(&f->all, in, entry);
	return 0;
}

static size_t
clamp(size_t n, int64_t least, int64_t most)
{
	if (n < (size_t)least)
		return (size_t)least;
	return n > (size_t)most ? (size_t)most : n;
}

static size_t
desired(const struct fleet *f, const struct census *c)
{
	const struct conf_endpoint *e = f->o.endpoint;
	size_t per =
	    (size_t)(e->backlog_per_instance > 0 ? e->backlog_per_instance
						 : e->max_concurrent);
	size_t demand = f->waiting + c->running;

	return clamp(
	    (demand + per - 1) / per, e->min_instances, e->max_instances);
}

/* What is being ended takes its place until it is gone. While nothing comes
 * up, one at a time is tried. */
static void
scale_out(struct fleet *f)
{
	struct census c;

	for (;;) {
		take_census(f, &c);
		if (c.starting + c.in_service >= desired(f, &c) ||
		    c.starting + c.in_service + c.ending >=
			(size_t)f->o.endpoint->max_instances)
			return;
		if (f->failures > 0 &&
		    (c.starting > 0 || clock_mono_ms() < f->retry_at))
			return;
		if (start_one(f) == -1)
			return;
	}
}

/* --- in ------------------------------------------------------------- */

static struct instance *
longest_idle(const struct fleet *f)
{
	struct instance *in, *best = NULL;

	TAILQ_FOREACH (in, &f->all, entry) {
		if (in->state == INSTANCE_IN_SERVICE && in->running == 0 &&
		    (best == NULL || in->idle_at < best->idle_at))
			best = in;
	}
	return best;
}

/* One after the other; returns in how many ms to look again, or -1. */
static int64_t
scale_in(struct fleet *f)
{
	struct instance *in;
	struct census c;
	int64_t left;

	take_census(f, &c);
	if (c.ending > 0 || c.starting + c.in_service <= desired(f, &c))
		return -1;
	in = longest_idle(f);
	if (in == NULL)
		return -1;
	left = in->idle_at + f->o.endpoint->scale_in_after_ms - clock_mono_ms();
	if (left > 0)
		return left;
	instance_drain(in, "idle");
	return -1;
}

/* Free what has ended, and learn from how it went. */
static void
reap(struct fleet *f)
{
	struct instance *in, *next;

	for (in = TAILQ_FIRST(&f->all); in != NULL; in = next) {
		next = TAILQ_NEXT(in, entry);
		if (in->proven && in->began_at > f->failed_at)
			f->failures = 0;
		if (in->state != INSTANCE_GONE || in->running > 0)
			continue;
		if (in->failed && !in->proven && !f->draining)
			note_failure(f);
		TAILQ_REMOVE(&f->all, in, entry);
		instance_free(in);
	}
}

/* --- the whole ------------------------------------------------------ */

static void
set_timer(struct fleet *f, int64_t scale_in_ms)
{
	int64_t wait = f->retry_at - clock_mono_ms();

	if (f->failures == 0 || wait <= 0)
		wait = -1;
	if (scale_in_ms >= 0 && (wait < 0 || scale_in_ms < wait))
		wait = scale_in_ms;
	if (wait >= 0)
		loop_timer_set(f->timer, wait + 1);
	else
		loop_timer_clear(f->timer);
}

static void
review_url(struct fleet *f)
{
	struct instance *in = TAILQ_FIRST(&f->all);

	instance_want(
	    in, !f->draining && f->waiting + in->running + in->left > 0);
}

static void
review_processes(struct fleet *f)
{
	reap(f);
	if (f->draining) {
		loop_timer_clear(f->timer);
		return;
	}
	scale_out(f);
	set_timer(f, scale_in(f));
}

static bool
is_drained(const struct fleet *f)
{
	return f->drained != NULL &&
	    (is_url(f) ? TAILQ_FIRST(&f->all)->running == 0
		       : TAILQ_EMPTY(&f->all));
}

static void
on_review(void *arg)
{
	struct fleet *f = arg;
	loop_fn *drained;

	f->posted = false;
	if (is_url(f))
		review_url(f);
	else
		review_processes(f);
	if (is_drained(f)) {
		drained = f->drained;
		f->drained = NULL;
		drained(f->drained_arg);
		return;
	}
	/* Only where something happened here: the queue tells us of the rest,
	 * and we should go on for ever. */
	if (f->room_changed) {
		f->room_changed = false;
		f->o.on_room(f->o.arg);
	}
}

static void
on_timer(void *arg)
{
	post_review(arg);
}

/* --- the kind ------------------------------------------------------- */

static void
fleet_free(struct model *m)
{
	struct fleet *f = (struct fleet *)m;
	struct instance *in;

	while ((in = TAILQ_FIRST(&f->all)) != NULL) {
		TAILQ_REMOVE(&f->all, in, entry);
		instance_free(in);
	}
	loop_unpost(f->o.loop, f);
	loop_timer_free(f->timer);
	http_client_free(f->http);
	free(f);
}

static void
backlog(struct model *m, size_t waiting)
{
	struct fleet *f = (struct fleet *)m;

	f->waiting = waiting;
	post_review(f);
}

static size_t
room(const struct model *m)
{
	const struct fleet *f = (const struct fleet *)m;
	const struct instance *in;
	size_t n = 0;

	if (f->draining)
		return 0;
	TAILQ_FOREACH (in, &f->all, entry)
		n += instance_room(in);
	return n;
}

/* The one that has the least to do; of those the oldest, so that the others
 * get idle. */
static struct instance *
least_busy(const struct fleet *f)
{
	struct instance *in, *best = NULL;

	TAILQ_FOREACH (in, &f->all, entry) {
		if (instance_room(in) > 0 &&
		    (best == NULL || in->running < best->running))
			best = in;
	}
	return best;
}

static int
invoke(struct model *m, const struct model_invocation *v, bool crash,
    model_done_fn *done, void *arg, struct model_call **out, struct error *err)
{
	struct fleet *f = (struct fleet *)m;
	struct instance *in = f->draining ? NULL : least_busy(f);

	if (in == NULL)
		return err_set(err, ERR_BUSY, "no container has room");
	return instance_invoke(in, v, crash, done, arg, out, err);
}

static void
drain(struct model *m, loop_fn *drained, void *arg)
{
	struct fleet *f = (struct fleet *)m;
	struct instance *in;

	f->draining = true;
	f->drained = drained;
	f->drained_arg = arg;
	if (!is_url(f)) {
		TAILQ_FOREACH (in, &f->all, entry)
			instance_drain(in, "we are asked to stop");
	}
	post_review(f);
}

static void
look(const struct model *m, struct model_state *out)
{
	struct census c;

	take_census((const struct fleet *)m, &c);
	out->starting = (int64_t)c.starting;
	out->in_service = (int64_t)c.in_service;
	out->draining = (int64_t)c.ending;
	out->running = (int64_t)c.running;
}

static const struct model_kind kind = {
    .free = fleet_free,
    .backlog = backlog,
    .room = room,
    .invoke = invoke,
    .cancel = instance_cancel,
    .drain = drain,
    .look = look,
};

int
fleet_new(const struct model_options *o, const struct instance_pace *pace,
    struct model **out, struct error *err)
{
	struct http_client_options http = {
	    .max_per_host =
		(unsigned)o->endpoint->max_concurrent + SPARE_CONNECTIONS,
	    .user_agent = "awaitd-local",
	};
	struct fleet *f = xcalloc(1, sizeof(*f));
	struct instance_options io;
	struct instance *in;

	/* One of its own: others' limits and connections are not for this. */
	if (http_client_new(o->loop, &http, &f->http, err) == -1) {
		free(f);
		return -1;
	}
	f->model.kind = &kind;
	f->o = *o;
	f->pace = pace != NULL ? *pace : everyday;
	TAILQ_INIT(&f->all);
	f->timer = loop_timer_new(o->loop, on_timer, f);
	if (is_url(f)) {
		io = options_of(f);
		in = instance_attach(&io);
		TAILQ_INSERT_TAIL(&f->all, in, entry);
	}
	*out = &f->model;
	return 0;
}
