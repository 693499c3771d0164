/* SPDX-License-Identifier: Apache-2.0 */
/* Uploads in lanes, and what becomes of each. */
#include "local/kept.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base/backoff.h"
#include "base/encode.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"
#include "local/s3uri.h"

#define AT_ONCE 16
#define TEXT_SIZE 24
#define PATIENCE 5 /* tries, as it were: 32 s */

/* Nobody there, or not now. */
static const struct backoff away = {200, 60 * 1000, 2, 0.2};
/* It said no: somebody has to change something first. */
static const struct backoff refused = {1000, 5 * 60 * 1000, 2, 0.2};

enum phase {
	KEEPING, /* on its way into our own store */
	WAITING, /* in its lane */
	RUNNING, /* read, or sent */
	ENDING, /* there; the request ends */
	RESTING, /* until its timer calls */
};

struct upload {
	TAILQ_ENTRY(upload) all;
	TAILQ_ENTRY(upload) entry; /* of the lane, by the phase */
	struct kept *kept;
	struct lane *lane;
	enum phase phase;
	int64_t seq;
	enum db_staged staged;
	char id[TEXT_SIZE]; /* seq, the key of what is kept */
	char *key; /* there */
	char *content_type; /* or NULL */
	objects_also_fn *also;
	void (*done)(const struct error *err, void *arg);
	void *arg;
	int fd; /* of what is kept, while it runs; -1 */
	unsigned char md5[HASH_MD5_SIZE];
	int64_t size;
	struct http_call *http;
	struct loop_timer *timer; /* of its own rest, or NULL */
	unsigned tries; /* that were refused */
	bool there; /* it is uploaded; only the request is left */
	struct error why; /* it is given up, or cannot end */
};
TAILQ_HEAD(uploads, upload);

struct lane {
	TAILQ_ENTRY(lane) entry;
	struct kept *kept;
	char *bucket;
	struct uploads waiting;
	struct uploads resting;
	unsigned waiting_n;
	unsigned running;
	struct loop_timer *timer; /* holds the lane */
	bool held;
	bool kicked;
	unsigned tries;
	char told[128]; /* what the log said last of the lane; "" all is well */
	char told_one[128]; /* and of a single object */
};
TAILQ_HEAD(lanes, lane);

struct kept {
	struct kept_options o;
	struct lanes lanes;
	struct uploads all;
	bool stopping;
};

static void lane_kick(struct lane *lane);

/* --- uploads -------------------------------------------------------- */

static void
upload_free(struct upload *u)
{
	TAILQ_REMOVE(&u->kept->all, u, all);
	http_cancel(u->http);
	if (u->fd != -1)
		close(u->fd);
	loop_timer_free(u->timer);
	free(u->key);
	free(u->content_type);
	free(u);
}

static void
upload_done(struct upload *u, const struct error *err)
{
	if (!u->kept->stopping)
		u->done(err, u->arg);
	upload_free(u);
}

/* What was open while it ran. */
static void
upload_close(struct upload *u)
{
	if (u->fd != -1)
		close(u->fd);
	u->fd = -1;
	u->http = NULL;
}

static void
wait_in_lane(struct upload *u, bool first)
{
	u->phase = WAITING;
	u->lane->waiting_n++;
	if (first)
		TAILQ_INSERT_HEAD(&u->lane->waiting, u, entry);
	else
		TAILQ_INSERT_TAIL(&u->lane->waiting, u, entry);
}

static void
on_rested(void *arg)
{
	struct upload *u = arg;

	TAILQ_REMOVE(&u->lane->resting, u, entry);
	wait_in_lane(u, false);
	lane_kick(u->lane);
}

static void
rest(struct upload *u)
{
	/* The first one asks soon, the others when it was answered. */
	if (u->tries == 0 && !TAILQ_EMPTY(&u->lane->resting))
		u->tries = PATIENCE;
	if (u->timer == NULL)
		u->timer = loop_timer_new(u->kept->o.loop, on_rested, u);
	u->phase = RESTING;
	TAILQ_INSERT_TAIL(&u->lane->resting, u, entry);
	loop_timer_set(
	    u->timer, backoff_delay_ms(&refused, u->tries++, random_unit()));
}

