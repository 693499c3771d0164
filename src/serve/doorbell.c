/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a notification to the jobs that it names. What has an effect is on disk
 * before anybody hears of it: the row by which a copy is known, and with it the
 * failure that no object may ever tell.
 */
#include "serve/doorbell.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "aws/s3event.h"
#include "aws/sagemaker_notice.h"
#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/bell.h"
#include "serve/metrics.h"

#define DAY_MS ((int64_t)24 * 3600 * 1000)
#define REMEMBER_MAX_MS (14 * DAY_MS) /* the longest that a queue keeps it */
#define ID_MAX 256
/* A thousand records of S3 have as many. */
#define VALUES_MAX 32768
/* Of what makes no sense: so much is logged, and so often. */
#define SHOWN_MAX 200
#define SHOW_EVERY_MS 60000

/* One notification on its way. */
struct call {
	TAILQ_ENTRY(call) entry;
	struct doorbell *bell;
	enum doorbell_way way;
	enum doorbell_verdict verdict;
	struct store_notice notice; /* the strings are its own */
	struct sagemaker_notice said;
	struct s3event event;
	bool failed; /* … which may be believed */
	doorbell_done_fn *done;
	void *arg;
};

struct doorbell {
	const struct service *service;
	TAILQ_HEAD(, call) calls;
	int64_t show_at; /* monotonic: not before */
	int64_t not_shown;
	int64_t vouch_at; /* the same, of failures that nobody vouches for */
};

/* --- calls ----------------------------------------------------------- */

static void
call_free(struct call *c)
{
	TAILQ_REMOVE(&c->bell->calls, c, entry);
	free(c->notice.source);
	free(c->notice.message_id);
	free(c->notice.told.job);
	sagemaker_notice_done(&c->said);
	s3event_done(&c->event);
	free(c);
}

static void
end(struct call *c, enum doorbell_verdict verdict, const struct error *err)
{
	doorbell_done_fn *done = c->done;
	void *arg = c->arg;

	metrics_notification(c->bell->service->metrics, c->way, verdict);
	call_free(c);
	done(verdict, err, arg);
}

static void
on_post(void *arg)
{
	struct call *c = arg;

	end(c, c->verdict, NULL);
}

/* In the next turn. */
static void
end_later(struct call *c, enum doorbell_verdict verdict)
{
	c->verdict = verdict;
	loop_post(c->bell->service->loop, on_post, c);
}

/* --- what it says ---------------------------------------------------- */

static void
log_senseless(struct doorbell *b, const struct doorbell_note *note)
{
	char *shown;

	if (!log_wants(LOG_DEBUG))
		return;
	if (clock_mono_ms() < b->show_at) {
		b->not_shown++;
		return;
	}
	shown =
	    xstrndup(note->text, note->len < SHOWN_MAX ? note->len : SHOWN_MAX);
	str_defang(shown);
	log_begin(LOG_DEBUG, "bell");
	log_str("msg", "a notification that makes no sense");
	log_str("source", note->source);
	log_str("begins", shown);
	if (b->not_shown > 0)
		log_int("not_logged", b->not_shown);
	log_end();
	free(shown);
	b->show_at = clock_mono_ms() + SHOW_EVERY_MS;
	b->not_shown = 0;
}

/* ERR_NONE, or why it is neither of those that are known. */
static enum error_code
read_document(struct call *c, const struct json *doc)
{
	struct error err;

	if (sagemaker_notice_read(doc, &c->said, &err) == 0)
		return ERR_NONE;
	if (err.code == ERR_NOT_FOUND &&
	    s3event_read(doc, &c->event, &err) == 0)
		return ERR_NONE;
	return err.code;
}

static bool
read_note(struct call *c, const struct doorbell_note *note)
{
	struct json *doc;
	struct error err;
	enum error_code code;

	if (str_empty(note->message_id) || strlen(note->message_id) > ID_MAX ||
	    json_parse_few(note->text, note->len, VALUES_MAX, &doc, &err) == -1)
		return false;
	code = read_document(c, doc);
	json_free(doc);
	return code == ERR_NONE;
}

static const char *
reason_of(const struct sagemaker_notice *said)
{
	return said->failure_reason != NULL
	    ? said->failure_reason
	    : "the service says that it failed, and no more";
}

static size_t
count_rings(const struct call *c)
{
	return c->said.inference_id != NULL ? 1 : c->event.n;
}

static struct engine_ring
ring_of(const struct call *c, size_t i)
{
	const struct sagemaker_notice *said = &c->said;
	struct engine_ring ring = {.event_at = -1};

	if (said->inference_id == NULL) {
		ring.location = c->event.created[i];
		return ring;
	}
	ring.inference_id = said->inference_id;
	ring.location =
	    said->failed ? said->failure_location : said->output_location;
	ring.endpoint = said->endpoint;
	ring.event_at = said->event_at;
	if (c->failed)
		ring.failure = reason_of(said);
	return ring;
}

/* --- what is done ---------------------------------------------------- */

/* A job that it names, best one that the engine has. The caller's, or NULL. */
static char *
find_job(const struct call *c)
{
	const struct engine *e = c->bell->service->engine;
	char id[JOBID_SIZE], *found = NULL;
	size_t i, n = count_rings(c);

	for (i = 0; i < n; i++) {
		struct engine_ring ring = ring_of(c, i);

		if (!engine_ring_job(e, &ring, id))
			continue;
		if (found == NULL)
			found = xstrdup(id);
		if (engine_ring_here(e, id)) {
			memcpy(found, id, JOBID_SIZE);
			break;
		}
	}
	return found;
}

