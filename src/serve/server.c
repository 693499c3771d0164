/* SPDX-License-Identifier: Apache-2.0 */
/* A service from its start to its graceful end. */
#include "serve/server.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/bell.h"
#include "engine/budget.h"
#include "engine/engine.h"
#include "engine/spool.h"
#include "serve/events.h"
#include "serve/gateway.h"
#include "serve/intake.h"
#include "serve/listeners.h"
#include "serve/metrics.h"
#include "serve/prune.h"
#include "serve/queues.h"
#include "serve/reload.h"
#include "serve/service.h"
#include "serve/sns_listener.h"
#include "serve/sns_trust.h"
#include "serve/targets.h"
#include "serve/waiters.h"
#include "store/store.h"

/* While it stops: is everything at its end? */
#define STOP_LOOK_MS 20
/* What is broken off then is written in this time, or a store that is stalled
 * holds it up: the next start finds it interrupted. */
#define BREAK_OFF_MS 3000
#define LOCK_WAIT_MS 1000
/* Late results of so many are looked for behind a restart. */
#define EXPIRED_MAX 10000

struct server {
	struct service s;
	const struct server_options *o;
	struct listeners *listeners;
	struct sns_trust *trust;
	struct queues *queues;
	struct loop_signal *sigint, *sigterm, *sighup;
	struct loop_timer *stop_timer;
	struct prune *prune;
	int64_t stop_by; /* monotonic */
	bool broken_off;
	size_t unwritten; /* changes, at the end of a service that was told to
			     stop while nothing could be written */
	size_t adopted;
	int rc;
	struct error err;
};

/* --- news of the engine --------------------------------------------- */

static void
fail(struct server *sv, const struct error *err)
{
	if (sv->rc == 0)
		sv->err = *err;
	sv->rc = -1;
	/* Nor do the store's last callbacks begin anything. */
	sv->s.stopping = true;
	loop_stop(sv->s.loop);
}

/* What is on disk stays true, and whoever starts us again goes on from there.
 * Who was told to stop did so, although the disk is full. */
static void
let_go(struct server *sv, const struct error *err)
{
	if (sv->s.stopping && sv->rc == 0 && err->retryable)
		sv->unwritten++;
	else
		fail(sv, err);
}

static void
on_event(enum engine_event event, const struct job *job,
    const struct error *err, void *arg)
{
	struct server *sv = arg;

	if (job != NULL) {
		metrics_event(sv->s.metrics, event, job);
		waiters_tell(sv->s.waiters, event, job, err);
	}
	/* A job whose rows were set aside ends nobody else's. */
	if (event == ENGINE_BROKEN && (job == NULL || err->code != ERR_DAMAGED))
		let_go(sv, err);
}

/* --- news of the store ---------------------------------------------- */

static void
log_trouble(const char *what, const struct error *err)
{
	struct error e = *err;

	err_prefix(&e, "%s", what);
	log_begin(LOG_ERROR, "store");
	log_err(&e);
	log_end();
}

static void
on_store(enum store_event event, const struct error *err, void *arg)
{
	struct server *sv = arg;

	switch (event) {
	case STORE_STALLED:
		sv->s.stalled = *err;
		err_prefix(&sv->s.stalled, "nothing can be written now");
		log_trouble("no new jobs are taken", err);
		return;
	case STORE_RESUMED:
		error_clear(&sv->s.stalled);
		log_info("store", "goes on: new jobs are taken again");
		return;
	case STORE_DAMAGED:
		log_trouble("set aside", err);
		return;
	case STORE_CHECKED:
		if (err != NULL)
			log_trouble("behind an unclean end", err);
		else
			log_info("store", "sound behind an unclean end");
		return;
	case STORE_BROKEN:
		/* Whoever starts us again finds what is on disk. */
		fail(sv, err);
		return;
	case STORE_HAPPENED:
		events_happened(sv->s.events);
		return;
	}
	abort();
}

static void
on_delivery(const struct delivery *d, const struct attempt *a, void *arg)
{
	struct server *sv = arg;

	metrics_delivery(sv->s.metrics, d, a);
}

static void
on_found(const struct engine_found *found, void *arg)
{
	struct server *sv = arg;

	metrics_found(sv->s.metrics, found);
}