/* What was wrong with one may have been wrong with the others. */
static void
wake_resting(struct lane *lane)
{
	struct upload *u;

	while ((u = TAILQ_FIRST(&lane->resting)) != NULL) {
		loop_timer_clear(u->timer);
		TAILQ_REMOVE(&lane->resting, u, entry);
		wait_in_lane(u, false);
	}
}

/* --- lanes ---------------------------------------------------------- */

static void
on_lane_timer(void *arg)
{
	struct lane *lane = arg;

	lane->held = false;
	lane_kick(lane);
}

static struct lane *
find_lane(struct kept *k, const char *bucket)
{
	struct lane *lane;

	TAILQ_FOREACH (lane, &k->lanes, entry) {
		if (str_eq(lane->bucket, bucket))
			return lane;
	}
	lane = xcalloc(1, sizeof(*lane));
	lane->kept = k;
	lane->bucket = xstrdup(bucket);
	TAILQ_INIT(&lane->waiting);
	TAILQ_INIT(&lane->resting);
	lane->timer = loop_timer_new(k->o.loop, on_lane_timer, lane);
	TAILQ_INSERT_TAIL(&k->lanes, lane, entry);
	return lane;
}

/* Once for each change: of thousands that fail alike one line is enough. */
static void
tell(struct lane *lane, char told[128], enum log_level level, const char *key,
    const struct error *err)
{
	char text[128];

	snprintf(text, sizeof(text), "%d %d %s", (int)err->code,
	    err->http_status, err->remote_code);
	if (str_eq(text, told))
		return;
	memcpy(told, text, sizeof(text));
	log_begin(level, "s3");
	log_str("msg",
	    key != NULL ? "a result cannot be uploaded; it is kept, and tried "
			  "again"
			: "results cannot be uploaded; they are kept, and "
			  "tried again");
	log_str("bucket", lane->bucket);
	log_str("key", key);
	log_err(err);
	log_end();
}

static void
lane_is_well(struct lane *lane)
{
	lane->tries = 0;
	if (lane->held)
		loop_timer_clear(lane->timer);
	lane->held = false;
	if (lane->told[0] == '\0')
		return;
	lane->told[0] = '\0';
	log_begin(LOG_INFO, "s3");
	log_str("msg", "results are uploaded again");
	log_str("bucket", lane->bucket);
	log_int("waiting", lane->waiting_n);
	log_end();
}

static void
hold_lane(struct lane *lane, const struct backoff *b)
{
	/* Those that ran beside the first to fail are the same failure. */
	if (lane->held)
		return;
	lane->held = true;
	loop_timer_set(
	    lane->timer, backoff_delay_ms(b, lane->tries++, random_unit()));
}

/* --- ends of a try -------------------------------------------------- */

static bool
is_of_the_lane(const struct error *err)
{
	return err->code != ERR_AUTH &&
	    !str_eq(err->remote_code, "NoSuchKey") &&
	    (err->code == ERR_NOT_FOUND || err->http_status == 301 ||
		err->http_status == 307 || err->http_status == 403 ||
		str_eq(err->remote_code, "AuthorizationHeaderMalformed"));
}

static void
fail(struct upload *u, const struct error *err)
{
	struct lane *lane = u->lane;

	lane->running--;
	upload_close(u);
	if (err->http_status == 0 || err->retryable) {
		wait_in_lane(u, true);
		tell(lane, lane->told, LOG_WARN, NULL, err);
		hold_lane(lane, &away);
	} else if (is_of_the_lane(err)) {
		/* Another one first, lest it is this one's fault after all. */
		wait_in_lane(u, false);
		tell(lane, lane->told, LOG_ERROR, NULL, err);
		hold_lane(lane, &refused);
	} else {
		/* Whoever says so is there. */
		lane_is_well(lane);
		tell(lane, lane->told_one, LOG_ERROR, u->key, err);
		rest(u);
	}
	lane_kick(lane);
}

/* A fault of this machine: not the other side's, and not for ever. */
static void
fail_here(struct upload *u, const struct error *err)
{
	struct lane *lane = u->lane;

	lane->running--;
	upload_close(u);
	if (err->code != ERR_CANCELLED)
		tell(lane, lane->told_one, LOG_ERROR, u->key, err);
	rest(u);
	lane_kick(lane);
}

