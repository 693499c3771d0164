/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A job or a delivery as JSON, and back. Inputs, results and what was
 * delivered are never part of it. What one side writes the other reads: where
 * that is no more than copying, one list of members serves both.
 */
#include "job/jobjson.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "job/tags.h"

#define AVOID "avoid"
#define TRANSIENT "transient"

enum kind {
	TEXT, /* char *, left out where there is none */
	TIME, /* int64_t, left out where it is 0 */
	SIZE, /* int64_t, not negative */
	LIMIT, /* the same, left out where it is 0 */
	COUNT, /* unsigned */
	FLAG, /* bool */
	STATUS, /* int, left out where it is ATTEMPT_NO_STATUS */
};

struct member {
	const char *name;
	enum kind kind;
	size_t offset;
};

#define M(type, kind, field, name)                       \
	{                                                \
		name, kind, offsetof(struct type, field) \
	}

static const struct member job_times[] = {
    M(job, TIME, created_at, "created_at"),
    M(job, TIME, submitted_at, "submitted_at"),
    M(job, TIME, completed_at, "completed_at"),
};

static const struct member job_deadline[] = {
    M(job, TIME, deadline_at, "deadline_at"),
};

static const struct member job_look[] = {
    M(job, TIME, next_look_at, "next_look_at"),
    M(job, TEXT, next_look_why, "next_look_why"),
};

static const struct member job_result[] = {
    M(job, TEXT, result_location, "location"),
    M(job, TEXT, result_etag, "etag"),
    M(job, TEXT, result_type, "content_type"),
    M(job, SIZE, result_size, "size"),
    M(job, TEXT, result_sha256, "sha256"),
};

static const struct member job_late[] = {
    M(job, TIME, late_at, "found_at"),
    M(job, TEXT, late_location, "location"),
    M(job, TEXT, late_etag, "etag"),
    M(job, TEXT, late_type, "content_type"),
    M(job, SIZE, late_size, "size"),
};

static const struct member job_error[] = {
    M(job, TEXT, error_code, "error_code"),
    M(job, TEXT, error_text, "error"),
};

static const struct member request[] = {
    M(job_spec, TEXT, region, "region"),
    M(job_spec, TEXT, content_type, "content_type"),
    M(job_spec, TEXT, accept, "accept"),
    M(job_spec, TEXT, custom_attributes, "custom_attributes"),
    M(job_spec, TEXT, inference_id, "inference_id"),
    M(job_spec, TEXT, extension, "output_path_extension"),
    M(job_spec, TEXT, filename, "filename"),
    M(job_spec, LIMIT, request_ttl_s, "request_ttl_s"),
    M(job_spec, LIMIT, invocation_timeout_s, "invocation_timeout_s"),
    M(job_spec, TEXT, input_location, "input_location"),
    M(job_spec, TEXT, input_path, "input_path"),
};

static const struct member callback[] = {
    M(job_spec, TEXT, callback_url, "callback_url"),
};

static const struct member told[] = {
    M(job_spec, TEXT, traceparent, "traceparent"),
    M(job_spec, TEXT, tracestate, "tracestate"),
};

static const struct member retry[] = {
    M(job_spec, TEXT, retry_of, "retry_of"),
};

static const struct member submission[] = {
    M(submission, TEXT, inference_id, "inference_id"),
    M(submission, TIME, intent_at, "intent_at"),
    M(submission, TIME, ended_at, "ended_at"),
    M(submission, TEXT, predicted, "predicted_location"),
    M(submission, TEXT, output_location, "output_location"),
    M(submission, TEXT, failure_location, "failure_location"),
    M(submission, TEXT, request_id, "request_id"),
    M(submission, TEXT, note, "note"),
};

static const struct member delivery_due[] = {
    M(delivery, TIME, due_at, "due_at"),
};

