/* SPDX-License-Identifier: Apache-2.0 */
/* All that a store reads of a file, as texts. */
#include "tests/support/rot.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/str.h"
#include "store/sqlite_columns.h"
#include "store/store.h"

#define TEXT_MAX ((size_t)1024 * 1024)

static struct {
	struct loop *loop;
	struct store *store;
	struct rot_reading *out;
	const char *word; /* of the question under way */
	const char *id; /* … or NULL */
	size_t parcels; /* under way */
	bool done;
} r;

/* --- texts ----------------------------------------------------------- */

#define PUT(kind, name) put_##kind(b, #name, from->name);
#define put_INT(b, n, v) buf_printf(b, "%s=%lld\n", n, (long long)(v))
#define put_FLAG(b, n, v) put_INT(b, n, v)
#define put_ENUM(b, n, v) put_INT(b, n, v)
#define put_COUNT(b, n, v) put_INT(b, n, v)
#define put_STATUS(b, n, v) put_INT(b, n, v)

static void
put_TEXT(struct buf *b, const char *name, const char *value)
{
	if (value != NULL)
		buf_printf(b, "%s=%s\n", name, value);
}

static void
put_body(struct buf *b, const void *data, size_t len)
{
	char hex[HASH_SHA256_HEX_SIZE];

	if (data == NULL)
		return;
	hash_sha256_hex(data, len, hex);
	buf_printf(b, "body=%s\n", hex);
}

static void
put_attempt(struct buf *b, const struct attempt *from)
{
	ATTEMPT_COLUMNS(PUT)
}

static void
put_delivery(struct buf *b, const struct delivery *from)
{
	size_t i;

	buf_printf(b, "id=%s job=%s\n", from->id, from->job_id);
	FROZEN_COLUMNS(PUT)
	DELIVERY_COLUMNS(PUT)
	put_body(b, from->body, (size_t)from->body_size);
	for (i = 0; i < from->nlog; i++)
		put_attempt(b, &from->log[i]);
}

static void
put_spec(struct buf *b, const struct job_spec *from)
{
	SPEC_COLUMNS(PUT)
	put_body(b, from->body, from->body_len);
}

static void
put_submission(struct buf *b, const struct submission *from)
{
	SUBMISSION_COLUMNS(PUT)
}

static void
put_job(struct buf *b, const struct job *from)
{
	size_t i;

	buf_printf(b, "id=%s created_at=%lld\n", from->id,
	    (long long)from->created_at);
	put_spec(b, &from->spec);
	STATE_COLUMNS(PUT)
	for (i = 0; i < from->nsubs; i++)
		put_submission(b, &from->subs[i]);
	for (i = 0; i < from->ndeliveries; i++)
		put_delivery(b, from->deliveries[i]);
}

/* --- answers --------------------------------------------------------- */

static void
add(const char *id, char *take_text, const struct error *err)
{
	struct rot_reading *out = r.out;
	struct rot_record *record;

	out->v = xreallocarray(out->v, out->n + 1, sizeof(*out->v));
	record = &out->v[out->n++];
	record->key = xasprintf("%s %s", r.word, id);
	record->text = take_text;
	record->code = err != NULL ? err->code : ERR_NONE;
	if (err != NULL && err->code != ERR_NOT_FOUND &&
	    out->err.code == ERR_NONE)
		out->err = *err;
}

static void
add_job(const struct job *job, const struct delivery *d)
{
	struct buf b;

	buf_init(&b, TEXT_MAX);
	put_job(&b, job);
	if (d != NULL)
		put_delivery(&b, d);
	add(d != NULL ? d->id : job->id, buf_take(&b), NULL);
}

static void
finish(const struct error *err)
{
	/* Nothing was found is an answer, too. */
	if (err != NULL)
		add(r.id != NULL ? r.id : "all", xstrdup(""), err);
	r.done = true;
	loop_stop(r.loop);
}

static void
on_jobs(struct job **jobs, size_t n, const struct error *err, void *arg)
{
	size_t i;

	(void)arg;
	for (i = 0; i < n; i++) {
		add_job(jobs[i], NULL);
		job_free(jobs[i]);
	}
	finish(err);
}

static void
on_deliveries(struct delivery **v, size_t n, const struct error *err, void *arg)
{
	struct delivery ***kept = arg;
	struct buf b;
	size_t i;

	for (i = 0; i < n; i++) {
		buf_init(&b, TEXT_MAX);
		put_delivery(&b, v[i]);
		add(v[i]->id, buf_take(&b), NULL);
		if (kept == NULL)
			delivery_free(v[i]);
	}
	if (kept != NULL && n > 0) {
		*kept = xcalloc(n + 1, sizeof(struct delivery *));
		memcpy(*kept, v, n * sizeof(struct delivery *));
	}
	finish(err);
}

static void
on_parcel(struct job *take_job, struct delivery *take_d,
    const struct error *err, void *arg)
{
	if (err == NULL)
		add_job(take_job, take_d);
	else
		add(arg, xstrdup(""), err);
	job_free(take_job);
	delivery_free(take_d);
	if (--r.parcels == 0)
		finish(NULL);
}

static void
on_key(const struct store_key *key, struct job *take_job,
    const struct error *err, void *arg)
{
	struct buf b;

	(void)arg;
	if (err == NULL && key != NULL) {
		buf_init(&b, TEXT_MAX);
		buf_printf(&b, "job=%s hash=%s\n", key->job_id, key->hash);
		if (take_job != NULL)
			put_job(&b, take_job);
		add(r.id, buf_take(&b), NULL);
	}
	job_free(take_job);
	finish(err);
}