static void
ring_all(struct call *c, enum engine_heard heard)
{
	size_t i, n = count_rings(c);

	for (i = 0; i < n; i++) {
		struct engine_ring ring = ring_of(c, i);

		ring.heard = heard;
		engine_ring(c->bell->service->engine, &ring);
	}
}

static void
on_seen(enum store_seen seen, const struct error *err, void *arg)
{
	struct call *c = arg;

	if (err != NULL) {
		end(c, DOORBELL_FAILED, err);
		return;
	}
	switch (seen) {
	case STORE_SEEN_NOW:
		crash_point("C15");
		ring_all(c, HEARD_NOW);
		end(c, DOORBELL_TAKEN, NULL);
		return;
	case STORE_SEEN_BEFORE:
		/* What it may tell is on disk, or never will be. */
		c->failed = false;
		ring_all(c, HEARD_AGAIN);
		end(c, DOORBELL_COPY, NULL);
		return;
	case STORE_SEEN_NO_JOB:
		end(c, DOORBELL_UNKNOWN, NULL);
		return;
	}
	abort();
}

/* SNS gives a message the same id in all subscriptions of its topic: what comes
 * unsigned must not stand for the signed one, which tells more. */
static char *
source_key(const struct doorbell_note *note)
{
	return note->verified ? xstrdup(note->source)
			      : xasprintf("unsigned %s", note->source);
}

/* Only a failure that would be believed need outlive us. */
static void
store_it(struct call *c, const struct doorbell_note *note)
{
	struct store_notice *n = &c->notice, with;
	struct engine_ring ring = ring_of(c, 0);
	int64_t keep = note->remember_ms > 0 ? note->remember_ms : DAY_MS;

	n->source = source_key(note);
	n->message_id = xstrdup(note->message_id);
	n->forget_at =
	    clock_wall_ms() + (keep < REMEMBER_MAX_MS ? keep : REMEMBER_MAX_MS);
	c->failed =
	    c->failed && engine_ring_fits(c->bell->service->engine, &ring);
	with = *n;
	if (c->failed) {
		with.told.inference_id = c->said.inference_id;
		with.told.endpoint = c->said.endpoint;
		with.told.event_at = c->said.event_at;
		with.told.reason = xstrdup(reason_of(&c->said));
	}
	crash_point("C14");
	store_see(c->bell->service->store, &with, on_seen, c);
	free(with.told.reason);
}

/* Such a job waits to its deadline, unless somebody mends that. */
static void
log_unvouched(const struct call *c, const struct doorbell_note *note)
{
	struct doorbell *b = c->bell;
	struct error err;

	if (!c->said.failed || note->verified ||
	    c->said.failure_location != NULL || clock_mono_ms() < b->vouch_at)
		return;
	b->vouch_at = clock_mono_ms() + SHOW_EVERY_MS;
	err_set(&err, ERR_AUTH,
	    "a failure that left no object, and that SNS did not sign, is not "
	    "believed");
	err_hint(&err,
	    "Name the endpoint's ErrorTopic in [sns] topic, and leave raw "
	    "delivery off; or give the endpoint an S3FailurePath.");
	log_begin(LOG_WARN, "bell");
	log_str("job", c->notice.told.job);
	log_str("source", note->source);
	log_err(&err);
	log_end();
}

static void
take(struct call *c, const struct doorbell_note *note)
{
	c->failed = c->said.failed && note->verified;
	if (c->said.is_test || c->event.is_test) {
		end_later(c, DOORBELL_TAKEN);
		return;
	}
	c->notice.told.job = find_job(c);
	if (c->notice.told.job == NULL) {
		end_later(c, DOORBELL_UNKNOWN);
		return;
	}
	log_unvouched(c, note);
	store_it(c, note);
}

/* --- public ---------------------------------------------------------- */

struct doorbell *
doorbell_new(const struct service *service)
{
	struct doorbell *b = xcalloc(1, sizeof(*b));

	b->service = service;
	TAILQ_INIT(&b->calls);
	return b;
}

/* Whoever rang may hold something until it is told. */
void
doorbell_free(struct doorbell *b)
{
	struct call *c;
	struct error err;

	if (b == NULL)
		return;
	err_set(&err, ERR_CANCELLED, "the service ends");
	while ((c = TAILQ_FIRST(&b->calls)) != NULL) {
		loop_unpost(b->service->loop, c);
		end(c, DOORBELL_FAILED, &err);
	}
	free(b);
}

bool
doorbell_expects(struct doorbell *b, const struct doorbell_note *note)
{
	struct call c = {.bell = b};
	char *job = read_note(&c, note) ? find_job(&c) : NULL;
	bool here = job != NULL && engine_ring_here(b->service->engine, job);

	free(job);
	sagemaker_notice_done(&c.said);
	s3event_done(&c.event);
	return here;
}

void
doorbell_ring(struct doorbell *b, const struct doorbell_note *note,
    doorbell_done_fn *done, void *arg)
{
	struct call *c = xcalloc(1, sizeof(*c));

	c->bell = b;
	c->way = note->way;
	c->done = done;
	c->arg = arg;
	TAILQ_INSERT_TAIL(&b->calls, c, entry);
	if (read_note(c, note)) {
		take(c, note);
		return;
	}
	log_senseless(b, note);
	end_later(c, DOORBELL_SENSELESS);
}
