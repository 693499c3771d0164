/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs: each becomes an operation; how it is run, and who is told. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "store/store_op.h"

#define KEPT_MAX 65536

/* --- running -------------------------------------------------------- */

void
store_op_prepare(struct store_op *op)
{
	if (op->kind == STORE_OP_INSERT && op->job->spec.input_spooled &&
	    file_sync(op->job->spec.input_path, &op->err) == -1)
		op->barred = true;
	if (op->barred)
		op->rc = -1;
}

static void
told_done(struct store_told *t)
{
	free(t->job);
	free(t->inference_id);
	free(t->endpoint);
	free(t->reason);
}

/* What an earlier run, which was rolled back, had found. */
static void
forget(struct store_op *op)
{
	size_t i;

	for (i = 0; i < op->njobs; i++)
		job_free(op->jobs[i]);
	for (i = 0; i < op->ndeliveries; i++)
		delivery_free(op->deliveries[i]);
	for (i = 0; i < op->nattempts; i++)
		attempt_entry_free(op->attempts[i]);
	for (i = 0; i < op->nnotes; i++) {
		free(op->notes[i].name);
		free(op->notes[i].value);
	}
	for (i = 0; i < op->ntold; i++)
		told_done(&op->told[i]);
	for (i = 0; i < op->nevents; i++)
		job_event_free(op->events[i]);
	free(op->events);
	free(op->told);
	free(op->jobs);
	free(op->deliveries);
	free(op->attempts);
	free(op->notes);
	free(op->known.hash);
	op->jobs = NULL;
	op->deliveries = NULL;
	op->attempts = NULL;
	op->notes = NULL;
	op->told = NULL;
	op->events = NULL;
	memset(&op->known, 0, sizeof(op->known));
	op->njobs = op->ndeliveries = op->nattempts = 0;
	op->nnotes = op->ntold = op->count = 0;
	op->nevents = 0;
	op->stopped = 0;
}

static int
save_delivery(const struct store_backend *b, void *db, struct store_op *op)
{
	return b->save_delivery(
	    db, op->delivery, op->has_attempt ? &op->attempt : NULL, &op->err);
}

/* Both halves of the parcel, or neither. */
static int
begin_attempt(const struct store_backend *b, void *db, struct store_op *op)
{
	struct store_ask job = {
	    .which = STORE_BY_ID,
	    .key = op->delivery->job_id,
	};
	struct store_ask delivery = {
	    .which = STORE_BY_ID,
	    .key = op->delivery->id,
	    .body = true,
	};

	if (save_delivery(b, db, op) == -1 ||
	    b->jobs(db, &job, &op->jobs, &op->njobs, &op->err) == -1 ||
	    b->deliveries(db, &delivery, &op->deliveries, &op->ndeliveries,
		&op->err) == -1)
		return -1;
	if (op->njobs == 1 && op->ndeliveries == 1)
		return 0;
	return err_set(&op->err, ERR_DAMAGED, "delivery %s is of no job",
	    op->delivery->id);
}

/* The key, and the job that it was given for, if that is still there. */
static int
find_key(const struct store_backend *b, void *db, struct store_op *op)
{
	struct store_ask job = {
	    .which = STORE_BY_ID,
	    .key = op->known.job_id,
	    .parts = true,
	};

	if (b->find_key(db, op->name, &op->known, &op->err) == -1)
		return -1;
	if (op->known.job_id[0] == '\0')
		return 0;
	return b->jobs(db, &job, &op->jobs, &op->njobs, &op->err);
}