static void
policy(const char *endpoint, struct engine_policy *out, void *arg)
{
	const struct server *sv = arg;

	intake_policy(sv->s.conf, endpoint, out);
}

static void
set_budget(const struct server *sv)
{
	struct engine_budget budget;

	intake_budget(sv->s.conf, &budget);
	engine_set_budget(sv->s.engine, &budget);
}

static struct target *
find_target(const char *name, void *arg)
{
	const struct server *sv = arg;

	return targets_get(sv->s.targets, name);
}

static const char *
dead_letter(void *arg)
{
	const struct server *sv = arg;

	return sv->s.conf->global.dead_letter;
}

/* --- the end -------------------------------------------------------- */

/* The time is up. What is under way is ended and written down as that. */
static void
break_off(struct server *sv, size_t busy, unsigned open)
{
	log_warn("serve",
	    "stopping with %zu attempts and submissions under way and "
	    "%u connections open",
	    busy, open);
	sv->broken_off = true;
	sv->stop_by = clock_mono_ms() + BREAK_OFF_MS;
	engine_break_off(sv->s.engine);
}

static void
look_for_end(void *arg)
{
	struct server *sv = arg;
	size_t busy =
	    engine_busy(sv->s.engine) + (queues_busy(sv->queues) ? 1 : 0);
	unsigned open = listeners_connections(sv->listeners) +
	    sns_listener_connections(sv->s.sns) +
	    gateway_connections(sv->s.gateway);
	bool late = clock_mono_ms() >= sv->stop_by;

	if (busy == 0 && (open == 0 || sv->broken_off)) {
		loop_stop(sv->s.loop);
		return;
	}
	if (late && sv->broken_off) {
		log_warn("serve", "%zu of them could not be written", busy);
		loop_stop(sv->s.loop);
		return;
	}
	if (late)
		break_off(sv, busy, open);
	loop_timer_set(sv->stop_timer, STOP_LOOK_MS);
}

static void
on_stop(void *arg)
{
	struct server *sv = arg;

	/* Whoever asks twice does not want to wait. */
	if (sv->s.stopping) {
		loop_stop(sv->s.loop);
		return;
	}
	log_info("serve", "stopping");
	sv->s.stopping = true;
	sv->stop_by = clock_mono_ms() + sv->s.conf->global.stop_timeout_ms;
	if (sv->listeners == NULL) {
		loop_stop(sv->s.loop);
		return;
	}
	engine_drain(sv->s.engine);
	waiters_expire(sv->s.waiters);
	listeners_drain(sv->listeners);
	sns_listener_drain(sv->s.sns);
	gateway_drain(sv->s.gateway);
	queues_drain(sv->queues);
	loop_timer_set(sv->stop_timer, 1);
}

/* --- reload --------------------------------------------------------- */

static void
on_reload(void *arg)
{
	struct server *sv = arg;
	struct error ignored;

	if (!sv->s.stopping)
		(void)reload_run(sv->s.reload, NULL, NULL, &ignored);
}

/* --- the beginning -------------------------------------------------- */

static void
start(struct server *sv)
{
	struct error err;

	if (sv->s.stopping)
		return;
	if (listeners_open(&sv->s, &sv->listeners, &err) == -1 ||
	    sns_listener_open(sv->s.sns, &err) == -1 ||
	    gateway_open(sv->s.gateway, &err) == -1 ||
	    queues_open(&sv->s, sv->s.doorbell, &sv->queues, &err) == -1) {
		fail(sv, &err);
		return;
	}
	prune_start(sv->prune);
	log_begin(LOG_INFO, "serve");
	log_str("msg", "ready");
	log_str("version", PACKAGE_VERSION);
	log_str("state", sv->s.folder);
	log_int("taken_up", (int64_t)sv->adopted);
	log_end();
}

static void
on_expired(struct job **jobs, size_t n, const struct error *err, void *arg)
{
	struct server *sv = arg;
	size_t i;

	/* No promise hangs on a late look. */
	if (err != NULL)
		log_warn("serve", "no late looks: %s", err->text);
	for (i = 0; i < n; i++)
		engine_adopt_expired(sv->s.engine, jobs[i]);
	engine_hold(sv->s.engine, false);
	start(sv);
}