static void
on_kept(
    const struct store_kept *v, size_t n, const struct error *err, void *arg)
{
	size_t i;

	(void)arg;
	for (i = 0; i < n; i++)
		add(v[i].name, xstrdup(v[i].value), NULL);
	finish(err);
}

static void
on_told(
    const struct store_told *v, size_t n, const struct error *err, void *arg)
{
	size_t i;

	(void)arg;
	for (i = 0; i < n; i++)
		add(v[i].job,
		    xasprintf("%s %s %lld %s", v[i].inference_id, v[i].endpoint,
			(long long)v[i].event_at, v[i].reason),
		    NULL);
	finish(err);
}

static void
on_event(enum store_event event, const struct error *err, void *arg)
{
	(void)arg;
	r.out->damaged += event == STORE_DAMAGED;
	r.out->unsound += event == STORE_BROKEN || event == STORE_STALLED ||
	    (event == STORE_CHECKED && err != NULL);
	if (err != NULL && r.out->err.code == ERR_NONE)
		r.out->err = *err;
}

/* --- questions ------------------------------------------------------- */

static void
ask(const char *word, const char *id)
{
	r.word = word;
	r.id = id;
	r.done = false;
}

static void
await(void)
{
	while (!r.done)
		loop_run(r.loop);
}

/* As a service begins an attempt of each; what is over goes again as one that
 * somebody asked for. All at once, so that few commits have them. */
static void
read_parcels(struct delivery **kept)
{
	struct attempt a;
	size_t i;

	ask("parcel", NULL);
	for (i = 0; kept != NULL && kept[i] != NULL; i++) {
		struct delivery *d = kept[i];
		bool replay = d->state != DELIVERY_WAITING;

		if (replay)
			delivery_move(d, DELIVERY_WAITING, d->created_at + 900);
		delivery_begin_attempt(d, d->created_at + 1000, replay, &a);
		r.parcels++;
		store_begin_attempt(r.store, d, &a, on_parcel, d->id);
	}
	r.done = r.parcels == 0;
	await();
	for (i = 0; kept != NULL && kept[i] != NULL; i++)
		delivery_free(kept[i]);
	free(kept);
}

/* The record by value: the array grows with each answer. */
static void
read_one(struct rot_record record)
{
	const char *id;

	if ((id = rot_id(&record, "listed")) != NULL) {
		ask("job", id);
		store_find(r.store, id, true, on_jobs, NULL);
		await();
	}
	if ((id = rot_id(&record, "shipped")) != NULL) {
		ask("delivery", id);
		store_find_delivery(r.store, id, on_deliveries, NULL);
		await();
	}
}

/* Before anything is written. */
static void
read_start(void)
{
	ask("kept", NULL);
	store_recall(r.store, on_kept, NULL);
	await();
	ask("told", NULL);
	store_recall_told(r.store, on_told, NULL);
	await();
	ask("unfinished", NULL);
	store_unfinished(r.store, on_jobs, NULL);
	await();
	ask("expired", NULL);
	store_expired(r.store, 0, 1000, on_jobs, NULL);
	await();
}

static void
read_keys(void)
{
	char *key;
	unsigned i;

	for (i = 0; i < ROT_KEYS; i++) {
		key = rot_key(i);
		ask("key", key);
		store_find_idempotency(r.store, key, on_key, NULL);
		await();
		free(key);
	}
}

static void
read_all(const struct rot_reading *intact)
{
	struct store_query waiting = {.state = "waiting"}, all = {0};
	struct delivery **kept = NULL;
	size_t i, n;

	read_start();
	ask("waiting", NULL);
	store_list_deliveries(r.store, &waiting, on_deliveries, NULL);
	await();
	ask("listed", NULL);
	store_list(r.store, &all, on_jobs, NULL);
	await();
	ask("shipped", NULL);
	store_list_deliveries(r.store, &all, on_deliveries, &kept);
	await();
	read_parcels(kept);
	read_keys();
	n = intact != NULL ? intact->n : r.out->n;
	for (i = 0; i < n; i++)
		read_one(intact != NULL ? intact->v[i] : r.out->v[i]);
}

static int
by_key(const void *a, const void *b)
{
	const struct rot_record *x = a, *y = b;

	return strcmp(x->key, y->key);
}

void
rot_read(
    const char *path, const struct rot_reading *intact, struct rot_reading *out)
{
	struct store_options o = {
	    .path = path,
	    .must_exist = true,
	    .event = on_event,
	};

	memset(out, 0, sizeof(*out));
	r.out = out;
	r.loop = loop_new();
	if (store_open(r.loop, &o, &r.store, &out->err) == -1) {
		out->refused = true;
	} else {
		read_all(intact);
		store_close(r.store);
	}
	loop_free(r.loop);
	if (out->n > 0)
		qsort(out->v, out->n, sizeof(*out->v), by_key);
}

const struct rot_record *
rot_find(const struct rot_reading *reading, const char *key)
{
	struct rot_record wanted = {.key = (char *)(uintptr_t)key};

	if (reading->n == 0)
		return NULL;
	return bsearch(&wanted, reading->v, reading->n, sizeof(wanted), by_key);
}

const char *
rot_id(const struct rot_record *record, const char *word)
{
	size_t len = strlen(word);

	return str_starts(record->key, word) && record->key[len] == ' '
	    ? record->key + len + 1
	    : NULL;
}

void
rot_done(struct rot_reading *reading)
{
	size_t i;

	for (i = 0; i < reading->n; i++) {
		free(reading->v[i].key);
		free(reading->v[i].text);
	}
	free(reading->v);
	memset(reading, 0, sizeof(*reading));
}
