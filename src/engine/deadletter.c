/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A delivery that is given up is told of, where somebody wants to hear that.
 * The event is made in the step that writes the end down: no crash comes
 * between the two.
 */
#include "deliver/deadletter.h"

#include "base/str.h"
#include "engine/dispatch.h"

/* NULL: nobody is told. */
static const char *
told_target(const struct shipment *s)
{
	const struct engine_options *o = dispatch_options(s);

	if (o->dead_letter == NULL || s->d->state != DELIVERY_DEAD ||
	    str_eq(s->d->event, DEADLETTER_EVENT))
		return NULL;
	return o->dead_letter(o->target_arg);
}

/* One that is not there now may be again: then it waits, and is plain. */
static enum delivery_format
format_of(const struct shipment *s, const char *name)
{
	const struct engine_options *o = dispatch_options(s);
	enum delivery_format format = DELIVERY_PLAIN;
	struct target *t =
	    o->target != NULL ? o->target(name, o->target_arg) : NULL;

	if (t != NULL) {
		format = t->format;
		target_unref(t);
	}
	return format;
}

void
deadletter_attach(struct shipment *s)
{
	const char *name = told_target(s);
	struct deadletter what = {
	    .dead = s->d,
	    .last = &s->attempt,
	    .job = s->job,
	};
	struct delivery *d;

	if (name == NULL)
		return;
	d = delivery_new_about(s->d, name, DEADLETTER_EVENT, s->d->ended_at);
	d->format = format_of(s, name);
	what.body = s->full->body;
	deadletter_fill(d, &what);
	s->d->follow = d;
}

void
deadletter_begin(struct shipment *s)
{
	struct delivery *d = s->d->follow;

	s->d->follow = NULL;
	if (d != NULL)
		dispatch_add(s->dispatch, d);
}