static const struct member delivery_brief[] = {
    M(delivery, COUNT, attempts, "attempts"),
    M(delivery, COUNT, interruptions, "interruptions"),
    M(delivery, TIME, ended_at, "ended_at"),
    M(delivery, STATUS, last_status, "status"),
    M(delivery, TEXT, note, "note"),
    M(delivery, TEXT, about, "about"),
};

static const struct member delivery_rest[] = {
    M(delivery, TIME, created_at, "created_at"),
    M(delivery, TEXT, content_type, "content_type"),
    M(delivery, SIZE, body_size, "body_size"),
    M(delivery, TEXT, body_sha256, "body_sha256"),
    M(delivery, FLAG, by_reference, "by_reference"),
    M(delivery, TIME, url_expires_at, "url_expires_at"),
    M(delivery, TIME, interrupted_since, "interrupted_since"),
    M(delivery, COUNT, replays, "replays"),
};

static const struct member attempt[] = {
    M(attempt, FLAG, replay, "replay"),
    M(attempt, TIME, started_at, "started_at"),
    M(attempt, TIME, ended_at, "ended_at"),
    M(attempt, STATUS, status, "status"),
    M(attempt, TEXT, error_class, "class"),
    M(attempt, TEXT, note, "note"),
    M(attempt, TEXT, response, "response"),
};

/* --- writing -------------------------------------------------------- */

static void
write_int(struct jsonw *w, const char *name, int64_t value, int64_t nothing)
{
	if (value != nothing)
		jsonw_int(w, name, value);
}

static void
write_member(struct jsonw *w, const struct member *m, const void *from)
{
	const void *at = (const char *)from + m->offset;

	switch (m->kind) {
	case TEXT:
		jsonw_opt(w, m->name, *(char *const *)at);
		return;
	case TIME:
		jsonw_time(w, m->name, *(const int64_t *)at);
		return;
	case SIZE:
		jsonw_int(w, m->name, *(const int64_t *)at);
		return;
	case LIMIT:
		write_int(w, m->name, *(const int64_t *)at, 0);
		return;
	case COUNT:
		jsonw_int(w, m->name, *(const unsigned *)at);
		return;
	case FLAG:
		jsonw_bool(w, m->name, *(const bool *)at);
		return;
	case STATUS:
		write_int(w, m->name, *(const int *)at, ATTEMPT_NO_STATUS);
		return;
	}
	abort();
}

static void
write_members(
    struct jsonw *w, const struct member *list, size_t n, const void *from)
{
	size_t i;

	for (i = 0; i < n; i++)
		write_member(w, &list[i], from);
}
#define WRITE(w, list, from) write_members(w, list, ARRAY_LEN(list), from)

static void
write_request(struct jsonw *w, const struct job_spec *spec)
{
	jsonw_begin(w, "request", '{');
	WRITE(w, request, spec);
	/* As the keys of an endpoint's section have it. */
	if (spec->avoid_duplicates)
		jsonw_str(w, "duplicates", AVOID);
	if (spec->retry_failed)
		jsonw_str(w, "retry_failed", TRANSIENT);
	jsonw_int(w, "input_size",
	    spec->input == INPUT_BODY ? (int64_t)spec->body_len
				      : spec->input_size);
	jsonw_end(w, '}');
}

static void
write_submission(struct jsonw *w, const struct submission *s)
{
	jsonw_begin(w, NULL, '{');
	jsonw_int(w, "n", s->n);
	jsonw_str(w, "fate", submission_fate_name(s->fate));
	WRITE(w, submission, s);
	jsonw_end(w, '}');
}

static void
write_full(struct jsonw *w, const struct job *job)
{
	size_t i;

	WRITE(w, retry, &job->spec);
	write_request(w, &job->spec);
	if (job->spec.deliver != NULL)
		jsonw_list(w, "deliver", job->spec.deliver);
	if (job->spec.callback_url != NULL)
		jsonw_strn(w, "callback_url", job->spec.callback_url,
		    job_spec_callback_len(&job->spec));
	WRITE(w, told, &job->spec);
	jsonw_begin(w, "submissions", '[');
	for (i = 0; i < job->nsubs; i++)
		write_submission(w, &job->subs[i]);
	jsonw_end(w, ']');
	jsonw_begin(w, "deliveries", '[');
	for (i = 0; i < job->ndeliveries; i++)
		jobjson_write_delivery(w, job->deliveries[i], false);
	jsonw_end(w, ']');
}

