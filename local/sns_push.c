/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lanes and what is on its way in them. The timer is set for the first lane
 * that can go on; rows are read when their time has come. A delivery counts as
 * on its way until the row that says how it ended is committed: the reader
 * would still find the old one.
 */
#include "local/sns_push.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"
#include "local/db_mail.h"
#include "local/db_sns.h"
#include "local/sns_parcel.h"
#include "net/url.h"

#define TIMEOUT_MS 15000
#define ANSWER_MAX 4096
#define NEVER INT64_MAX
/* Signing takes the loop's time. */
#define STARTS_PER_TURN 16
/* The wall clock may be set: look again. */
#define LOOK_MS 30000
/* After a failure of this machine's. */
#define PAUSE_MS 5000
#define JITTER 0.1
#define BUCKETS 256
/* Who took the last one is known to be there while nothing is on its way, too;
 * of so many. */
#define LANES_KEPT 4096

struct lane {
	TAILQ_ENTRY(lane) entry;
	LIST_ENTRY(lane) bucket;
	char *subscription;
	int64_t due_at; /* of the first that may wait; NEVER: none is known */
	int64_t not_before;
	unsigned running;
	bool expected; /* one more stands in the open transaction */
	bool proven; /* it took the last one */
	bool away; /* it did not, and that was told */
};
TAILQ_HEAD(lanes, lane);
LIST_HEAD(bucket, lane);

/* One delivery on its way. */
struct trip {
	TAILQ_ENTRY(trip) entry;
	struct sns_push *push; /* NULL: it is gone */
	struct lane *lane;
	struct db_delivery d; /* its subscription is the lane's */
	struct sns_policy policy;
	bool doubtful; /* its lane was not proven when it began */
	char *message_id;
	char *endpoint;
	struct http_call *call; /* NULL: it has ended, and is being written */
};
TAILQ_HEAD(trips, trip);

/* Told when a transaction with new deliveries has ended. */
struct notice_of_commit {
	struct sns_push *push; /* NULL: it is gone */
};

struct sns_push {
	struct sns_push_options o;
	char *base_url;
	char *cert_url;
	bool started;
	struct lanes lanes;
	size_t lanes_n;
	struct bucket buckets[BUCKETS];
	struct trips trips;
	unsigned running;
	unsigned doubtful; /* of them */
	struct notice_of_commit *pending;
	struct loop_timer *timer;
};

/* --- lanes ---------------------------------------------------------- */

static struct bucket *
bucket_of(struct sns_push *p, const char *s)
{
	uint32_t h = 2166136261u;

	for (; *s != '\0'; s++)
		h = (h ^ (unsigned char)*s) * 16777619u;
	return &p->buckets[h % BUCKETS];
}

static struct lane *
lane_of(struct sns_push *p, const char *subscription)
{
	struct bucket *b = bucket_of(p, subscription);
	struct lane *lane;

	LIST_FOREACH(lane, b, bucket)
	{
		if (str_eq(lane->subscription, subscription))
			return lane;
	}
	lane = xcalloc(1, sizeof(*lane));
	lane->subscription = xstrdup(subscription);
	lane->due_at = NEVER;
	LIST_INSERT_HEAD(b, lane, bucket);
	TAILQ_INSERT_TAIL(&p->lanes, lane, entry);
	p->lanes_n++;
	return lane;
}

static void
lane_free(struct sns_push *p, struct lane *lane)
{
	LIST_REMOVE(lane, bucket);
	TAILQ_REMOVE(&p->lanes, lane, entry);
	p->lanes_n--;
	free(lane->subscription);
	free(lane);
}

static bool
is_on_its_way(const struct sns_push *p, const struct db_delivery *d)
{
	const struct trip *t;

	TAILQ_FOREACH (t, &p->trips, entry) {
		if (t->d.message == d->message && t->d.copy == d->copy &&
		    str_eq(t->d.subscription, d->subscription))
			return true;
	}
	return false;
}