static void
on_ended(const struct error *err, void *arg)
{
	struct upload *u = arg;
	struct lane *lane = u->lane;

	if (err != NULL) {
		fail_here(u, u->why.code != ERR_NONE ? &u->why : err);
		return;
	}
	lane->running--;
	if (u->tries > 0) {
		lane->told_one[0] = '\0';
		wake_resting(lane);
	}
	upload_done(u, NULL);
	lane_is_well(lane);
	lane_kick(lane);
}

/* It is there: what is kept and the request go in one transaction. */
static void
end(struct upload *u)
{
	struct kept *k = u->kept;
	struct error err;

	u->phase = ENDING;
	u->there = true;
	upload_close(u);
	if (objects_delete(
		k->o.objects, KEPT_BUCKET, u->id, on_ended, u, &err) == -1) {
		db_abandon(k->o.db);
		fail_here(u, &err);
		return;
	}
	error_clear(&u->why);
	if (u->also != NULL && u->also(k->o.db, u->arg, &u->why) == -1)
		db_abandon(k->o.db);
}

static void
on_given_up(const struct error *err, void *arg)
{
	struct upload *u = arg;
	struct lane *lane = u->lane;
	struct error why = u->why;

	if (err != NULL) {
		fail_here(u, err);
		return;
	}
	lane->running--;
	upload_done(u, &why);
	lane_kick(lane);
}

/* What was kept is gone or not what it was: the model has to run again. */
static void
give_up(struct upload *u, const struct error *why)
{
	struct kept *k = u->kept;
	struct error err;

	u->phase = ENDING;
	u->why = *why;
	upload_close(u);
	if (db_request_stage(k->o.db, u->seq, DB_NOT_STAGED, &err) == -1 ||
	    objects_delete(
		k->o.objects, KEPT_BUCKET, u->id, on_given_up, u, &err) == -1) {
		db_abandon(k->o.db);
		fail_here(u, &err);
	}
}

/* --- tries ---------------------------------------------------------- */

static void
on_sent(const struct http_response *r, const struct error *err, void *arg)
{
	struct upload *u = arg;
	struct error refusal;

	u->http = NULL;
	if (err == NULL && s3client_check(r, &refusal) == -1)
		err = &refusal;
	if (err != NULL)
		fail(u, err);
	else
		end(u);
}

static void
send_it(struct upload *u, const struct seal_result *digests)
{
	struct s3client_put put = {
	    .bucket = u->lane->bucket,
	    .key = u->key,
	    .content_type = u->content_type,
	    .fd = u->fd,
	    .size = u->size,
	    .sha256 = digests->sha256,
	    .md5 = digests->md5,
	};
	struct error err;

	if (s3client_put(u->kept->o.client, &put, on_sent, u, &u->http, &err) ==
	    -1)
		fail_here(u, &err);
}

static void
on_digests(const struct seal_result *r, const struct error *err, void *arg)
{
	struct upload *u = arg;
	struct error why;

	if (err != NULL)
		fail_here(u, err);
	else if (r->size != u->size ||
	    !hash_equal(r->md5, u->md5, sizeof(u->md5))) {
		err_set(&why, ERR_STORE,
		    "the bytes of the result that was kept have changed");
		give_up(u, &why);
	} else
		send_it(u, r);
}

/* The type that it was stored with: after a crash nobody else knows it. */
static void
take_facts(struct upload *u, const struct db_object *o)
{
	static const char prefix[] = "Content-Type: ";
	char digest[2 * HASH_MD5_SIZE + 1];
	unsigned byte;
	size_t i, n = sizeof(prefix) - 1;

	free(u->content_type);
	u->content_type = str_starts(o->headers, prefix)
	    ? xstrndup(o->headers + n, strcspn(o->headers + n, "\n"))
	    : NULL;
	u->size = o->size;
	snprintf(digest, sizeof(digest), "%s", o->etag);
	for (i = 0; i < sizeof(u->md5); i++) {
		byte = 0;
		sscanf(digest + 2 * i, "%2x", &byte);
		u->md5[i] = (unsigned char)byte;
	}
}

