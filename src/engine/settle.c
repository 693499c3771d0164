/* SPDX-License-Identifier: Apache-2.0 */
/* From an outcome and a list of targets to deliveries. */
#include "engine/settle.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "deliver/payload.h"

/* A result up to here is kept in the store for those who want it bare. */
#define RESULT_KEEP_MAX 65536
/* Of an event: the result as base64, the error's words, names and places. */
#define EVENT_MAX ((size_t)4 * 1024 * 1024)
#define EVENT_INLINE_MAX ((size_t)256 * 1024)
#define RESULT_TYPE "application/octet-stream"

/* How a target wants it; a target that is not configured now may be again. */
struct wish {
	enum delivery_payload payload;
	size_t inline_max;
};

static struct wish
wish_of(const struct work *w, const char *name)
{
	const struct engine_options *o = engine_options_of(w);
	struct wish wish = {
	    .payload =
		str_starts(name, "exec ") ? DELIVERY_RAW : DELIVERY_EVENT,
	};
	struct target *t =
	    o->target != NULL ? o->target(name, o->target_arg) : NULL;

	if (t != NULL) {
		wish.payload = t->payload;
		wish.inline_max = t->inline_max < EVENT_INLINE_MAX
		    ? t->inline_max
		    : EVENT_INLINE_MAX;
		target_unref(t);
	}
	return wish;
}

/* "webhook a, exec b", name by name: the caller's, or NULL at the end. */
static char *
next_target(const char **list)
{
	const char *p = *list;
	size_t len;

	if (p == NULL)
		return NULL;
	p += strspn(p, ", ");
	len = strcspn(p, ",");
	*list = p + len;
	while (len > 0 && p[len - 1] == ' ')
		len--;
	return len > 0 ? xstrndup(p, len) : NULL;
}

int64_t
settle_wants(const struct work *w)
{
	const char *list = w->job->spec.deliver;
	int64_t most = -1, one;
	char *name;

	while ((name = next_target(&list)) != NULL) {
		struct wish wish = wish_of(w, name);

		one = wish.payload == DELIVERY_RAW ? RESULT_KEEP_MAX
						   : (int64_t)wish.inline_max;
		if (one > most)
			most = one;
		free(name);
	}
	return most;
}

static void
set_event(struct work *w, struct delivery *d, const struct wish *wish)
{
	bool inlined =
	    w->step->have_result && w->step->result.len <= wish->inline_max;
	struct buf b;

	buf_init(&b, EVENT_MAX);
	/* Everything in it has a cap well below. */
	if (payload_event(&b, w->job, inlined ? w->step->result.data : NULL,
		inlined ? w->step->result.len : 0) == -1)
		abort();
	d->content_type = xstrdup("application/json");
	delivery_set_body(d, b.data, b.len);
	buf_done(&b);
}

static void
set_result(struct work *w, struct delivery *d)
{
	const struct job *job = w->job;
	bool late = job->late_at != 0;
	const char *type = late ? job->late_type : job->result_type;
	int64_t size = late ? job->late_size : job->result_size;
	const char *words;

	if (!late && job->outcome != OUTCOME_OK) {
		words = payload_words(job);
		d->content_type = xstrdup("text/plain; charset=utf-8");
		delivery_set_body(d, words, strlen(words));
		return;
	}
	d->content_type = xstrdup(str_empty(type) ? RESULT_TYPE : type);
	if (w->step->have_result && w->step->result.len <= RESULT_KEEP_MAX) {
		delivery_set_body(d, w->step->result.data, w->step->result.len);
		return;
	}
	d->by_reference = true;
	d->body_size = size > 0 ? size : 0;
}

/* It follows from its target: a second one would be the first. */
static bool
has(const struct job *job, const struct delivery *d)
{
	size_t i;

	for (i = 0; i < job->ndeliveries; i++) {
		if (str_eq(job->deliveries[i]->id, d->id))
			return true;
	}
	return false;
}

static void
add_deliveries(struct work *w, int64_t at)
{
	struct job *job = w->job;
	const char *list = job->spec.deliver;
	struct delivery *d;
	char *name;

	while ((name = next_target(&list)) != NULL) {
		struct wish wish = wish_of(w, name);

		d = delivery_new(job->id, name, payload_event_type(job), at);
		free(name);
		if (has(job, d)) {
			delivery_free(d);
			continue;
		}
		d->payload = wish.payload;
		if (wish.payload == DELIVERY_RAW)
			set_result(w, d);
		else
			set_event(w, d, &wish);
		job_add_delivery(job, d);
	}
}

void
settle_deliveries(struct work *w)
{
	struct job *job = w->job;

	if (w->step->have_result && job->result_sha256 == NULL) {
		job->result_sha256 = xmalloc(HASH_SHA256_HEX_SIZE);
		hash_sha256_hex(w->step->result.data, w->step->result.len,
		    job->result_sha256);
	}
	add_deliveries(w, job->completed_at);
}

void
settle_late(struct work *w)
{
	add_deliveries(w, w->job->late_at);
}