void
jobjson_write(struct jsonw *w, const struct job *job, bool full)
{
	jsonw_begin(w, NULL, '{');
	jsonw_str(w, "job", job->id);
	jsonw_str(w, "endpoint", job->spec.endpoint);
	jsonw_str(w, "state", job_state_name(job->state));
	jsonw_str(w, "outcome", job_outcome_name(job->outcome));
	if (job->spec.tags != NULL)
		jsonw_list(w, "tags", job->spec.tags);
	WRITE(w, job_times, job);
	if (job->state != JOB_DONE) {
		WRITE(w, job_deadline, job);
		WRITE(w, job_look, job);
	}
	if (job->outcome == OUTCOME_OK) {
		jsonw_begin(w, "result", '{');
		WRITE(w, job_result, job);
		jsonw_end(w, '}');
	}
	WRITE(w, job_error, job);
	if (job->late_at != 0) {
		jsonw_begin(w, "late", '{');
		WRITE(w, job_late, job);
		jsonw_end(w, '}');
	}
	if (full)
		write_full(w, job);
	jsonw_end(w, '}');
}

void
jobjson_write_attempt(struct jsonw *w, const struct attempt *a)
{
	jsonw_int(w, "n", a->n);
	jsonw_str(w, "outcome", attempt_outcome_name(a->outcome));
	WRITE(w, attempt, a);
	/* Clocks may be set back. */
	if (a->ended_at >= a->started_at && a->started_at != 0)
		jsonw_int(w, "latency_ms", a->ended_at - a->started_at);
}

void
jobjson_write_delivery(struct jsonw *w, const struct delivery *d, bool full)
{
	size_t i;

	jsonw_begin(w, NULL, '{');
	jsonw_str(w, "delivery", d->id);
	jsonw_str(w, "job", d->job_id);
	jsonw_str(w, "target", d->target);
	jsonw_str(w, "event", d->event);
	jsonw_str(w, "state", delivery_state_name(d->state));
	if (d->state == DELIVERY_WAITING)
		WRITE(w, delivery_due, d);
	WRITE(w, delivery_brief, d);
	/* Whoever reads it back knows by the interruptions. */
	if (delivery_quarantined(d))
		jsonw_bool(w, "quarantined", true);
	if (full) {
		WRITE(w, delivery_rest, d);
		jsonw_str(w, "payload", delivery_payload_name(d->payload));
		if (d->format != DELIVERY_PLAIN)
			jsonw_str(
			    w, "cloudevents", delivery_format_name(d->format));
		jsonw_begin(w, "log", '[');
		for (i = 0; i < d->nlog; i++) {
			jsonw_begin(w, NULL, '{');
			jobjson_write_attempt(w, &d->log[i]);
			jsonw_end(w, '}');
		}
		jsonw_end(w, ']');
	}
	jsonw_end(w, '}');
}

/* --- reading -------------------------------------------------------- */

static int
bad(struct error *err, const char *name)
{
	return err_set(err, ERR_PROTOCOL,
	    "the member \"%s\" is not what it should be", name);
}

static int
read_text(const struct json *j, char **out)
{
	const char *s = json_str(j);

	if (s == NULL)
		return -1;
	free(*out);
	*out = xstrdup(s);
	return 0;
}

static int
read_time(const struct json *j, int64_t *out)
{
	const char *s = json_str(j);

	return s != NULL ? timefmt_parse_iso(s, out) : -1;
}

static int
read_i64(const struct json *j, int64_t min, int64_t max, int64_t *out)
{
	int64_t value;

	if (json_i64(j, &value) == -1 || value < min || value > max)
		return -1;
	*out = value;
	return 0;
}