/* Of all endpoints; those that look for a shorter time drop it. */
static int64_t
longest_late_look(const struct conf *conf)
{
	int64_t ms = conf->fallback->late_looks_ms;
	size_t i;

	for (i = 0; i < conf->nendpoints; i++) {
		if (conf->endpoints[i]->late_looks_ms > ms)
			ms = conf->endpoints[i]->late_looks_ms;
	}
	return ms;
}

static void
on_deliveries(struct delivery **v, size_t n, const struct error *err, void *arg)
{
	struct server *sv = arg;
	size_t i;

	if (err != NULL) {
		fail(sv, err);
		return;
	}
	for (i = 0; i < n; i++)
		engine_adopt_delivery(sv->s.engine, v[i]);
	sv->adopted += n;
	store_expired(sv->s.store,
	    clock_wall_ms() - longest_late_look(sv->s.conf), EXPIRED_MAX,
	    on_expired, sv);
}

/* While the store reads on. */
static void
on_some_jobs(struct job **jobs, size_t n, const struct error *err, void *arg)
{
	struct server *sv = arg;
	size_t i;

	(void)err;
	for (i = 0; i < n; i++)
		engine_adopt(sv->s.engine, jobs[i]);
	sv->adopted += n;
}

/* By notifications, while the job waited: nobody tells it again. */
static void
on_told(
    const struct store_told *v, size_t n, const struct error *err, void *arg)
{
	struct server *sv = arg;
	struct store_query waiting = {
	    .state = delivery_state_name(DELIVERY_WAITING),
	};
	size_t i;

	if (err != NULL) {
		fail(sv, err);
		return;
	}
	for (i = 0; i < n; i++) {
		struct engine_ring ring = {
		    .heard = HEARD_BEFORE,
		    .inference_id = v[i].inference_id,
		    .failure = v[i].reason,
		    .endpoint = v[i].endpoint,
		    .event_at = v[i].event_at,
		};

		engine_ring(sv->s.engine, &ring);
	}
	store_list_deliveries(sv->s.store, &waiting, on_deliveries, sv);
}

static void
on_all_jobs(const struct error *err, void *arg)
{
	struct server *sv = arg;

	if (err != NULL)
		fail(sv, err);
	else
		store_recall_told(sv->s.store, on_told, sv);
}

static void
on_kept(
    const struct store_kept *v, size_t n, const struct error *err, void *arg)
{
	struct server *sv = arg;
	size_t i;

	/* It is learned anew. */
	if (err != NULL)
		log_warn(
		    "serve", "nothing is known of endpoints: %s", err->text);
	for (i = 0; i < n; i++) {
		engine_recall(sv->s.engine, v[i].name, v[i].value);
		sns_trust_recall(sv->trust, v[i].name, v[i].value);
	}
	engine_hold(sv->s.engine, true);
	store_each_unfinished(sv->s.store, on_some_jobs, on_all_jobs, sv);
}

/* A former deployment's, which cannot be at work: the file is ours alone. */
static void
on_taken_over(size_t n, const struct error *err, void *arg)
{
	struct server *sv = arg;

	if (err != NULL) {
		fail(sv, err);
		return;
	}
	if (n > 0)
		log_info("serve",
		    "took over %zu jobs and deliveries of another deployment "
		    "or version",
		    n);
	store_recall(sv->s.store, on_kept, sv);
}

static int
open_store(struct server *sv, struct error *err)
{
	const struct conf_global *conf = &sv->s.conf->global;
	char *path = xasprintf("%s/" SERVER_STORE, sv->s.folder);
	struct store_options so = {
	    .memory = conf->store == CONF_STORE_MEMORY,
	    .owner = conf->deployment,
	    .event = on_store,
	    .event_arg = sv,
	    .path = path,
	    .reserve = true,
	    .lock_wait_ms = LOCK_WAIT_MS,
	};
	int rc = store_open(sv->s.loop, &so, &sv->s.store, err);

	if (rc == -1 && err->code == ERR_BUSY) {
		err_set(err, ERR_BUSY, "another service has %s", path);
		err_hint(err,
		    "Stop it, or give this one a state folder of its own "
		    "([awaitd] state).");
	}
	if (rc == 0 && so.memory)
		log_warn("serve",
		    "[awaitd] store = memory: no job survives the service");
	free(path);
	return rc;
}