int
store_op_run(const struct store_backend *b, void *db, struct store_op *op)
{
	forget(op);
	switch (op->kind) {
	case STORE_OP_INSERT:
		return b->insert(db, op->job, &op->err);
	case STORE_OP_SAVE:
		return b->save(db, op->job, op->n, &op->err);
	case STORE_OP_WITHDRAW:
		return b->withdraw(db, op->job, &op->err);
	case STORE_OP_SAVE_DELIVERY:
		return save_delivery(b, db, op);
	case STORE_OP_BEGIN_ATTEMPT:
		return begin_attempt(b, db, op);
	case STORE_OP_SAVE_LATE:
		return b->save_late(db, op->job, &op->err);
	case STORE_OP_KEEP:
		return b->keep(db, op->name, op->value, &op->err);
	case STORE_OP_SEE:
		return b->see(db, &op->notice, &op->seen, &op->err);
	case STORE_OP_TAKE_OVER:
		return b->take_over(db, &op->count, &op->err);
	case STORE_OP_FORGET:
		return b->forget(db, &op->forget, &op->count, &op->err);
	case STORE_OP_JOBS:
	case STORE_OP_EACH:
		return b->jobs(db, &op->ask, &op->jobs, &op->njobs, &op->err);
	case STORE_OP_DELIVERIES:
		return b->deliveries(
		    db, &op->ask, &op->deliveries, &op->ndeliveries, &op->err);
	case STORE_OP_ATTEMPTS:
		return b->attempts(
		    db, &op->ask, &op->attempts, &op->nattempts, &op->err);
	case STORE_OP_KEY:
		return find_key(b, db, op);
	case STORE_OP_RECALL:
		return b->recall(db, &op->notes, &op->nnotes, &op->err);
	case STORE_OP_RECALL_TOLD:
		return b->recall_told(db, &op->told, &op->ntold, &op->err);
	case STORE_OP_EVENTS:
		return b->events(db, op->after, op->limit, &op->events,
		    &op->nevents, &op->span, &op->err);
	}
	abort();
}

bool
store_op_writes(const struct store_op *op)
{
	return op->kind < STORE_OP_JOBS;
}

/* --- finishing ------------------------------------------------------ */

static void
hand_out_parcel(struct store_op *op, const struct error *err)
{
	bool all = err == NULL;

	op->done.parcel(all ? op->jobs[0] : NULL,
	    all ? op->deliveries[0] : NULL, err, op->arg);
}

static void
hand_out_key(struct store_op *op, const struct error *err)
{
	struct store_key key = {.hash = op->known.hash};
	bool known = err == NULL && op->known.job_id[0] != '\0';

	memcpy(key.job_id, op->known.job_id, sizeof(key.job_id));
	op->done.key(known ? &key : NULL, op->njobs > 0 ? op->jobs[0] : NULL,
	    err, op->arg);
}

static void
hand_out_notes(struct store_op *op, const struct error *err)
{
	struct store_kept *v = xcalloc(op->nnotes + 1, sizeof(*v));
	size_t i;

	for (i = 0; i < op->nnotes; i++) {
		v[i].name = op->notes[i].name;
		v[i].value = op->notes[i].value;
	}
	op->done.kept(v, op->nnotes, err, op->arg);
	free(v);
}

/* What is left of them, and the end. */
static void
hand_out_rest(struct store_op *op, const struct error *err)
{
	if (op->njobs > 0)
		op->piece(op->jobs, op->njobs, NULL, op->arg);
	op->done.read(err, op->arg);
}

/* What was found is the callee's now. */
static void
tell(struct store_op *op, const struct error *err)
{
	switch (op->kind) {
	case STORE_OP_INSERT:
	case STORE_OP_SAVE:
	case STORE_OP_WITHDRAW:
	case STORE_OP_SAVE_DELIVERY:
	case STORE_OP_SAVE_LATE:
	case STORE_OP_KEEP:
		op->done.written(err, op->arg);
		break;
	case STORE_OP_BEGIN_ATTEMPT:
		hand_out_parcel(op, err);
		break;
	case STORE_OP_SEE:
		op->done.seen(op->seen, err, op->arg);
		break;
	case STORE_OP_TAKE_OVER:
	case STORE_OP_FORGET:
		op->done.count(op->count, err, op->arg);
		break;
	case STORE_OP_JOBS:
		op->done.jobs(op->jobs, op->njobs, err, op->arg);
		break;
	case STORE_OP_DELIVERIES:
		op->done.deliveries(
		    op->deliveries, op->ndeliveries, err, op->arg);
		break;
	case STORE_OP_ATTEMPTS:
		op->done.attempts(op->attempts, op->nattempts, err, op->arg);
		break;
	case STORE_OP_KEY:
		hand_out_key(op, err);
		break;
	case STORE_OP_RECALL:
		hand_out_notes(op, err);
		break;
	case STORE_OP_RECALL_TOLD:
		op->done.told(op->told, op->ntold, err, op->arg);
		break;
	case STORE_OP_EVENTS:
		op->done.events(
		    op->events, op->nevents, &op->span, err, op->arg);
		op->nevents = 0;
		break;
	case STORE_OP_EACH:
		hand_out_rest(op, err);
		break;
	}
	op->njobs = op->ndeliveries = op->nattempts = 0;
}

void
store_op_finish(struct store_op *op)
{
	if (store_list_goes_on(op)) {
		store_queue(op->store, op);
		return;
	}
	if (op->rc == -1)
		forget(op);
	tell(op, op->rc == -1 ? &op->err : NULL);
	store_op_free(op);
}