static int
read_member(const struct json *j, const struct member *m, void *to)
{
	void *at = (char *)to + m->offset;
	int64_t value;

	switch (m->kind) {
	case TEXT:
		return read_text(j, at);
	case TIME:
		return read_time(j, at);
	case SIZE:
	case LIMIT:
		return read_i64(j, 0, INT64_MAX, at);
	case COUNT:
		if (read_i64(j, 0, INT_MAX, &value) == -1)
			return -1;
		*(unsigned *)at = (unsigned)value;
		return 0;
	case FLAG:
		return json_bool(j, at);
	case STATUS:
		if (read_i64(j, ATTEMPT_NO_STATUS, INT_MAX, &value) == -1)
			return -1;
		*(int *)at = (int)value;
		return 0;
	}
	abort();
}

static int
read_members(const struct json *obj, const struct member *list, size_t n,
    void *to, struct error *err)
{
	const struct json *j;
	size_t i;

	for (i = 0; i < n; i++) {
		j = json_get(obj, list[i].name);
		if (j != NULL && read_member(j, &list[i], to) == -1)
			return bad(err, list[i].name);
	}
	return 0;
}
#define READ(obj, list, to, err) \
	read_members(obj, list, ARRAY_LEN(list), to, err)

/* A member that must be there. */
static int
need_text(
    const struct json *obj, const char *name, char **out, struct error *err)
{
	return read_text(json_get(obj, name), out) == 0 ? 0 : bad(err, name);
}

/* What stands in for a name that is missing: it is none of anything. */
static const char *
name_of(const struct json *obj, const char *member)
{
	const char *s = json_get_str(obj, member);

	return s != NULL ? s : "";
}

static int
read_job_id(const struct json *obj, char out[JOBID_SIZE], struct error *err)
{
	const char *id = name_of(obj, "job");

	if (!jobid_ok(id))
		return bad(err, "job");
	memcpy(out, id, JOBID_SIZE);
	return 0;
}

/* An array that may be missing: *out is NULL then. */
static int
read_array(const struct json *obj, const char *name, const struct json **out,
    struct error *err)
{
	const struct json *array = json_get(obj, name);

	if (array != NULL && !json_is_array(array))
		return bad(err, name);
	*out = json_first(array);
	return 0;
}

/* A word that stands there where it was chosen. */
static int
read_choice(const struct json *obj, const char *name, const char *word,
    bool *out, struct error *err)
{
	*out = json_get(obj, name) != NULL;
	return !*out || str_eq(name_of(obj, name), word) ? 0 : bad(err, name);
}

/* Which kind it was is told by what is known of it. */
static int
read_request(const struct json *obj, struct job_spec *spec, struct error *err)
{
	const struct json *size = json_get(obj, "input_size");

	if (obj == NULL)
		return 0;
	if (!json_is_object(obj))
		return bad(err, "request");
	if (READ(obj, request, spec, err) == -1)
		return -1;
	if (read_choice(
		obj, "duplicates", AVOID, &spec->avoid_duplicates, err) == -1 ||
	    read_choice(
		obj, "retry_failed", TRANSIENT, &spec->retry_failed, err) == -1)
		return -1;
	if (size != NULL &&
	    read_i64(size, 0, INT64_MAX, &spec->input_size) == -1)
		return bad(err, "input_size");
	if (spec->input_path != NULL)
		spec->input = INPUT_FILE;
	else if (spec->input_location != NULL)
		spec->input = INPUT_LOCATION;
	else
		spec->body_len = (size_t)spec->input_size;
	return 0;
}

