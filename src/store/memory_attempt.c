/* SPDX-License-Identifier: Apache-2.0 */
/* Attempts by themselves, in the order in which they began. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "store/memory_db.h"

static void
key_of(const char *delivery, unsigned n, char out[ATTEMPT_PLACE_SIZE])
{
	struct attempt_entry e = {.a.n = n};

	memcpy(e.delivery, delivery, DELIVERY_ID_SIZE);
	attempt_place(&e, out);
}

void
memory_add_attempt(struct mem *m, struct delivery_row *of, unsigned n)
{
	struct attempt_row *r;
	char key[ATTEMPT_PLACE_SIZE];

	key_of(of->id, n, key);
	if (memory_find(m, ATTEMPTS, key) != NULL)
		return;
	r = xcalloc(1, sizeof(*r));
	memcpy(r->key, key, sizeof(key));
	r->row.key = r->key;
	r->of = of;
	r->n = n;
	memory_add(m, ATTEMPTS, &r->row);
}

void
memory_drop_attempts(struct mem *m, const struct delivery_row *of)
{
	char key[ATTEMPT_PLACE_SIZE];
	struct row *row;
	size_t i;

	for (i = 0; i < of->d->nlog; i++) {
		key_of(of->id, of->d->log[i].n, key);
		row = memory_find(m, ATTEMPTS, key);
		if (row != NULL)
			memory_drop(m, ATTEMPTS, row);
	}
}

static const struct attempt *
attempt_of(const struct attempt_row *r)
{
	const struct delivery *d = r->of->d;
	size_t i;

	for (i = 0; i < d->nlog; i++) {
		if (d->log[i].n == r->n)
			return &d->log[i];
	}
	abort();
}

static struct row *
next_row(const struct row *row, const struct store_ask *ask)
{
	return ask->newest ? TAILQ_PREV(row, rows, entry)
			   : TAILQ_NEXT(row, entry);
}

static int
first_row(const struct mem *m, const struct store_ask *ask, struct row **out,
    struct error *err)
{
	const struct rows *rows = &m->tables[ATTEMPTS].rows;
	struct row *row;

	if (ask->after == NULL) {
		*out = ask->newest ? TAILQ_LAST(rows, rows) : TAILQ_FIRST(rows);
		return 0;
	}
	row = memory_find(m, ATTEMPTS, ask->after);
	if (row == NULL)
		return err_set(
		    err, ERR_NOT_FOUND, "there is no attempt %s", ask->after);
	*out = next_row(row, ask);
	return 0;
}

int
memory_attempts(void *arg, const struct store_ask *ask,
    struct attempt_entry ***out, size_t *n, struct error *err)
{
	const struct mem *m = arg;
	struct attempt_entry *e;
	struct row *row = NULL;

	if (first_row(m, ask, &row, err) == -1)
		return -1;
	for (; row != NULL && (ask->limit == 0 || *n < ask->limit);
	     row = next_row(row, ask)) {
		const struct attempt_row *r = (struct attempt_row *)row;

		if (row->gone)
			continue;
		e = attempt_entry_new(r->of->d, attempt_of(r));
		if (!store_ask_wants_attempt(ask, e)) {
			attempt_entry_free(e);
			continue;
		}
		*out =
		    xreallocarray(*out, *n + 1, sizeof(struct attempt_entry *));
		(*out)[(*n)++] = e;
	}
	return 0;
}