void
store_op_free(struct store_op *op)
{
	forget(op);
	job_free(op->job);
	delivery_free(op->delivery);
	attempt_done(&op->attempt);
	free(op->name);
	free(op->value);
	free(op->notice.source);
	free(op->notice.message_id);
	told_done(&op->notice.told);
	free(op->ask.key);
	free(op->ask.after);
	free(op->ask.endpoint);
	free(op->ask.target);
	free(op->ask.job);
	free(op->ask.event);
	free(op->ask.tag);
	free(op->ask.note);
	free(op->ask.delivery);
	free(op->ask.error_class);
	store_list_forget(op);
	free(op);
}

struct store_op *
store_op_piece(const struct store_op *whole, struct job **take_jobs, size_t n)
{
	struct store_op *op = xcalloc(1, sizeof(*op));

	op->kind = STORE_OP_JOBS;
	op->jobs = take_jobs;
	op->njobs = n;
	op->done.jobs = whole->piece;
	op->arg = whole->arg;
	return op;
}

/* --- the verbs ------------------------------------------------------ */

struct store_op *
store_op_new(enum store_op_kind kind, void *arg)
{
	struct store_op *op = xcalloc(1, sizeof(*op));

	op->kind = kind;
	op->arg = arg;
	return op;
}

void
store_insert(
    struct store *store, const struct job *job, store_done_fn *done, void *arg)
{
	struct store_op *op = store_op_new(STORE_OP_INSERT, arg);

	op->job = job_clone(job, true);
	op->done.written = done;
	store_queue(store, op);
}

void
store_save(struct store *store, const struct job *job, unsigned n,
    store_done_fn *done, void *arg)
{
	struct store_op *op = store_op_new(STORE_OP_SAVE, arg);

	op->job = job_clone(job, false);
	op->n = n;
	op->done.written = done;
	store_queue(store, op);
}

void
store_withdraw(
    struct store *store, const struct job *job, store_done_fn *done, void *arg)
{
	struct store_op *op = store_op_new(STORE_OP_WITHDRAW, arg);

	op->job = job_clone(job, false);
	op->done.written = done;
	store_queue(store, op);
}

static struct store_op *
delivery_op(enum store_op_kind kind, const struct delivery *d,
    const struct attempt *a, void *arg)
{
	struct store_op *op = store_op_new(kind, arg);

	op->delivery = delivery_clone(d, false);
	op->has_attempt = a != NULL;
	if (a != NULL)
		attempt_copy(&op->attempt, a);
	return op;
}

void
store_save_delivery(struct store *store, const struct delivery *d,
    const struct attempt *a, store_done_fn *done, void *arg)
{
	struct store_op *op = delivery_op(STORE_OP_SAVE_DELIVERY, d, a, arg);

	op->done.written = done;
	store_queue(store, op);
}

void
store_begin_attempt(struct store *store, const struct delivery *d,
    const struct attempt *a, store_parcel_fn *done, void *arg)
{
	struct store_op *op = delivery_op(STORE_OP_BEGIN_ATTEMPT, d, a, arg);

	op->done.parcel = done;
	store_queue(store, op);
}

void
store_save_late(
    struct store *store, const struct job *job, store_done_fn *done, void *arg)
{
	struct store_op *op = store_op_new(STORE_OP_SAVE_LATE, arg);

	op->job = job_clone(job, false);
	op->done.written = done;
	store_queue(store, op);
}

void
store_keep(struct store *store, const char *name, const char *value,
    store_done_fn *done, void *arg)
{
	struct store_op *op = store_op_new(STORE_OP_KEEP, arg);

	op->done.written = done;
	if (strlen(value) > KEPT_MAX) {
		op->barred = true;
		err_set(&op->err, ERR_LIMIT, "%s is longer than %d bytes", name,
		    KEPT_MAX);
	} else {
		op->name = xstrdup(name);
		op->value = xstrdup(value);
	}
	store_queue(store, op);
}

void
store_see(struct store *store, const struct store_notice *n,
    store_seen_fn *done, void *arg)
{
	struct store_op *op = store_op_new(STORE_OP_SEE, arg);
	struct store_notice *to = &op->notice;

	*to = *n;
	to->source = xstrdup(n->source);
	to->message_id = xstrdup(n->message_id);
	to->told.job = xstrdup(n->told.job);
	to->told.inference_id = xstrdup_or_null(n->told.inference_id);
	to->told.endpoint = xstrdup_or_null(n->told.endpoint);
	to->told.reason = xstrdup_or_null(n->told.reason);
	op->done.seen = done;
	store_queue(store, op);
}

