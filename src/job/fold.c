/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The members of a job, one behind the other: a bit for each that is not 0,
 * then those. Numbers take as many bytes as they need, instants as the distance
 * from the one before; a text is a shared beginning, the job's id where it has
 * that, and the rest.
 */
#include "job/fold.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/intern.h"
#include "base/mem.h"

#define FOLD_MAX ((size_t)1 << 30)
#define BITS 8

struct folds {
	struct intern *texts;
	struct buf scratch;
};

struct fold {
	unsigned char data[1]; /* as many as there are */
};

/* --- the members ---------------------------------------------------- */

enum kind {
	NUMBER, /* by itself */
	WALL, /* beside the last one of its kind */
	MONO,
	BOOT,
	TEXT, /* of this job alone */
	NAME, /* of many jobs */
	PLACE, /* of many, but for the job's id or the last part */
};

struct member {
	unsigned short at;
	unsigned char size;
	unsigned char kind;
};

#define MEMBER(type, name, kind)                              \
	{                                                     \
		offsetof(struct type, name),                  \
		    sizeof(((struct type *)NULL)->name), kind \
	}
#define J(name, kind) MEMBER(job, name, kind)
#define S(name, kind) MEMBER(submission, name, kind)

/* All but the id, the body, submissions and deliveries. */
static const struct member of_job[] = {
    J(created_at, WALL),
    J(spec.endpoint, NAME),
    J(spec.region, NAME),
    J(spec.content_type, NAME),
    J(spec.accept, NAME),
    J(spec.custom_attributes, TEXT),
    J(spec.inference_id, PLACE),
    J(spec.extension, NAME),
    J(spec.filename, PLACE),
    J(spec.request_ttl_s, NUMBER),
    J(spec.invocation_timeout_s, NUMBER),
    J(spec.own_names, NUMBER),
    J(spec.avoid_duplicates, NUMBER),
    J(spec.retry_failed, NUMBER),
    J(spec.deployment, NAME),
    J(spec.output_path, NAME),
    J(spec.deliver, NAME),
    J(spec.callback_url, PLACE),
    J(spec.traceparent, TEXT),
    J(spec.tracestate, TEXT),
    J(spec.tags, NAME),
    J(spec.retry_of, TEXT),
    J(spec.idempotency_key, TEXT),
    J(spec.idempotency_hash, TEXT),
    J(spec.input, NUMBER),
    J(spec.body_len, NUMBER),
    J(spec.input_path, PLACE),
    J(spec.input_size, NUMBER),
    J(spec.input_sha256, TEXT),
    J(spec.input_spooled, NUMBER),
    J(spec.input_location, PLACE),
    J(state, NUMBER),
    J(outcome, NUMBER),
    J(epoch, NUMBER),
    J(submitted_at, WALL),
    J(deadline_at, WALL),
    J(deadline_mono, MONO),
    J(boot, BOOT),
    J(completed_at, WALL),
    J(nsubs, NUMBER),
    J(result_location, PLACE),
    J(result_etag, TEXT),
    J(result_type, NAME),
    J(result_size, NUMBER),
    J(result_sha256, TEXT),
    J(error_code, NAME),
    J(error_text, TEXT),
    J(late_at, WALL),
    J(late_location, PLACE),
    J(late_etag, TEXT),
    J(late_type, NAME),
    J(late_size, NUMBER),
    J(polls, NUMBER),
};

static const struct member of_submission[] = {
    S(n, NUMBER),
    S(fate, NUMBER),
    S(intent_at, WALL),
    S(ended_at, WALL),
    S(intent_mono, MONO),
    S(ended_mono, MONO),
    S(boot, BOOT),
    S(inference_id, PLACE),
    S(extension, NAME),
    S(filename, PLACE),
    S(predicted, PLACE),
    S(output_location, PLACE),
    S(failure_location, PLACE),
    S(request_id, TEXT),
    S(note, TEXT),
    S(before_etag, TEXT),
    S(before_at, WALL),
};

#define JOB_MEMBERS of_job, ARRAY_LEN(of_job)
#define SUBMISSION_MEMBERS of_submission, ARRAY_LEN(of_submission)

static bool
is_text(const struct member *m)
{
	return m->kind >= TEXT;
}

