/* SPDX-License-Identifier: Apache-2.0 */
/* Messages and deliveries, written together. */
#include "local/sns_post.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"

struct posting {
	const struct sns_post *p;
	struct db_message *m;
	struct fault_subject subject;
};

/* 1 where a receiver takes so little that no more is kept for it, 0, or -1. */
static int
is_full(const struct sns_post *p, const char *subscription,
    const struct db_message *m, struct error *err)
{
	int64_t n;

	if (db_delivery_count(p->db, subscription, SNS_WAITING_MAX, &n, err) ==
	    -1)
		return -1;
	if (n < SNS_WAITING_MAX)
		return 0;
	log_begin(LOG_WARN, "sns");
	log_str("delivery", "dropped");
	log_str("message", m->id);
	log_str("subscription", subscription);
	log_int("waiting", n);
	log_end();
	return 1;
}

/* Once for each message. */
static int
add_message(const struct sns_post *p, struct db_message *m, struct error *err)
{
	return m->seq != 0 ? 0 : db_message_add(p->db, m, err);
}

static int
add_delivery(
    const struct sns_post *p, const struct db_delivery *d, struct error *err)
{
	if (db_delivery_add(p->db, d, err) == -1)
		return -1;
	sns_push_expect(p->push, d->subscription);
	return 0;
}

static void
label(struct db_message *m, const char *type)
{
	char uuid[RANDOM_UUID_SIZE];

	random_uuid(uuid);
	free(m->id);
	free(m->type);
	m->id = xstrdup(uuid);
	m->type = xstrdup(type);
	m->published_at = clock_wall_ms();
}

/* When it is due, as the faults want it. */
static void
choose_time(const struct posting *g, struct db_delivery *d)
{
	struct faults *faults = g->p->faults;
	const struct fault *f;

	f = fault_take(faults, FAULT_DELAY_NOTIFICATION, &g->subject);
	if (f != NULL)
		d->due_at += f->ms;
	if (fault_take(faults, FAULT_REORDER_NOTIFICATION, &g->subject) == NULL)
		return;
	d->held = true;
	d->due_at += SNS_HOLD_MS;
}

static int
post_to(const char *subscription, void *arg, struct error *err)
{
	struct posting *g = arg;
	struct faults *faults = g->p->faults;
	struct db_delivery d = {
	    .subscription = subscription,
	    .due_at = g->m->published_at,
	};
	int rc;

	if (fault_take(faults, FAULT_LOSE_NOTIFICATION, &g->subject) != NULL)
		return 0;
	rc = is_full(g->p, subscription, g->m, err);
	if (rc != 0)
		return rc == 1 ? 0 : -1;
	if (add_message(g->p, g->m, err) == -1)
		return -1;
	d.message = g->m->seq;
	choose_time(g, &d);
	if (add_delivery(g->p, &d, err) == -1)
		return -1;
	if (fault_take(faults, FAULT_DOUBLE_NOTIFICATION, &g->subject) == NULL)
		return 0;
	d.copy = 1;
	return add_delivery(g->p, &d, err);
}

int
sns_post_all(const struct sns_post *p, struct db_message *m,
    const char *endpoint, struct error *err)
{
	struct posting g = {
	    .p = p,
	    .m = m,
	    .subject =
		{
		    .operation = "Notification",
		    .endpoint = endpoint,
		    .topic = m->topic,
		},
	};

	label(m, "Notification");
	return db_subscription_confirmed(p->db, m->topic, post_to, &g, err);
}

/* As SNS words it. */
static char *
ask(const struct db_subscription *to)
{
	return to->state == DB_ENDED
	    ? xasprintf("You have chosen to deactivate subscription %s.\n"
			"To cancel this operation and restore the "
			"subscription, visit the SubscribeURL included in "
			"this message.",
		  to->arn)
	    : xasprintf("You have chosen to subscribe to the topic %s.\n"
			"To confirm the subscription, visit the SubscribeURL "
			"included in this message.",
		  to->topic);
}

int
sns_post_confirmation(const struct sns_post *p,
    const struct db_subscription *to, struct error *err)
{
	struct db_delivery d = {.subscription = to->arn};
	struct db_message m = {
	    .topic = xstrdup(to->topic),
	    .token = xstrdup(to->token),
	    .body = ask(to),
	};
	int rc;

	label(&m,
	    to->state == DB_ENDED ? "UnsubscribeConfirmation"
				  : "SubscriptionConfirmation");
	d.due_at = m.published_at;
	rc = is_full(p, to->arn, &m, err);
	if (rc == 0)
		rc = add_message(p, &m, err);
	d.message = m.seq;
	if (rc == 0)
		rc = add_delivery(p, &d, err);
	db_message_done(&m);
	return rc == -1 ? -1 : 0;
}