void
store_take_over(struct store *store, store_count_fn *done, void *arg)
{
	struct store_op *op = store_op_new(STORE_OP_TAKE_OVER, arg);

	op->done.count = done;
	store_queue(store, op);
}

void
store_forget(struct store *store, const struct store_forget *f,
    store_count_fn *done, void *arg)
{
	struct store_op *op = store_op_new(STORE_OP_FORGET, arg);

	op->forget = *f;
	op->done.count = done;
	store_queue(store, op);
}

static struct store_op *
read_op(
    enum store_op_kind kind, enum store_which which, const char *key, void *arg)
{
	struct store_op *op = store_op_new(kind, arg);

	op->ask.which = which;
	op->ask.key = xstrdup_or_null(key);
	op->ask.state = STORE_ANY;
	op->ask.outcome = STORE_ANY;
	return op;
}

void
store_find(struct store *store, const char *id, bool with_body,
    store_jobs_fn *done, void *arg)
{
	struct store_op *op = read_op(STORE_OP_JOBS, STORE_BY_ID, id, arg);

	op->ask.body = with_body;
	op->ask.parts = true;
	op->done.jobs = done;
	store_queue(store, op);
}

void
store_find_delivery(
    struct store *store, const char *id, store_deliveries_fn *done, void *arg)
{
	struct store_op *op =
	    read_op(STORE_OP_DELIVERIES, STORE_BY_ID, id, arg);

	op->ask.parts = true;
	op->done.deliveries = done;
	store_queue(store, op);
}

void
store_unfinished(struct store *store, store_jobs_fn *done, void *arg)
{
	struct store_op *op =
	    read_op(STORE_OP_JOBS, STORE_UNFINISHED, NULL, arg);

	op->done.jobs = done;
	store_queue(store, op);
}

void
store_each_unfinished(
    struct store *store, store_jobs_fn *piece, store_done_fn *done, void *arg)
{
	struct store_op *op =
	    read_op(STORE_OP_EACH, STORE_UNFINISHED, NULL, arg);

	op->piece = piece;
	op->done.read = done;
	store_queue(store, op);
}

void
store_find_idempotency(
    struct store *store, const char *key, store_key_fn *done, void *arg)
{
	struct store_op *op = store_op_new(STORE_OP_KEY, arg);

	op->name = xstrdup(key);
	op->done.key = done;
	store_queue(store, op);
}

void
store_recall(struct store *store, store_kept_fn *done, void *arg)
{
	struct store_op *op = store_op_new(STORE_OP_RECALL, arg);

	op->done.kept = done;
	store_queue(store, op);
}

void
store_recall_told(struct store *store, store_told_fn *done, void *arg)
{
	struct store_op *op = store_op_new(STORE_OP_RECALL_TOLD, arg);

	op->done.told = done;
	store_queue(store, op);
}

void
store_list_events(struct store *store, int64_t after, size_t limit,
    store_events_fn *done, void *arg)
{
	struct store_op *op = store_op_new(STORE_OP_EVENTS, arg);

	op->after = after;
	op->limit = limit;
	op->done.events = done;
	store_queue(store, op);
}

void
store_expired(struct store *store, int64_t since_at, size_t limit,
    store_jobs_fn *done, void *arg)
{
	struct store_op *op = read_op(STORE_OP_JOBS, STORE_EXPIRED, NULL, arg);

	op->ask.since_at = since_at;
	op->ask.limit = limit;
	op->done.jobs = done;
	store_queue(store, op);
}

int
store_peek(const char *path, bool still, const char *id, struct job ***jobs,
    size_t *n, struct error *err)
{
	struct store_options o = {
	    .path = path,
	    .must_exist = true,
	    .still = still,
	};
	char *key = xstrdup_or_null(id);
	struct store_ask ask = {
	    .which = id != NULL ? STORE_BY_ID : STORE_BY_QUERY,
	    .key = key,
	    .body = id != NULL,
	    .parts = id != NULL,
	    .state = STORE_ANY,
	    .outcome = STORE_ANY,
	};
	struct job **found = NULL;
	size_t count = 0;
	void *db;
	int rc = store_sqlite.open(&o, &db, err);

	if (rc == 0) {
		rc = store_sqlite.jobs(db, &ask, &found, &count, err);
		store_sqlite.close(db);
	}
	free(key);
	if (rc == 0) {
		*jobs = found;
		*n = count;
	}
	return rc;
}