/* Of whichever size; bools and enums are not negative. */
static uint64_t
get_number(const void *base, const struct member *m)
{
	const char *p = (const char *)base + m->at;
	uint64_t whole = 0;
	uint32_t half;

	if (m->size == sizeof(bool))
		return *(const bool *)p;
	if (m->size == sizeof(half)) {
		memcpy(&half, p, sizeof(half));
		return half;
	}
	memcpy(&whole, p, sizeof(whole));
	return whole;
}

static void
set_number(void *base, const struct member *m, uint64_t value)
{
	char *p = (char *)base + m->at;
	uint32_t half = (uint32_t)value;

	if (m->size == sizeof(bool))
		*(bool *)p = value != 0;
	else if (m->size == sizeof(half))
		memcpy(p, &half, sizeof(half));
	else
		memcpy(p, &value, sizeof(value));
}

static char **
text_at(const void *base, const struct member *m)
{
	return (char **)((char *)(uintptr_t)base + m->at);
}

static bool
is_there(const void *base, const struct member *m)
{
	return is_text(m) ? *text_at(base, m) != NULL
			  : get_number(base, m) != 0;
}

/* --- folding -------------------------------------------------------- */

#define HAS_HEAD 1u /* its number follows */
#define HAS_ID 2u
#define HAS_TAIL 4u /* it follows, with its NUL */

struct pen {
	struct folds *folds;
	struct buf *out;
	const char *id;
	uint64_t last[TEXT]; /* the number before, of each kind */
};

static void
write_varint(struct buf *out, uint64_t x)
{
	unsigned char bytes[10];
	size_t n = 0;

	for (; x >= 0x80; x >>= 7)
		bytes[n++] = (unsigned char)(x | 0x80);
	bytes[n++] = (unsigned char)x;
	buf_append(out, bytes, n);
}

/* Near 0, whichever way, is short. */
static uint64_t
zigzag(uint64_t x)
{
	return x << 1 ^ (0 - (x >> 63));
}

static uint64_t
unzigzag(uint64_t x)
{
	return x >> 1 ^ (0 - (x & 1));
}

static void
write_number(struct pen *pen, const struct member *m, uint64_t value)
{
	write_varint(pen->out, zigzag(value - pen->last[m->kind]));
	if (m->kind != NUMBER)
		pen->last[m->kind] = value;
}

/* Where what only this job has begins. */
static size_t
head_of(const struct pen *pen, const struct member *m, const char *s,
    const char **id)
{
	const char *slash;

	*id = NULL;
	if (m->kind == TEXT)
		return 0;
	if (m->kind == NAME)
		return strlen(s);
	*id = strstr(s, pen->id);
	if (*id != NULL)
		return (size_t)(*id - s);
	slash = strrchr(s, '/');
	return slash != NULL ? (size_t)(slash + 1 - s) : 0;
}

static void
write_text(struct pen *pen, const struct member *m, const char *s)
{
	const char *id, *tail;
	size_t head = head_of(pen, m, s, &id);
	unsigned char tag;

	tail = s + head + (id != NULL ? JOBID_LEN : 0);
	tag = (unsigned char)((head > 0 ? HAS_HEAD : 0) |
	    (id != NULL ? HAS_ID : 0) | (*tail != '\0' ? HAS_TAIL : 0));
	buf_append(pen->out, &tag, 1);
	if (head > 0)
		write_varint(pen->out, intern_hold(pen->folds->texts, s, head));
	if (*tail != '\0')
		buf_append(pen->out, tail, strlen(tail) + 1);
}

static void
write_members(
    struct pen *pen, const void *base, const struct member *members, size_t n)
{
	unsigned char bits[(ARRAY_LEN(of_job) + BITS - 1) / BITS] = {0};
	const struct member *m;
	size_t i;

	for (i = 0; i < n; i++) {
		if (is_there(base, &members[i]))
			bits[i / BITS] |= (unsigned char)(1u << i % BITS);
	}
	buf_append(pen->out, bits, (n + BITS - 1) / BITS);
	for (i = 0; i < n; i++) {
		m = &members[i];
		if ((bits[i / BITS] & 1u << i % BITS) == 0)
			continue;
		if (is_text(m))
			write_text(pen, m, *text_at(base, m));
		else
			write_number(pen, m, get_number(base, m));
	}
}

