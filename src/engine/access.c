/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of prefixes whose objects are answered 403. */
#include "engine/access.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"

#define ENTRIES_MAX 64
#define KNOWN_MS (INT64_C(15) * 60 * 1000)
/* A question that found no answer is asked again sooner. */
#define UNSURE_MS (INT64_C(60) * 1000)

struct entry {
	char *prefix;
	char *access_key; /* whom the verdict is about, or NULL */
	enum access_verdict verdict;
	struct error err;
	int64_t asked_mono;
	int64_t good_ms; /* … for so long; 0: there is no verdict */
	bool asking;
	bool told; /* … `said` was */
	enum access_verdict said;
};

struct access {
	struct entry *v[ENTRIES_MAX];
	size_t n;
};

struct access *
access_new(void)
{
	return xcalloc(1, sizeof(struct access));
}

static void
entry_free(struct entry *e)
{
	free(e->prefix);
	free(e->access_key);
	free(e);
}

void
access_free(struct access *a)
{
	size_t i;

	if (a == NULL)
		return;
	for (i = 0; i < a->n; i++)
		entry_free(a->v[i]);
	free(a);
}

bool
access_is_empty(const struct access *a)
{
	return a->n == 0;
}

size_t
access_prefix_len(const char *place, const char *base)
{
	size_t len = base != NULL ? strlen(base) : 0;

	while (len > 0 && base[len - 1] == '/')
		len--;
	if (len > 0 && strncmp(place, base, len) == 0 && place[len] == '/')
		return len + 1;
	return (size_t)(strrchr(place, '/') - place) + 1;
}

static struct entry *
find(const struct access *a, const struct access_query *q)
{
	size_t i;

	for (i = 0; i < a->n; i++) {
		if (strlen(a->v[i]->prefix) == q->len &&
		    memcmp(a->v[i]->prefix, q->place, q->len) == 0)
			return a->v[i];
	}
	return NULL;
}

static bool
is_good(const struct entry *e, const struct access_query *q)
{
	return clock_mono_ms() - e->asked_mono < e->good_ms &&
	    str_eq(e->access_key != NULL ? e->access_key : "",
		q->access_key != NULL ? q->access_key : "");
}

enum access_state
access_find(
    struct access *a, const struct access_query *q, const struct error **out)
{
	const struct entry *e = find(a, q);

	if (e == NULL)
		return ACCESS_ASK;
	if (is_good(e, q)) {
		*out = &e->err;
		return ACCESS_KNOWN;
	}
	return e->asking ? ACCESS_ASKED : ACCESS_ASK;
}

/* The oldest goes; one that is being asked for comes back with its answer. */
static void
make_room(struct access *a)
{
	size_t i, oldest = 0;

	if (a->n < ENTRIES_MAX)
		return;
	for (i = 1; i < a->n; i++) {
		if (a->v[i]->asked_mono < a->v[oldest]->asked_mono)
			oldest = i;
	}
	entry_free(a->v[oldest]);
	a->v[oldest] = a->v[--a->n];
}

static struct entry *
entry_of(struct access *a, const struct access_query *q)
{
	struct entry *e = find(a, q);

	if (e != NULL)
		return e;
	make_room(a);
	e = xcalloc(1, sizeof(*e));
	e->prefix = xstrndup(q->place, q->len);
	e->asked_mono = clock_mono_ms();
	a->v[a->n++] = e;
	return e;
}

void
access_begin(struct access *a, const struct access_query *q)
{
	entry_of(a, q)->asking = true;
}

void
access_drop(struct access *a, const struct access_query *q)
{
	struct entry *e = find(a, q);

	if (e != NULL)
		e->asking = false;
}

bool
access_learn(struct access *a, const struct access_query *q,
    enum access_verdict verdict, const struct error *err)
{
	struct entry *e = entry_of(a, q);
	/* That nobody can tell just now takes nothing back. */
	bool news =
	    !e->told || (verdict != e->said && verdict != ACCESS_UNSURE);

	e->asking = false;
	e->verdict = verdict;
	e->err = *err;
	e->asked_mono = clock_mono_ms();
	e->good_ms = verdict == ACCESS_UNSURE ? UNSURE_MS : KNOWN_MS;
	free(e->access_key);
	e->access_key = xstrdup_or_null(q->access_key);
	if (news)
		e->said = verdict;
	e->told = true;
	return news;
}

/* Not at once: where permissions differ below one prefix, answers that
 * contradict each other would otherwise have every look ask. */
void
access_answered(struct access *a, const struct access_query *q, bool found)
{
	struct entry *e = find(a, q);

	if (e != NULL && (!found || e->verdict == ACCESS_DENIED) &&
	    e->good_ms > UNSURE_MS)
		e->good_ms = UNSURE_MS;
}