static int
read_targets(const struct json *obj, struct job_spec *spec, struct error *err)
{
	const struct json *item = NULL;
	const char *name;
	char *list = NULL, *longer;

	if (read_array(obj, "deliver", &item, err) == -1)
		return -1;
	for (; item != NULL; item = json_next(item)) {
		name = json_str(item);
		if (name == NULL || strchr(name, ',') != NULL) {
			free(list);
			return bad(err, "deliver");
		}
		longer = list == NULL ? xstrdup(name)
				      : xasprintf("%s, %s", list, name);
		free(list);
		list = longer;
	}
	if (list == NULL && json_get(obj, "deliver") != NULL)
		list = xstrdup("");
	spec->deliver = list;
	return 0;
}

/* Checked as a caller's are: what is none is no job of ours. */
static int
read_tags(const struct json *obj, struct job_spec *spec, struct error *err)
{
	const char *words[TAGS_MAX];
	const struct json *item = NULL;
	size_t n = 0;

	if (read_array(obj, "tags", &item, err) == -1)
		return -1;
	for (; item != NULL; item = json_next(item)) {
		if (n == TAGS_MAX || json_str(item) == NULL)
			return bad(err, "tags");
		words[n++] = json_str(item);
	}
	return tags_join(words, n, &spec->tags, err) == 0 ? 0
							  : bad(err, "tags");
}

static int
read_submission(const struct json *obj, struct job *job, struct error *err)
{
	struct submission *s;
	int64_t n;

	if (job->nsubs >= SUBMISSIONS_MAX ||
	    json_i64(json_get(obj, "n"), &n) == -1 ||
	    n != (int64_t)job->nsubs + 1)
		return bad(err, "submissions");
	s = job_add_submission(job);
	if (submission_fate_parse(name_of(obj, "fate"), &s->fate) == -1)
		return bad(err, "fate");
	return READ(obj, submission, s, err);
}

static int
read_submissions(const struct json *obj, struct job *job, struct error *err)
{
	const struct json *item = NULL;

	if (read_array(obj, "submissions", &item, err) == -1)
		return -1;
	for (; item != NULL; item = json_next(item)) {
		if (read_submission(item, job, err) == -1)
			return -1;
	}
	return 0;
}

static int
read_deliveries(const struct json *obj, struct job *job, struct error *err)
{
	const struct json *item = NULL;
	struct delivery *d;

	if (read_array(obj, "deliveries", &item, err) == -1)
		return -1;
	for (; item != NULL; item = json_next(item)) {
		if (jobjson_parse_delivery(item, &d, err) == -1)
			return -1;
		if (!str_eq(d->job_id, job->id)) {
			delivery_free(d);
			return bad(err, "deliveries");
		}
		job_add_delivery(job, d);
	}
	return 0;
}

static int
read_state(const struct json *obj, struct job *job, struct error *err)
{
	if (job_state_parse(name_of(obj, "state"), &job->state) == -1)
		return bad(err, "state");
	if (job_outcome_parse(name_of(obj, "outcome"), &job->outcome) == -1 ||
	    (job->state == JOB_DONE) != (job->outcome != OUTCOME_NONE))
		return bad(err, "outcome");
	return 0;
}

/* "result" or "late", which may be missing. */
static int
read_place(const struct json *obj, const char *name, const struct member *list,
    size_t n, struct job *job, struct error *err)
{
	const struct json *place = json_get(obj, name);

	if (place == NULL)
		return 0;
	if (!json_is_object(place))
		return bad(err, name);
	return read_members(place, list, n, job, err);
}
#define READ_PLACE(obj, name, list, job, err) \
	read_place(obj, name, list, ARRAY_LEN(list), job, err)

static int
read_job(const struct json *obj, struct job *job, struct error *err)
{
	if (read_job_id(obj, job->id, err) == -1 ||
	    need_text(obj, "endpoint", &job->spec.endpoint, err) == -1 ||
	    read_state(obj, job, err) == -1 ||
	    READ(obj, job_times, job, err) == -1 ||
	    READ(obj, job_deadline, job, err) == -1 ||
	    READ(obj, job_look, job, err) == -1 ||
	    READ_PLACE(obj, "result", job_result, job, err) == -1 ||
	    READ_PLACE(obj, "late", job_late, job, err) == -1 ||
	    READ(obj, job_error, job, err) == -1 ||
	    READ(obj, retry, &job->spec, err) == -1 ||
	    READ(obj, callback, &job->spec, err) == -1 ||
	    READ(obj, told, &job->spec, err) == -1 ||
	    read_request(json_get(obj, "request"), &job->spec, err) == -1 ||
	    read_targets(obj, &job->spec, err) == -1 ||
	    read_tags(obj, &job->spec, err) == -1 ||
	    read_submissions(obj, job, err) == -1)
		return -1;
	return read_deliveries(obj, job, err);
}