struct fold *
fold_job(struct folds *f, struct job *take_job)
{
	struct pen pen = {
	    .folds = f,
	    .out = &f->scratch,
	    .id = take_job->id,
	};
	struct fold *fold;
	size_t i;

	if (take_job->spec.body != NULL || take_job->ndeliveries > 0 ||
	    strlen(take_job->id) != JOBID_LEN)
		return NULL;
	buf_clear(pen.out);
	write_members(&pen, take_job, JOB_MEMBERS);
	for (i = 0; i < take_job->nsubs; i++)
		write_members(&pen, &take_job->subs[i], SUBMISSION_MEMBERS);
	if (pen.out->overflow)
		abort();
	fold = xmemdup(pen.out->data, pen.out->len);
	job_free(take_job);
	return fold;
}

/* --- opening -------------------------------------------------------- */

struct eye {
	struct folds *folds;
	const unsigned char *p;
	const char *id;
	uint64_t last[TEXT];
};

static uint64_t
read_varint(struct eye *eye)
{
	uint64_t x = 0;
	unsigned shift = 0;

	for (; *eye->p >= 0x80; eye->p++, shift += 7)
		x |= (uint64_t)(*eye->p & 0x7f) << shift;
	return x | (uint64_t)*eye->p++ << shift;
}

static uint64_t
read_number(struct eye *eye, const struct member *m)
{
	uint64_t value = unzigzag(read_varint(eye)) + eye->last[m->kind];

	if (m->kind != NUMBER)
		eye->last[m->kind] = value;
	return value;
}

static char *
read_text(struct eye *eye)
{
	unsigned char tag = *eye->p++;
	uint32_t number = 0;
	size_t head = 0, id = 0, tail = 0;
	const char *shared = "";
	char *s;

	if (tag & HAS_HEAD) {
		number = (uint32_t)read_varint(eye);
		shared = intern_text(eye->folds->texts, number, &head);
	}
	if (tag & HAS_ID)
		id = JOBID_LEN;
	if (tag & HAS_TAIL)
		tail = strlen((const char *)eye->p);
	s = xmalloc(head + id + tail + 1);
	memcpy(s, shared, head);
	memcpy(s + head, eye->id, id);
	memcpy(s + head + id, eye->p, tail);
	s[head + id + tail] = '\0';
	if (tag & HAS_TAIL)
		eye->p += tail + 1;
	if (tag & HAS_HEAD)
		intern_drop(eye->folds->texts, number);
	return s;
}

static void
read_members(
    struct eye *eye, void *base, const struct member *members, size_t n)
{
	const unsigned char *bits = eye->p;
	const struct member *m;
	size_t i;

	eye->p += (n + BITS - 1) / BITS;
	for (i = 0; i < n; i++) {
		m = &members[i];
		if ((bits[i / BITS] & 1u << i % BITS) == 0)
			continue;
		if (is_text(m))
			*text_at(base, m) = read_text(eye);
		else
			set_number(base, m, read_number(eye, m));
	}
}

struct job *
fold_open(struct folds *f, struct fold *take_fold, const char *id)
{
	struct eye eye = {.folds = f, .p = take_fold->data, .id = id};
	struct job *job = xcalloc(1, sizeof(*job));
	size_t i;

	memcpy(job->id, id, JOBID_SIZE);
	read_members(&eye, job, JOB_MEMBERS);
	job->subs = xcalloc(job->nsubs, sizeof(*job->subs));
	for (i = 0; i < job->nsubs; i++)
		read_members(&eye, &job->subs[i], SUBMISSION_MEMBERS);
	free(take_fold);
	return job;
}

void
fold_free(struct folds *f, struct fold *fold, const char *id)
{
	if (fold != NULL)
		job_free(fold_open(f, fold, id));
}

/* --- together ------------------------------------------------------- */

struct folds *
folds_new(void)
{
	struct folds *f = xcalloc(1, sizeof(*f));

	f->texts = intern_new();
	buf_init(&f->scratch, FOLD_MAX);
	return f;
}

void
folds_free(struct folds *f)
{
	if (f == NULL)
		return;
	intern_free(f->texts);
	buf_done(&f->scratch);
	free(f);
}

size_t
folds_shared(const struct folds *f)
{
	return intern_count(f->texts);
}