static size_t
left_of(unsigned most, unsigned n)
{
	return n < most ? most - n : 0;
}

/* How many more a lane may have on their way. */
static size_t
room_of(const struct sns_push *p, const struct lane *lane)
{
	size_t all = left_of(SNS_PUSH_MAX, p->running), own, doubtful;

	if (lane->proven) {
		own = left_of(SNS_PUSH_LANE_MAX, lane->running);
		return own < all ? own : all;
	}
	own = left_of(SNS_PUSH_ILL_MAX, lane->running);
	doubtful = left_of(SNS_PUSH_DOUBTFUL_MAX, p->doubtful);
	if (own > doubtful)
		own = doubtful;
	return own < all ? own : all;
}

/* Set the timer for what comes next. Who is at a limit goes on when a trip
 * ends. */
static void
plan(struct sns_push *p)
{
	int64_t now = clock_wall_ms(), wait = LOOK_MS, at;
	struct lane *lane;

	if (!p->started || p->running >= SNS_PUSH_MAX)
		return;
	TAILQ_FOREACH (lane, &p->lanes, entry) {
		if (lane->due_at == NEVER || room_of(p, lane) == 0)
			continue;
		at = lane->due_at > lane->not_before ? lane->due_at
						     : lane->not_before;
		if (at - now < wait)
			wait = at - now;
	}
	loop_timer_set(p->timer, wait > 0 ? wait : 0);
}

/* --- how a delivery ends -------------------------------------------- */

static void
trip_free(struct trip *t)
{
	free(t->message_id);
	free(t->endpoint);
	free(t);
}

static void
leave_lane(struct trip *t)
{
	TAILQ_REMOVE(&t->push->trips, t, entry);
	t->push->running--;
	t->push->doubtful -= t->doubtful;
	t->lane->running--;
}

/* err: nothing of it is on disk; it will be sent once more. */
static void
on_settled(const struct error *err, void *arg)
{
	struct trip *t = arg;
	struct sns_push *p = t->push;

	if (p != NULL) {
		leave_lane(t);
		t->lane->due_at = 0;
		if (err != NULL)
			t->lane->not_before = clock_wall_ms() + PAUSE_MS;
		plan(p);
	}
	trip_free(t);
}

static int
write_end(struct trip *t, struct error *err)
{
	struct db *db = t->push->o.db;

	if (db_delivery_delete(db, &t->d, err) == -1 ||
	    db_message_drop(db, t->d.message, err) == -1)
		return -1;
	return db_delivery_release(db, &t->d, err);
}

static void
settle(struct trip *t, bool ended)
{
	struct db *db = t->push->o.db;
	struct error err;
	int rc;

	t->call = NULL;
	rc = ended ? write_end(t, &err) : db_delivery_set(db, &t->d, &err);
	if (rc == -1) {
		log_begin(LOG_ERROR, "sns");
		log_err(&err);
		log_end();
		db_abandon(db);
	}
	db_on_commit(db, on_settled, t);
}

/* Whom it was for, without path and query: these may be secrets. */
static void
log_receiver(const char *endpoint)
{
	struct url u;
	struct error err;
	char *host, *text;

	if (url_parse(endpoint, &u, &err) == -1)
		return;
	host = url_host_header(&u);
	text = xasprintf("%s://%s", u.scheme, host);
	log_str("endpoint", text);
	free(text);
	free(host);
	url_done(&u);
}

static void
say(const struct trip *t, enum log_level level, const char *what, int status,
    const struct error *err)
{
	log_begin(level, "sns");
	log_str("delivery", what);
	log_str("message", t->message_id);
	log_str("subscription", t->d.subscription);
	log_receiver(t->endpoint);
	log_int("try", t->d.tries);
	if (status != 0)
		log_int("status", status);
	if (err != NULL)
		log_err(err);
	log_end();
}

