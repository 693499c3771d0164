/* SPDX-License-Identifier: Apache-2.0 */
/* Queues put together, and those who wait for a message. */
#include "local/sqs.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"
#include "local/sqs_ask.h"

/* How long one that is to go behind the next waits for it. */
#define HOLD_MS 60000

/* --- names ---------------------------------------------------------- */

bool
sqs_name_ok(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len <= SQS_NAME_MAX &&
	    strspn(name,
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789_-") == len;
}

char *
sqs_arn(const struct sqs *s, const char *name)
{
	return xasprintf("arn:aws:sqs:%s:%s:%s", s->o.conf->region,
	    s->o.conf->account, name);
}

char *
sqs_url(const struct sqs *s, const char *name)
{
	return xasprintf("%s/%s/%s", s->base_url, s->o.conf->account, name);
}

/* Borrowed of the ARN, or NULL: it is none of ours. */
static const char *
name_of(const struct sqs *s, const char *arn)
{
	char *prefix = sqs_arn(s, "");
	const char *name =
	    str_starts(arn, prefix) ? arn + strlen(prefix) : NULL;

	free(prefix);
	return name;
}

static int
find(struct sqs *s, const char *arn, struct db_queue *out, struct error *err)
{
	const char *name = name_of(s, arn);

	return name != NULL ? db_queue_get(s->o.db, name, out, err) : 0;
}

int
sqs_has(struct sqs *s, const char *arn, struct error *err)
{
	struct db_queue q = {0};
	int rc = find(s, arn, &q, err);

	db_queue_done(&q);
	return rc;
}

/* --- what others send ----------------------------------------------- */

static int
add_letter(struct sqs *s, const char *queue, const char *body, int64_t delay_ms,
    bool held, struct error *err)
{
	char id[RANDOM_UUID_SIZE];
	int64_t now = clock_wall_ms();
	struct db_letter l = {
	    .queue = xstrdup(queue),
	    .body = xstrdup(body),
	    .id = id,
	    .sent_at = now,
	    .visible_at = now + delay_ms + (held ? HOLD_MS : 0),
	    .held = held,
	};
	int rc;

	random_uuid(id);
	rc = db_letter_add(s->o.db, &l, err);
	free(l.queue);
	free(l.body);
	return rc;
}

static int
post(struct sqs *s, const struct db_queue *q, const char *arn, const char *body,
    struct error *err)
{
	struct fault_subject about = {
	    .operation = "Notification", .topic = arn};
	struct faults *faults = s->o.faults;
	const struct fault *f;
	int64_t delay = 0;
	bool held;

	if (fault_take(faults, FAULT_LOSE_NOTIFICATION, &about) != NULL)
		return 0;
	f = fault_take(faults, FAULT_DELAY_NOTIFICATION, &about);
	if (f != NULL)
		delay = f->ms;
	held = fault_take(faults, FAULT_REORDER_NOTIFICATION, &about) != NULL;
	if (add_letter(s, q->name, body, delay, held, err) == -1)
		return -1;
	if (fault_take(faults, FAULT_DOUBLE_NOTIFICATION, &about) == NULL)
		return 0;
	return add_letter(s, q->name, body, delay, held, err);
}

int
sqs_post(struct sqs *s, const char *arn, const char *body, bool faulty,
    struct error *err)
{
	struct db_queue q = {0};
	int rc = find(s, arn, &q, err);

	if (rc == 0)
		return err_set(err, ERR_NOT_FOUND, "there is no queue %s", arn);
	if (rc == 1 && strlen(body) > SQS_MESSAGE_MAX)
		rc = err_set(
		    err, ERR_LIMIT, "a message for %s is too long", arn);
	else if (rc == 1 && faulty)
		rc = post(s, &q, arn, body, err);
	else if (rc == 1)
		rc = add_letter(s, q.name, body, 0, false, err);
	db_queue_done(&q);
	if (rc != -1)
		sqs_look_soon(s);
	return rc == -1 ? -1 : 0;
}

/* --- those who wait ------------------------------------------------- */

/* 1: it has its answer. */
static int
serve(struct sqs_ask *a)
{
	struct sqs_settings settings;
	struct db_queue q = {0};
	struct error err;
	int rc = db_queue_get(a->s->o.db, a->queue, &q, &err);

	if (rc == -1)
		return sqs_fail_here(a, &err);
	if (rc == 0)
		return sqs_fail(a, "QueueDoesNotExist",
		    "The specified queue does not exist.");
	sqs_settings_of_text(&settings, q.attributes);
	rc = sqs_take(a, &q, &settings);
	sqs_settings_done(&settings);
	db_queue_done(&q);
	return rc;
}

static void
plan(struct sqs *s)
{
	int64_t now = clock_wall_ms(), mono = clock_mono_ms(), wait = INT64_MAX;
	struct sqs_ask *a;
	struct error err;
	int64_t due;

	TAILQ_FOREACH (a, &s->waiting, entry) {
		if (a->until - mono < wait)
			wait = a->until - mono;
		if (db_letter_due(s->o.db, a->queue, &due, &err) == 0 &&
		    due != INT64_MAX && due - now < wait)
			wait = due - now;
	}
	if (wait != INT64_MAX)
		loop_timer_set(s->timer, wait > 0 ? wait : 0);
}

void
sqs_look(struct sqs *s)
{
	struct sqs_ask *a, *next;
	int n;

	for (a = TAILQ_FIRST(&s->waiting); a != NULL; a = next) {
		next = TAILQ_NEXT(a, entry);
		n = serve(a);
		if (n == 0 && clock_mono_ms() < a->until && !s->stopped)
			continue;
		TAILQ_REMOVE(&s->waiting, a, entry);
		a->waits = false;
		sqs_ask_finish(a);
	}
	plan(s);
}

static void
on_timer(void *arg)
{
	sqs_look(arg);
}

static void
on_posted(void *arg)
{
	struct sqs *s = arg;

	s->posted = false;
	sqs_look(s);
}

void
sqs_look_soon(struct sqs *s)
{
	if (s->posted || TAILQ_EMPTY(&s->waiting))
		return;
	s->posted = true;
	loop_post(s->o.loop, on_posted, s);
}

/* --- making --------------------------------------------------------- */

static int
declare(struct sqs *s, const struct conf_queue *c, struct error *err)
{
	int64_t now = clock_wall_ms();
	struct sqs_settings settings;
	struct db_queue q = {
	    .name = c->name, .created_at = now, .changed_at = now};
	int rc;

	sqs_settings_init(&settings);
	settings.number[SQS_VISIBILITY] = c->visibility_timeout_ms / 1000;
	if (!str_empty(c->dead_letter_queue)) {
		settings.max_receives = c->max_receive_count;
		settings.dead_letter_arn = sqs_arn(s, c->dead_letter_queue);
		settings.redrive_policy = xasprintf(
		    "{\"deadLetterTargetArn\":\"%s\","
		    "\"maxReceiveCount\":%lld}",
		    settings.dead_letter_arn, (long long)c->max_receive_count);
	}
	q.attributes = sqs_settings_text(&settings);
	rc = db_queue_put(s->o.db, &q, err);
	free(q.attributes);
	sqs_settings_done(&settings);
	return rc;
}

int
sqs_new(const struct sqs_options *options, struct sqs **out, struct error *err)
{
	struct sqs *s = xcalloc(1, sizeof(*s));
	size_t i;

	s->o = *options;
	s->base_url = xstrdup("http://127.0.0.1");
	TAILQ_INIT(&s->waiting);
	s->timer = loop_timer_new(s->o.loop, on_timer, s);
	for (i = 0; i < s->o.conf->queues_n; i++) {
		if (declare(s, &s->o.conf->queues[i], err) == 0)
			continue;
		sqs_free(s);
		return -1;
	}
	*out = s;
	return 0;
}

void
sqs_start(struct sqs *s, const char *base_url)
{
	free(s->base_url);
	s->base_url = xstrdup(base_url);
}

void
sqs_stop(struct sqs *s)
{
	s->stopped = true;
	sqs_look(s);
}

void
sqs_free(struct sqs *s)
{
	if (s == NULL)
		return;
	loop_unpost(s->o.loop, s);
	loop_timer_free(s->timer);
	free(s->base_url);
	free(s);
}