int
jobjson_parse(const struct json *j, struct job **out, struct error *err)
{
	struct job *job = xcalloc(1, sizeof(*job));

	if (read_job(j, job, err) == -1) {
		job_free(job);
		return -1;
	}
	*out = job;
	return 0;
}

int
jobjson_parse_attempt(
    const struct json *obj, struct attempt *a, struct error *err)
{
	int64_t n;

	if (read_i64(json_get(obj, "n"), 1, INT_MAX, &n) == -1)
		return bad(err, "n");
	a->n = (unsigned)n;
	a->status = ATTEMPT_NO_STATUS;
	if (attempt_outcome_parse(name_of(obj, "outcome"), &a->outcome) == -1)
		return bad(err, "outcome");
	/* It follows from the instants. */
	if (json_get(obj, "latency_ms") != NULL &&
	    read_i64(json_get(obj, "latency_ms"), 0, INT64_MAX, &n) == -1)
		return bad(err, "latency_ms");
	return READ(obj, attempt, a, err);
}

static int
read_log(const struct json *obj, struct delivery *d, struct error *err)
{
	const struct json *item = NULL;

	if (read_array(obj, "log", &item, err) == -1)
		return -1;
	for (; item != NULL; item = json_next(item)) {
		d->log = xreallocarray(d->log, d->nlog + 1, sizeof(*d->log));
		memset(&d->log[d->nlog], 0, sizeof(*d->log));
		if (jobjson_parse_attempt(item, &d->log[d->nlog++], err) == -1)
			return -1;
	}
	return 0;
}

/* How it goes over, which short forms do not say. */
static int
read_form(const struct json *obj, struct delivery *d, struct error *err)
{
	const char *payload = name_of(obj, "payload");
	const char *format = name_of(obj, "cloudevents");

	if (json_get(obj, "payload") != NULL &&
	    delivery_payload_parse(payload, &d->payload) == -1)
		return bad(err, "payload");
	if (json_get(obj, "cloudevents") != NULL &&
	    (*format == '\0' ||
		delivery_format_parse(format, &d->format) == -1))
		return bad(err, "cloudevents");
	return 0;
}

static int
read_delivery(const struct json *obj, struct delivery *d, struct error *err)
{
	const char *id = name_of(obj, "delivery");

	if (!delivery_id_ok(id))
		return bad(err, "delivery");
	memcpy(d->id, id, DELIVERY_ID_SIZE);
	if (delivery_state_parse(name_of(obj, "state"), &d->state) == -1)
		return bad(err, "state");
	if (read_job_id(obj, d->job_id, err) == -1 ||
	    need_text(obj, "target", &d->target, err) == -1 ||
	    need_text(obj, "event", &d->event, err) == -1 ||
	    READ(obj, delivery_due, d, err) == -1 ||
	    READ(obj, delivery_brief, d, err) == -1 ||
	    READ(obj, delivery_rest, d, err) == -1 ||
	    read_form(obj, d, err) == -1)
		return -1;
	return read_log(obj, d, err);
}

int
jobjson_parse_delivery(
    const struct json *j, struct delivery **out, struct error *err)
{
	struct delivery *d = xcalloc(1, sizeof(*d));

	d->last_status = ATTEMPT_NO_STATUS;
	if (read_delivery(j, d, err) == -1) {
		delivery_free(d);
		return -1;
	}
	*out = d;
	return 0;
}