/* The pauses spread a little, so that many do not come at once again. */
static void
try_again(struct trip *t, bool was_away, int status, const struct error *err)
{
	int64_t delay = sns_policy_delay_ms(&t->policy, t->d.tries);

	if (delay == -1) {
		say(t, LOG_WARN, "given up", status, err);
		settle(t, true);
		return;
	}
	delay += (int64_t)((double)delay * JITTER * random_unit());
	t->d.due_at = clock_wall_ms() + delay;
	/* Of a receiver that is away the first is enough, until it is back. */
	say(t, was_away ? LOG_DEBUG : LOG_WARN, "failed", status, err);
	settle(t, false);
}

/* What a receiver refuses (4xx) it would refuse again; nor is a redirection
 * followed. */
static void
on_answer(const struct http_response *r, const struct error *err, void *arg)
{
	struct trip *t = arg;
	int status = r != NULL ? r->status : 0;
	bool was_away = t->lane->away;

	t->d.tries++;
	t->lane->proven = status >= 200 && status < 300;
	t->lane->away = !t->lane->proven;
	if (r == NULL || status >= 500) {
		try_again(t, was_away, status, err);
	} else if (t->lane->away) {
		say(t, LOG_WARN, "refused", status, NULL);
		settle(t, true);
	} else {
		say(t, was_away ? LOG_INFO : LOG_DEBUG, "done", status, NULL);
		settle(t, true);
	}
}

/* --- how one begins ------------------------------------------------- */

static void
enter_lane(struct trip *t)
{
	struct sns_push *p = t->push;

	TAILQ_INSERT_TAIL(&p->trips, t, entry);
	t->doubtful = !t->lane->proven;
	p->running++;
	p->doubtful += t->doubtful;
	t->lane->running++;
}

/* The queue has it with the transaction that ends the delivery. */
static void
put_into_queue(struct trip *t, const struct sns_parcel *parcel)
{
	struct error err;

	t->d.tries++;
	if (sqs_post(t->push->o.sqs, t->endpoint, parcel->body.data, false,
		&err) == 0) {
		t->lane->proven = true;
		say(t, LOG_DEBUG, "done", 0, NULL);
		settle(t, true);
	} else if (err.code == ERR_NOT_FOUND || err.code == ERR_LIMIT) {
		say(t, LOG_WARN, "refused", 0, &err);
		settle(t, true);
	} else {
		try_again(t, false, 0, &err);
	}
}

static void
post(struct trip *t, const struct sns_parcel *parcel)
{
	struct http_request r = {
	    .method = "POST",
	    .url = t->endpoint,
	    .headers = &parcel->headers,
	    .body = parcel->body.data,
	    .body_len = parcel->body.len,
	    .body_max = ANSWER_MAX,
	    .cut_body = true,
	    .timeout_ms = TIMEOUT_MS,
	};
	struct sns_push *p = t->push;
	struct error err;

	if (http_start(p->o.http, &r, on_answer, t, &t->call, &err) == -1)
		on_answer(NULL, &err, t);
}

/* -1: this machine's fault, or the database's. */
static int
pack(struct trip *t, const struct db_subscription *to,
    struct sns_parcel *parcel, struct error *err)
{
	struct sns_push *p = t->push;
	struct db_message m = {0};
	struct db_topic topic = {0};
	struct sns_parcel_facts facts = {
	    .key = p->o.key,
	    .base_url = p->base_url,
	    .cert_url = p->cert_url,
	    .message = &m,
	    .to = to,
	    .topic = &topic,
	    .policy = &t->policy,
	};
	int rc = db_message_get(p->o.db, t->d.message, &m, err);

	if (rc == 1)
		rc = db_topic_get(p->o.db, m.topic, &topic, err);
	if (rc == 1) {
		t->message_id = xstrdup(m.id);
		rc = sns_parcel_make(parcel, &facts, err);
	} else if (rc == 0) {
		rc = err_set(err, ERR_NOT_FOUND, "the message is gone");
	}
	db_message_done(&m);
	db_topic_done(&topic);
	return rc;
}

