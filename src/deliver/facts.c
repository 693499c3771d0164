/* SPDX-License-Identifier: Apache-2.0 */
/* A delivery's facts as JSON. */
#include "deliver/facts.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/jsonw.h"
#include "base/str.h"
#include "deliver/payload.h"

#define LATE "inference.late"

const char *
facts_payload_name(enum delivery_payload payload)
{
	switch (payload) {
	case DELIVERY_EVENT:
		return "event";
	case DELIVERY_RAW:
		return "raw";
	case DELIVERY_REFERENCE:
		return "reference";
	}
	abort();
}

static bool
is_result(const struct facts *f)
{
	const struct delivery *d = f->parcel->delivery;

	return d->payload == DELIVERY_RAW &&
	    (str_eq(d->event, "inference.completed") || str_eq(d->event, LATE));
}

/* The digest of the bytes, or NULL. */
static const char *
digest(const struct facts *f)
{
	const struct delivery *d = f->parcel->delivery;

	if (f->sha256 != NULL || !d->by_reference)
		return f->sha256 != NULL ? f->sha256 : d->body_sha256;
	return str_eq(d->event, LATE) ? NULL : f->parcel->job->result_sha256;
}

/*
 * The account's data, as the last member. A late result that came behind this
 * event is not its affair, and what was found out about the bytes meanwhile
 * must not make two accounts of one.
 */
static void
add_data(struct jsonw *w, const struct facts *f)
{
	struct job job = *f->parcel->job;
	const struct payload nothing = {0};
	char sha256[HASH_SHA256_HEX_SIZE];
	const char *known = digest(f);

	if (!str_eq(f->parcel->delivery->event, LATE))
		job.late_at = 0;
	if (is_result(f) && known != NULL && strlen(known) < sizeof(sha256)) {
		memcpy(sha256, known, strlen(known) + 1);
		job.result_sha256 = sha256;
	}
	buf_puts(w->out, ",\"data\":");
	if (payload_data(w->out, &job, &nothing) == -1)
		w->out->overflow = true;
	w->comma = true;
}

static void
add_attempt(struct jsonw *w, const struct parcel *p)
{
	jsonw_int(w, "attempt", p->attempt);
	jsonw_bool(w, "replay", p->replay);
	jsonw_opt(w, "result_url", p->result_url);
}

int
facts_write(struct buf *out, const struct facts *f)
{
	const struct delivery *d = f->parcel->delivery;
	struct jsonw w;

	jsonw_init(&w, out);
	jsonw_begin(&w, NULL, '{');
	jsonw_str(&w, "id", d->id);
	jsonw_str(&w, "type", d->event);
	jsonw_time(&w, "timestamp", d->created_at);
	jsonw_str(&w, "target", d->target);
	jsonw_opt(&w, "about", d->about);
	if (f->attempt)
		add_attempt(&w, f->parcel);
	jsonw_str(&w, "payload", facts_payload_name(d->payload));
	jsonw_opt(&w, "content_type", d->content_type);
	jsonw_int(&w, "size", f->parcel->size);
	jsonw_opt(&w, "sha256", digest(f));
	jsonw_opt(&w, "file", f->file);
	add_data(&w, f);
	jsonw_end(&w, '}');
	return out->overflow ? -1 : 0;
}