static int
open_all(struct server *sv, struct error *err)
{
	struct engine_options eo = {
	    .loop = sv->s.loop,
	    .sites = sv->s.sites,
	    .policy = policy,
	    .policy_arg = sv,
	    .target = find_target,
	    .dead_letter = dead_letter,
	    .target_arg = sv,
	    .event = on_event,
	    .delivery = on_delivery,
	    .found = on_found,
	    .event_arg = sv,
	};

	if (reload_open(sv->s.reload, err) == -1 || open_store(sv, err) == -1)
		return -1;
	sv->s.spool = spool_new(sv->s.loop, sv->s.folder);
	spool_set_max(sv->s.spool, sv->s.conf->global.spool_max);
	eo.store = sv->s.store;
	eo.spool = sv->s.spool;
	sv->s.engine = engine_new(&eo);
	set_budget(sv);
	sv->s.metrics = metrics_new();
	sv->s.waiters = waiters_new(sv->s.loop);
	sv->s.events = events_new(sv->s.loop, sv->s.store);
	sv->s.doorbell = doorbell_new(&sv->s);
	if (sns_trust_new(&sv->s, &sv->trust, err) == -1)
		return -1;
	sv->s.verifier = sns_trust_verifier(sv->trust);
	if (sns_listener_new(&sv->s, sv->s.doorbell, &sv->s.sns, err) == -1 ||
	    gateway_new(&sv->s, &sv->s.gateway, err) == -1)
		return -1;
	sv->stop_timer = loop_timer_new(sv->s.loop, look_for_end, sv);
	sv->prune = prune_new(&sv->s);
	sv->sigint = loop_signal_new(sv->s.loop, SIGINT, on_stop, sv);
	sv->sigterm = loop_signal_new(sv->s.loop, SIGTERM, on_stop, sv);
	sv->sighup = loop_signal_new(sv->s.loop, SIGHUP, on_reload, sv);
	return 0;
}

/* The store's last callbacks still find everybody. */
static void
close_all(struct server *sv)
{
	listeners_close(sv->listeners);
	sns_listener_free(sv->s.sns);
	gateway_close(sv->s.gateway);
	queues_free(sv->queues);
	sns_trust_free(sv->trust);
	if (sv->s.engine != NULL)
		engine_stop(sv->s.engine);
	store_close(sv->s.store);
	engine_free(sv->s.engine);
	spool_free(sv->s.spool);
	listeners_free(sv->listeners);
	gateway_free(sv->s.gateway);
	waiters_free(sv->s.waiters);
	events_free(sv->s.events);
	doorbell_free(sv->s.doorbell);
	metrics_free(sv->s.metrics);
	loop_timer_free(sv->stop_timer);
	prune_free(sv->prune);
	/* Not before all is written: what comes now would end us at once. */
	loop_signal_free(sv->sigint);
	loop_signal_free(sv->sigterm);
	loop_signal_free(sv->sighup);
	reload_free(sv->s.reload);
}

int
server_run(const struct server_options *options, struct error *err)
{
	struct server sv = {
	    .o = options,
	    .s.loop = options->loop,
	    .s.sites = options->sites,
	    .s.aws = options->aws,
	    .s.folder = options->folder,
	    .s.region = options->region,
	    .s.profile = options->profile,
	    .s.ca_file = options->ca_file,
	};
	bool opened;

	sv.s.reload = reload_new(&sv.s, options);
	sv.rc = open_all(&sv, &sv.err);
	opened = sv.rc == 0;
	if (opened) {
		store_take_over(sv.s.store, on_taken_over, &sv);
		loop_run(sv.s.loop);
	}
	close_all(&sv);
	if (sv.unwritten > 0)
		log_warn("serve",
		    "%zu changes could not be written any more: the next start "
		    "goes on from what is on disk",
		    sv.unwritten);
	if (opened)
		log_info("serve", "stopped");
	if (sv.rc == -1)
		*err = sv.err;
	return sv.rc;
}