static void
begin(struct lane *lane, struct sns_push *p, const struct db_delivery *d,
    const struct db_subscription *to, const struct sns_policy *policy)
{
	struct trip *t = xcalloc(1, sizeof(*t));
	struct sns_parcel parcel;
	struct error err;

	t->push = p;
	t->lane = lane;
	t->d = *d;
	t->d.subscription = lane->subscription;
	t->policy = *policy;
	t->endpoint = xstrdup(to->endpoint);
	if (pack(t, to, &parcel, &err) == -1) {
		say(t, LOG_ERROR, "not begun", 0, &err);
		trip_free(t);
		lane->not_before = clock_wall_ms() + PAUSE_MS;
		lane->due_at = 0;
		return;
	}
	enter_lane(t);
	if (str_eq(to->protocol, "sqs"))
		put_into_queue(t, &parcel);
	else
		post(t, &parcel);
	sns_parcel_done(&parcel);
}

/* --- choosing ------------------------------------------------------- */

struct choice {
	struct sns_push *push;
	struct lane *lane;
	int64_t now;
	size_t room;
	size_t n;
	struct db_delivery v[SNS_PUSH_LANE_MAX];
};

static int
choose(const struct db_delivery *d, void *arg, struct error *err)
{
	struct choice *c = arg;

	(void)err;
	if (is_on_its_way(c->push, d))
		return 0;
	if (d->due_at > c->now || c->n == c->room) {
		c->lane->due_at = d->due_at;
		return 1;
	}
	c->v[c->n] = *d;
	c->v[c->n++].subscription = NULL;
	return 0;
}

static void
throttle(struct choice *c, const struct sns_policy *policy)
{
	if (policy->per_second > 0 && c->n > 0)
		c->lane->not_before = c->now + 1000 / policy->per_second;
}

/* 1: begun so many; 0 where there is no such subscription any more. */
static int
run_lane(
    struct sns_push *p, struct lane *lane, size_t *begun, struct error *err)
{
	struct choice c = {.push = p, .lane = lane, .now = clock_wall_ms()};
	struct db_subscription to = {0};
	struct db_topic topic = {0};
	struct sns_policy policy;
	size_t i;
	int rc;

	lane->due_at = NEVER;
	rc = db_subscription_get(p->o.db, lane->subscription, &to, err);
	if (rc == 1)
		rc = db_topic_get(p->o.db, to.topic, &topic, err);
	if (rc == 1) {
		sns_policy_effective(
		    &policy, topic.delivery_policy, to.delivery_policy);
		c.room = room_of(p, lane);
		if (policy.per_second > 0 && c.room > 1)
			c.room = 1;
		rc = db_delivery_each(
		    p->o.db, lane->subscription, choose, &c, err);
		throttle(&c, &policy);
		for (i = 0; rc == 0 && i < c.n; i++)
			begin(lane, p, &c.v[i], &to, &policy);
	}
	*begun += c.n;
	db_subscription_done(&to);
	db_topic_done(&topic);
	return rc;
}

static bool
can_run(const struct sns_push *p, const struct lane *lane, int64_t now)
{
	return lane->due_at <= now && lane->not_before <= now &&
	    room_of(p, lane) > 0;
}

static bool
can_go(const struct sns_push *p, const struct lane *lane)
{
	return lane->due_at == NEVER && lane->running == 0 && !lane->expected &&
	    (!lane->proven || p->lanes_n > LANES_KEPT);
}

static void
go_on(struct sns_push *p, struct lane *lane, size_t *begun)
{
	struct error err;

	TAILQ_REMOVE(&p->lanes, lane, entry);
	TAILQ_INSERT_TAIL(&p->lanes, lane, entry);
	if (run_lane(p, lane, begun, &err) != -1)
		return;
	log_begin(LOG_ERROR, "sns");
	log_err(&err);
	log_end();
	lane->not_before = clock_wall_ms() + PAUSE_MS;
	lane->due_at = 0;
}