static void
start(struct upload *u)
{
	struct objects *objects = u->kept->o.objects;
	struct db_object o = {0};
	struct error err;
	int rc;

	u->phase = RUNNING;
	u->lane->running++;
	if (u->there) {
		end(u);
		return;
	}
	rc = objects_open(objects, KEPT_BUCKET, u->id, &o, &u->fd, &err);
	if (rc == 1) {
		take_facts(u, &o);
		objects_digest(objects, u->fd, on_digests, u);
	} else if (rc == 0 || err.sys_errno == ENOENT) {
		if (rc == 0)
			err_set(&err, ERR_STORE,
			    "the result that was kept is gone");
		give_up(u, &err);
	} else
		fail_here(u, &err);
	db_object_done(&o);
}

static void
on_kick(void *arg)
{
	struct lane *lane = arg;
	unsigned limit = lane->told[0] != '\0' ? 1 : AT_ONCE;
	struct upload *u;

	lane->kicked = false;
	while (!lane->held && lane->running < limit &&
	    (u = TAILQ_FIRST(&lane->waiting)) != NULL) {
		TAILQ_REMOVE(&lane->waiting, u, entry);
		lane->waiting_n--;
		start(u);
	}
}

/* In the next turn: what ends while the program stops begins nothing. */
static void
lane_kick(struct lane *lane)
{
	if (!lane->kicked)
		loop_post(lane->kept->o.loop, on_kick, lane);
	lane->kicked = true;
}

/* --- what comes in -------------------------------------------------- */

static struct upload *
upload_new(struct kept *k, const struct place_result *r)
{
	struct upload *u = xcalloc(1, sizeof(*u));
	const char *key;
	char *bucket;

	/* Made from a checked configuration. */
	if (s3uri_split(r->location, &bucket, &key) == -1)
		abort();
	u->kept = k;
	u->lane = find_lane(k, bucket);
	u->key = xstrdup(key);
	u->seq = r->seq;
	u->staged = r->staged;
	snprintf(u->id, sizeof(u->id), "%lld", (long long)r->seq);
	u->also = r->also;
	u->done = r->done;
	u->arg = r->arg;
	u->fd = -1;
	TAILQ_INSERT_TAIL(&k->all, u, all);
	free(bucket);
	return u;
}

static int
also_stage(struct db *db, void *arg, struct error *err)
{
	const struct upload *u = arg;

	return db_request_stage(db, u->seq, (int)u->staged, err);
}

static void
on_kept(const struct objects_stored *stored, const struct error *err, void *arg)
{
	struct upload *u = arg;

	(void)stored;
	if (err != NULL) {
		upload_done(u, err);
		return;
	}
	wait_in_lane(u, false);
	lane_kick(u->lane);
}

void
kept_store(
    struct kept *k, struct objects_draft *take, const struct place_result *r)
{
	struct upload *u = upload_new(k, r);
	char *headers = xasprintf("Content-Type: %s\n", r->content_type);
	struct objects_store what = {
	    .bucket = KEPT_BUCKET,
	    .key = u->id,
	    .headers = headers,
	    .also = also_stage,
	    .done = on_kept,
	    .arg = u,
	};

	u->phase = KEEPING;
	objects_store(k->o.objects, take, &what);
	free(headers);
}

void
kept_resume(struct kept *k, const struct place_result *r)
{
	struct upload *u = upload_new(k, r);

	wait_in_lane(u, false);
	lane_kick(u->lane);
}

/* --- the whole ------------------------------------------------------ */

struct kept *
kept_new(const struct kept_options *options)
{
	struct kept *k = xcalloc(1, sizeof(*k));

	k->o = *options;
	TAILQ_INIT(&k->lanes);
	TAILQ_INIT(&k->all);
	return k;
}

void
kept_free(struct kept *k)
{
	struct lane *lane;
	struct upload *u;

	if (k == NULL)
		return;
	k->stopping = true;
	/* Whatever waits for a commit. */
	db_flush(k->o.db);
	while ((u = TAILQ_FIRST(&k->all)) != NULL)
		upload_free(u);
	while ((lane = TAILQ_FIRST(&k->lanes)) != NULL) {
		TAILQ_REMOVE(&k->lanes, lane, entry);
		loop_unpost(k->o.loop, lane);
		loop_timer_free(lane->timer);
		free(lane->bucket);
		free(lane);
	}
	free(k);
}
