/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's life: started, pinged, used, drained, ended.
 *
 * A request that takes longer than its time fails at once, but SageMaker does
 * not interrupt the container, and closing the connection stops few servers.
 * Two promises are kept all the same: no more runs at once than was asked
 * for, and nothing runs for ever. A process of ours takes nothing new from
 * then on; it is ended as soon as its other requests are done, and replaced.
 * Somebody else's container stays, and the slot of that request is not given
 * away before the container answers or closes the connection, for an hour at
 * the most.
 */
#include "local/instance.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "local/container.h"

#define PINGS_MAX 3
#define WORD_MAX ((size_t)64 * 1024)
#define LAST_MAX ((size_t)4096)
/* What ended may have sent answers that we have not read yet. */
#define AFTERMATH_MS 1000

struct invocation {
	struct model_call call; /* first */
	LIST_ENTRY(invocation) entry;
	struct instance *instance;
	struct container_call *http;
	bool crash;
	bool left;
	model_done_fn *done;
	void *arg;
};

static const char *const state_names[] = {
    [INSTANCE_STARTING] = "starting",
    [INSTANCE_IN_SERVICE] = "in-service",
    [INSTANCE_UNHEALTHY] = "unhealthy",
    [INSTANCE_DRAINING] = "draining",
    [INSTANCE_STOPPING] = "stopping",
    [INSTANCE_GONE] = "gone",
};

static void ping_now(struct instance *in);

/* --- states --------------------------------------------------------- */

static void
log_last_lines(const struct instance *in)
{
	struct buf last;

	if (in->lines == NULL)
		return;
	buf_init(&last, LAST_MAX);
	childlog_last(in->lines, &last);
	if (last.len > 0)
		log_str("last", last.data);
	buf_done(&last);
}

/* why: NULL, or what led to it. */
static void
move(struct instance *in, enum instance_state state, const char *why)
{
	bool bad = state == INSTANCE_UNHEALTHY ||
	    (state == INSTANCE_GONE && in->failed);
	int64_t now = clock_mono_ms();

	log_begin(bad ? LOG_WARN : LOG_INFO, "model");
	log_str("endpoint", in->o.endpoint->name);
	log_str("instance", in->name);
	log_str("state", state_names[state]);
	log_int("ms", now - in->since_at);
	log_str("why", why);
	if (bad)
		log_last_lines(in);
	log_end();
	in->state = state;
	in->since_at = now;
	in->o.changed(in->o.arg);
}

/* An answer that is on its way would take it for a sound one again. */
static void
look_no_more(struct instance *in)
{
	loop_timer_clear(in->ping_timer);
	loop_timer_clear(in->limit);
	http_cancel(in->ping);
	in->ping = NULL;
}

/* Ask the process to end, now. */
static void
stop(struct instance *in, enum instance_state state, const char *why)
{
	look_no_more(in);
	if (in->child != NULL)
		child_terminate(in->child, in->grace_ms);
	move(in, state, why);
}

/* It does not do its work, and nobody asked it to end. */
static void
give_up(struct instance *in, const char *why)
{
	in->failed = true;
	in->grace_ms = in->o.pace->short_grace_ms;
	stop(in, INSTANCE_UNHEALTHY, why);
}

static bool
takes_requests(const struct instance *in)
{
	return in->state == INSTANCE_STARTING ||
	    in->state == INSTANCE_IN_SERVICE;
}

static void
drain(struct instance *in, int64_t grace_ms, const char *why)
{
	if (!takes_requests(in))
		return;
	in->grace_ms = grace_ms;
	look_no_more(in);
	if (in->running == 0)
		stop(in, INSTANCE_STOPPING, why);
	else
		move(in, INSTANCE_DRAINING, why);
}

void
instance_drain(struct instance *in, const char *why)
{
	drain(in, in->o.pace->grace_ms, why);
}

/* --- what runs in it ------------------------------------------------ */

/* Something less runs in it. */
static void
settle(struct instance *in)
{
	if (in->running == 0)
		in->idle_at = clock_mono_ms();
	if (in->state == INSTANCE_DRAINING && in->running == 0)
		stop(in, INSTANCE_STOPPING, NULL);
	else
		in->o.changed(in->o.arg);
}

