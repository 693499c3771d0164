/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store without a file: nothing survives the process. Here are the tables
 * and transactions; the verbs are in memory_read.c, memory_write.c
 * and memory_notice.c.
 */
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "store/memory_db.h"
#include "store/memory_event.h"

/* --- tables --------------------------------------------------------- */

static int
by_key(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return strcmp(x->key, y->key);
}

struct row *
memory_find(const struct mem *m, enum table_of table, const char *key)
{
	struct row wanted = {.key = key};
	void *node = tfind(&wanted, &m->tables[table].tree, by_key);

	return node != NULL ? *(struct row **)node : NULL;
}

static void
into_tree(struct mem *m, enum table_of table, struct row *row)
{
	if (tsearch(row, &m->tables[table].tree, by_key) == NULL)
		abort();
	row->gone = false;
}

static void
out_of_tree(struct mem *m, enum table_of table, struct row *row)
{
	tdelete(row, &m->tables[table].tree, by_key);
	row->gone = true;
}

/* --- rows ----------------------------------------------------------- */

static void **
part_of(enum table_of table, struct row *row)
{
	switch (table) {
	case JOBS:
		return (void **)&((struct job_row *)row)->job;
	case DELIVERIES:
		return (void **)&((struct delivery_row *)row)->d;
	case NOTES:
		return (void **)&((struct note_row *)row)->value;
	case ATTEMPTS:
	case KEYS:
	case NOTICES:
	case TOLD:
	case EVENTS:
	case TABLES:
		break;
	}
	abort();
}

static void
free_part(enum table_of table, void *part)
{
	if (table == JOBS)
		job_free(part);
	else if (table == DELIVERIES)
		delivery_free(part);
	else
		free(part);
}

static void
free_job_row(struct job_row *r)
{
	job_spec_done(&r->spec);
	job_free(r->job);
	free(r->deliveries);
	free(r);
}

static void
free_delivery_row(struct delivery_row *r)
{
	delivery_free(r->d);
	free(r->body);
	free(r);
}

static void
free_key_row(struct key_row *r)
{
	free(r->key);
	free(r->hash);
	free(r);
}

static void
free_note_row(struct note_row *r)
{
	free(r->name);
	free(r->value);
	free(r);
}

static void
row_free(enum table_of table, struct row *row)
{
	if (table == JOBS)
		free_job_row((struct job_row *)row);
	else if (table == DELIVERIES)
		free_delivery_row((struct delivery_row *)row);
	else if (table == ATTEMPTS)
		free((struct attempt_row *)row);
	else if (table == KEYS)
		free_key_row((struct key_row *)row);
	else if (table == NOTICES)
		memory_free_notice((struct notice_row *)row);
	else if (table == TOLD)
		memory_free_told((struct told_row *)row);
	else if (table == EVENTS)
		memory_free_event((struct event_row *)row);
	else
		free_note_row((struct note_row *)row);
}

static void
remove_row(struct mem *m, enum table_of table, struct row *row)
{
	TAILQ_REMOVE(&m->tables[table].rows, row, entry);
	row_free(table, row);
}

/* --- changes -------------------------------------------------------- */

static struct undo *
note_change(
    struct mem *m, enum undo_kind kind, enum table_of table, struct row *row)
{
	struct undo *u;

	m->log = xreallocarray(m->log, m->nlog + 1, sizeof(*m->log));
	u = &m->log[m->nlog++];
	u->kind = kind;
	u->table = table;
	u->row = row;
	u->old = NULL;
	return u;
}

void
memory_add(struct mem *m, enum table_of table, struct row *take_row)
{
	TAILQ_INSERT_TAIL(&m->tables[table].rows, take_row, entry);
	into_tree(m, table, take_row);
	note_change(m, UNDO_NEW, table, take_row);
}

void
memory_set(struct mem *m, enum table_of table, struct row *row, void *take_part)
{
	void **part = part_of(table, row);

	note_change(m, UNDO_SET, table, row)->old = *part;
	*part = take_part;
}