/* Who was served goes behind the others. */
static void
on_timer(void *arg)
{
	struct sns_push *p = arg;
	struct lane *lane, *next, *last = TAILQ_LAST(&p->lanes, lanes);
	int64_t now = clock_wall_ms();
	size_t begun = 0;

	for (lane = TAILQ_FIRST(&p->lanes); lane != NULL; lane = next) {
		next = lane != last ? TAILQ_NEXT(lane, entry) : NULL;
		if (begun >= STARTS_PER_TURN || p->running >= SNS_PUSH_MAX)
			break;
		if (can_run(p, lane, now))
			go_on(p, lane, &begun);
		if (can_go(p, lane))
			lane_free(p, lane);
	}
	plan(p);
}

/* --- what comes ----------------------------------------------------- */

static void
on_commit(const struct error *err, void *arg)
{
	struct notice_of_commit *n = arg;
	struct sns_push *p = n->push;
	struct lane *lane;

	(void)err;
	free(n);
	if (p == NULL)
		return;
	p->pending = NULL;
	TAILQ_FOREACH (lane, &p->lanes, entry) {
		if (lane->expected)
			lane->due_at = 0;
		lane->expected = false;
	}
	plan(p);
}

void
sns_push_expect(struct sns_push *p, const char *subscription)
{
	lane_of(p, subscription)->expected = true;
	if (p->pending != NULL)
		return;
	p->pending = xcalloc(1, sizeof(*p->pending));
	p->pending->push = p;
	db_on_commit(p->o.db, on_commit, p->pending);
}

static int
take_up(const struct db_delivery *d, void *arg, struct error *err)
{
	(void)err;
	lane_of(arg, d->subscription)->due_at = 0;
	return 0;
}

int
sns_push_start(struct sns_push *p, const char *base_url, struct error *err)
{
	if (db_delivery_lanes(p->o.db, take_up, p, err) == -1)
		return -1;
	p->base_url = xstrdup(base_url);
	p->cert_url = str_empty(p->o.cert_url)
	    ? xasprintf("%s/%s", base_url, sns_key_file(p->o.key))
	    : xstrdup(p->o.cert_url);
	p->started = true;
	plan(p);
	return 0;
}

void
sns_push_stop(struct sns_push *p)
{
	struct trip *t, *next;

	p->started = false;
	loop_timer_clear(p->timer);
	for (t = TAILQ_FIRST(&p->trips); t != NULL; t = next) {
		next = TAILQ_NEXT(t, entry);
		if (t->call == NULL)
			continue;
		http_cancel(t->call);
		leave_lane(t);
		trip_free(t);
	}
}

struct sns_push *
sns_push_new(const struct sns_push_options *options)
{
	struct sns_push *p = xcalloc(1, sizeof(*p));
	size_t i;

	p->o = *options;
	TAILQ_INIT(&p->lanes);
	TAILQ_INIT(&p->trips);
	for (i = 0; i < BUCKETS; i++)
		LIST_INIT(&p->buckets[i]);
	p->timer = loop_timer_new(p->o.loop, on_timer, p);
	return p;
}

void
sns_push_free(struct sns_push *p)
{
	struct lane *lane;
	struct trip *t;

	if (p == NULL)
		return;
	sns_push_stop(p);
	TAILQ_FOREACH (t, &p->trips, entry)
		t->push = NULL;
	if (p->pending != NULL)
		p->pending->push = NULL;
	while ((lane = TAILQ_FIRST(&p->lanes)) != NULL)
		lane_free(p, lane);
	loop_timer_free(p->timer);
	free(p->base_url);
	free(p->cert_url);
	free(p);
}