static void
invocation_free(struct invocation *v)
{
	struct instance *in = v->instance;

	if (v->left)
		in->left--;
	else
		in->running--;
	LIST_REMOVE(v, entry);
	free(v);
	settle(in);
}

static void
on_over(void *arg)
{
	struct invocation *v = arg;
	struct instance *in = v->instance;

	log_begin(LOG_INFO, "model");
	log_str("endpoint", in->o.endpoint->name);
	log_str("instance", in->name);
	log_str("msg", "a request that was given up is over");
	log_end();
	invocation_free(v);
}

/* Nobody waits for it any more, but the container may work on. */
static void
leave(struct invocation *v, const char *why)
{
	struct instance *in = v->instance;

	if (in->port != 0) {
		invocation_free(v);
		drain(in, in->o.pace->short_grace_ms, why);
		return;
	}
	log_begin(LOG_WARN, "model");
	log_str("endpoint", in->o.endpoint->name);
	log_str("instance", in->name);
	log_str("msg",
	    "a request was given up; what it takes up is not used "
	    "before the container has done with it");
	log_str("why", why);
	log_end();
	v->left = true;
	in->running--;
	in->left++;
	settle(in);
}

/* As if it had died by itself. */
static void
crash(struct instance *in)
{
	in->reachable = false;
	if (in->child != NULL)
		child_terminate(in->child, 0);
}

static void
on_container(const struct model_result *r, enum container_fate fate, void *arg)
{
	struct invocation *v = arg;
	struct instance *in = v->instance;
	model_done_fn *done = v->done;
	void *done_arg = v->arg;

	if (v->crash && fate != CONTAINER_MISSED && in->port != 0) {
		crash(in);
		fate = CONTAINER_BROKE;
	}
	if (fate == CONTAINER_ANSWERED)
		in->proven = true;
	if (fate == CONTAINER_MISSED || fate == CONTAINER_BROKE)
		in->reachable = false;
	if (fate == CONTAINER_LEFT)
		leave(v, v->crash ? "a fault on demand" : "a time-out");
	else
		invocation_free(v);
	if (fate == CONTAINER_MISSED || fate == CONTAINER_BROKE)
		ping_now(in);
	done(r, done_arg);
}

size_t
instance_room(const struct instance *in)
{
	size_t most = (size_t)in->o.endpoint->max_concurrent;

	if (in->state != INSTANCE_IN_SERVICE || !in->reachable ||
	    in->running + in->left >= most)
		return 0;
	return most - in->running - in->left;
}

int
instance_invoke(struct instance *in, const struct model_invocation *request,
    bool crashes, model_done_fn *done, void *arg, struct model_call **out,
    struct error *err)
{
	struct invocation *v = xcalloc(1, sizeof(*v));
	struct container_options o = {
	    .loop = in->o.loop,
	    .http = in->o.http,
	    .base = in->base,
	    .output_max = in->o.output_max,
	    .connect_ms = in->o.pace->connect_ms,
	    .linger_ms = in->port == 0 ? in->o.pace->linger_ms : 0,
	    .crash = crashes,
	    .done = on_container,
	    .over = on_over,
	    .arg = v,
	};

	v->call.kind = in->o.kind;
	v->instance = in;
	v->crash = crashes;
	v->done = done;
	v->arg = arg;
	if (container_invoke(&o, request, &v->http, err) == -1) {
		free(v);
		return -1;
	}
	LIST_INSERT_HEAD(&in->calls, v, entry);
	in->running++;
	*out = &v->call;
	return 0;
}

void
instance_cancel(struct model_call *call)
{
	struct invocation *v = (struct invocation *)call;

	container_leave(v->http);
	leave(v, "a request that was called off");
}

/* --- health --------------------------------------------------------- */

static void
ping_after(struct instance *in, int64_t ms)
{
	loop_timer_set(in->ping_timer, ms);
}

static void
pinged_well(struct instance *in)
{
	in->pings_failed = 0;
	in->reachable = true;
	if (in->state != INSTANCE_IN_SERVICE) {
		loop_timer_clear(in->limit);
		in->idle_at = clock_mono_ms();
		move(in, INSTANCE_IN_SERVICE, NULL);
	} else {
		in->o.changed(in->o.arg);
	}
	ping_after(in, in->o.pace->ping_ms);
}