void
memory_drop(struct mem *m, enum table_of table, struct row *row)
{
	out_of_tree(m, table, row);
	note_change(m, UNDO_GONE, table, row);
}

static void
take_back(struct mem *m, struct undo *u)
{
	void **part;

	switch (u->kind) {
	case UNDO_NEW:
		/* It was the last one. */
		if (u->table == DELIVERIES)
			((struct delivery_row *)u->row)->of->ndeliveries--;
		if (u->table == EVENTS)
			m->next_event--;
		out_of_tree(m, u->table, u->row);
		remove_row(m, u->table, u->row);
		return;
	case UNDO_SET:
		part = part_of(u->table, u->row);
		free_part(u->table, *part);
		*part = u->old;
		return;
	case UNDO_GONE:
		into_tree(m, u->table, u->row);
		return;
	}
	abort();
}

/* --- the backend ---------------------------------------------------- */

/* There is no file, but its place has one owner all the same. */
static int
mem_open(const struct store_options *options, void **out, struct error *err)
{
	struct mem *m;
	int i, lock_fd = -1;

	if (options->path != NULL &&
	    file_lock(options->path, options->lock_wait_ms, &lock_fd, err) ==
		-1)
		return -1;
	m = xcalloc(1, sizeof(*m));
	m->lock_fd = lock_fd;
	m->next_event = clock_wall_ms();
	for (i = 0; i < TABLES; i++)
		TAILQ_INIT(&m->tables[i].rows);
	*out = m;
	return 0;
}

static void
let_go(void *row)
{
	(void)row;
}

static void
mem_close(void *arg)
{
	struct mem *m = arg;
	struct row *row;
	int i;

	for (i = 0; i < TABLES; i++) {
		tdestroy(m->tables[i].tree, let_go);
		while ((row = TAILQ_FIRST(&m->tables[i].rows)) != NULL)
			remove_row(m, (enum table_of)i, row);
	}
	if (m->lock_fd != -1)
		close(m->lock_fd);
	free(m->log);
	free(m);
}

static int
mem_begin(void *arg, struct error *err)
{
	(void)arg;
	(void)err;
	return 0;
}

/* What is set twice has two older parts; a row goes behind them. */
static int
mem_commit(void *arg, struct error *err)
{
	struct mem *m = arg;
	size_t i;

	(void)err;
	for (i = 0; i < m->nlog; i++) {
		if (m->log[i].kind == UNDO_SET)
			free_part(m->log[i].table, m->log[i].old);
	}
	for (i = 0; i < m->nlog; i++) {
		if (m->log[i].kind == UNDO_GONE)
			remove_row(m, m->log[i].table, m->log[i].row);
	}
	m->nlog = 0;
	return 0;
}

static void
mem_rollback(void *arg)
{
	struct mem *m = arg;

	while (m->nlog > 0)
		take_back(m, &m->log[--m->nlog]);
}

static enum store_trouble
mem_trouble(void *arg)
{
	(void)arg;
	return STORE_OF_ONE;
}

const struct store_backend store_memory = {
    .open = mem_open,
    .close = mem_close,
    .begin = mem_begin,
    .commit = mem_commit,
    .rollback = mem_rollback,
    .trouble = mem_trouble,
    .insert = memory_insert,
    .save = memory_save,
    .withdraw = memory_withdraw,
    .save_delivery = memory_save_delivery,
    .save_late = memory_save_late,
    .keep = memory_keep,
    .see = memory_see,
    .take_over = memory_take_over,
    .forget = memory_forget,
    .jobs = memory_jobs,
    .deliveries = memory_deliveries,
    .attempts = memory_attempts,
    .find_key = memory_find_key,
    .recall = memory_recall,
    .recall_told = memory_recall_told,
    .events = memory_events,
    .last_event = memory_last_event,
};