/* A URL that does not answer is asked for ever, while it is wanted. */
static void
url_pinged_badly(struct instance *in, const char *why)
{
	if (in->pings_failed >= PINGS_MAX || !in->reachable) {
		in->reachable = false;
		if (in->state != INSTANCE_UNHEALTHY)
			move(in, INSTANCE_UNHEALTHY, why);
	}
	ping_after(in, in->o.pace->again_ms);
}

static void
pinged_badly(struct instance *in, const char *why)
{
	in->pings_failed++;
	if (in->port == 0) {
		url_pinged_badly(in, why);
	} else if (in->state == INSTANCE_STARTING) {
		ping_after(in, in->ping_delay_ms);
		in->ping_delay_ms += in->ping_delay_ms / 2;
		if (in->ping_delay_ms > in->o.pace->start_ping_max_ms)
			in->ping_delay_ms = in->o.pace->start_ping_max_ms;
	} else if (in->pings_failed < PINGS_MAX) {
		ping_after(in, in->o.pace->again_ms);
	} else {
		in->proven = in->proven ||
		    clock_mono_ms() - in->since_at >= in->o.pace->proven_ms;
		give_up(in, why);
	}
}

static void
on_ping(const struct http_response *r, const struct error *err, void *arg)
{
	struct instance *in = arg;
	char *why;

	in->ping = NULL;
	if (container_is_healthy(r)) {
		pinged_well(in);
		return;
	}
	why = r != NULL ? xasprintf("/ping was answered %d", r->status)
			: xasprintf("/ping: %s", err->text);
	pinged_badly(in, why);
	free(why);
}

static void
on_ping_timer(void *arg)
{
	struct instance *in = arg;
	struct error err;

	if (in->port == 0 && !in->wanted) {
		/* Looked at again before its next use. */
		in->reachable = false;
		return;
	}
	if (container_ping(
		in->o.http, in->base, on_ping, in, &in->ping, &err) == -1)
		pinged_badly(in, err.text);
}

static void
ping_now(struct instance *in)
{
	if (in->ping == NULL && in->state <= INSTANCE_UNHEALTHY &&
	    (in->port == 0 || takes_requests(in)))
		ping_after(in, 0);
}

void
instance_want(struct instance *in, bool wanted)
{
	bool before = in->wanted;

	in->wanted = wanted;
	if (wanted && !before && !in->reachable)
		ping_now(in);
}

/* --- processes ------------------------------------------------------ */

/* What is still open breaks by itself; a process that outlived its group, or
 * a container that a daemon runs, may keep it open. */
static void
on_aftermath(void *arg)
{
	struct instance *in = arg;
	struct invocation *v;

	/* Each leaves the list. */
	while ((v = LIST_FIRST(&in->calls)) != NULL)
		container_break(v->http);
}

static void
on_limit(void *arg)
{
	struct instance *in = arg;
	char *why;

	if (in->child == NULL) {
		on_aftermath(in);
		return;
	}
	why = xasprintf("no good answer to /ping within %lld ms",
	    (long long)in->o.endpoint->startup_timeout_ms);
	give_up(in, why);
	free(why);
}

static void
on_child(const struct child_result *r, void *arg)
{
	struct instance *in = arg;
	bool asked = !takes_requests(in) && in->state != INSTANCE_DRAINING;
	char *why = NULL;

	in->child = NULL;
	http_cancel(in->ping);
	in->ping = NULL;
	loop_timer_clear(in->ping_timer);
	loop_timer_clear(in->limit);
	childlog_end(in->lines);
	if (!asked) {
		in->failed = true;
		in->proven = in->proven ||
		    (in->state != INSTANCE_STARTING &&
			clock_mono_ms() - in->since_at >=
			    in->o.pace->proven_ms);
		why = r->signal != 0
		    ? xasprintf("it was ended by signal %d (%s)", r->signal,
			  strsignal(r->signal))
		    : xasprintf("it exited with status %d", r->exit_code);
	}
	if (in->running > 0)
		loop_timer_set(in->limit, AFTERMATH_MS);
	move(in, INSTANCE_GONE, why);
	free(why);
}

/* The word with {port} and {name} replaced. */
static char *
expand(const struct instance *in, const char *word)
{
	const char *brace;
	struct buf out;

	buf_init(&out, WORD_MAX);
	for (; (brace = strchr(word, '{')) != NULL;) {
		buf_append(&out, word, (size_t)(brace - word));
		word = brace;
		if (str_starts(word, "{port}")) {
			buf_printf(&out, "%d", in->port);
			word += strlen("{port}");
		} else if (str_starts(word, "{name}")) {
			buf_puts(&out, in->name);
			word += strlen("{name}");
		} else {
			buf_putc(&out, *word++);
		}
	}
	buf_puts(&out, word);
	return buf_take(&out);
}

static char **
arguments(const struct instance *in)
{
	char **words = in->o.endpoint->argv, **argv;
	size_t i, n = 0;

	while (words[n] != NULL)
		n++;
	argv = xcalloc(n + 1, sizeof(*argv));
	for (i = 0; i < n; i++)
		argv[i] = expand(in, words[i]);
	return argv;
}

static int
start_child(struct instance *in, int fd, struct error *err)
{
	char *port = xasprintf("%d", in->port);
	const struct model_var vars[] = {
	    {"SAGEMAKER_BIND_TO_PORT", port},
	    {"PORT", port},
	    {"AWAITD_ENDPOINT", in->o.endpoint->name},
	};
	char **argv = arguments(in);
	char **env = model_environment(vars, ARRAY_LEN(vars));
	struct child_options o = {
	    .argv = (const char *const *)argv,
	    .env = (const char *const *)env,
	    .stdin_fd = -1,
	    .stdout_fd = fd,
	    .stderr_fd = fd,
	};
	int rc;

	rc = child_start(in->o.loop, &o, on_child, in, &in->child, err);
	str_free_words(env);
	str_free_words(argv);
	free(port);
	return rc;
}

static int
start_process(struct instance *in, struct error *err)
{
	struct childlog_options o = {
	    .loop = in->o.loop,
	    .endpoint = in->o.endpoint->name,
	    .instance = in->name,
	};
	int fd, rc;

	if (childlog_new(&o, &in->lines, &fd, err) == -1)
		return -1;
	rc = start_child(in, fd, err);
	close(fd);
	return rc;
}

static struct instance *
new_instance(const struct instance_options *o, int port)
{
	struct instance *in = xcalloc(1, sizeof(*in));

	in->o = *o;
	in->port = port;
	in->began_at = in->since_at = clock_mono_ms();
	in->ping_delay_ms = o->pace->start_ping_ms;
	in->ping_timer = loop_timer_new(o->loop, on_ping_timer, in);
	in->limit = loop_timer_new(o->loop, on_limit, in);
	LIST_INIT(&in->calls);
	return in;
}

int
instance_serve(const struct instance_options *o, int port,
    struct instance **out, struct error *err)
{
	struct instance *in = new_instance(o, port);

	in->name = xasprintf("awaitd-%s-%d", o->endpoint->name, o->number);
	in->base = xasprintf("http://127.0.0.1:%d", port);
	if (start_process(in, err) == -1) {
		instance_free(in);
		return -1;
	}
	ping_after(in, in->ping_delay_ms);
	loop_timer_set(in->limit, o->endpoint->startup_timeout_ms);
	move(in, INSTANCE_STARTING, NULL);
	*out = in;
	return 0;
}

struct instance *
instance_attach(const struct instance_options *o)
{
	struct instance *in = new_instance(o, 0);

	in->name = xstrdup(o->endpoint->container);
	in->base = xstrdup(o->endpoint->container);
	return in;
}

void
instance_free(struct instance *in)
{
	struct invocation *v;

	while ((v = LIST_FIRST(&in->calls)) != NULL) {
		container_cancel(v->http);
		LIST_REMOVE(v, entry);
		free(v);
	}
	http_cancel(in->ping);
	child_cancel(in->child);
	childlog_free(in->lines);
	loop_timer_free(in->ping_timer);
	loop_timer_free(in->limit);
	free(in->name);
	free(in->base);
	free(in);
}
