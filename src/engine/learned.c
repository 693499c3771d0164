/* SPDX-License-Identifier: Apache-2.0 */
/* A tree of endpoints, and a queue of them by when they were last heard of. */
#include "engine/learned.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/jsonw.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/names.h"

#define HONOURS_AGAIN 3 /* in a row */
#define SAVE_EVERY 100
#define SAVE_EVERY_MS 600000
#define VALUE_MAX 16384
#define PATH_MAX_LEN 1024 /* InvokeEndpointAsync's locations */
#define NAME_PREFIX "endpoint "

struct learned {
	TAILQ_ENTRY(learned) all;
	char *key; /* "REGION NAME" */
	char *path;
	char *failures; /* pattern of their places, or NULL */
	bool marked;
	char *marked_with; /* the path that was configured then, or "" */
	unsigned honoured; /* in a row, while marked */
	struct habit habit;
	unsigned unsaved; /* results */
	int64_t saved_mono;
};

struct learned_list {
	void *index; /* by key, tsearch(3) */
	TAILQ_HEAD(, learned) all; /* the longest unheard of first */
	size_t n;
};

static int
by_key(const void *a, const void *b)
{
	const struct learned *x = a, *y = b;

	return strcmp(x->key, y->key);
}

struct learned_list *
learned_new(void)
{
	struct learned_list *list = xcalloc(1, sizeof(*list));

	TAILQ_INIT(&list->all);
	return list;
}

static void
forget(struct learned_list *list, struct learned *l)
{
	TAILQ_REMOVE(&list->all, l, all);
	tdelete(l, &list->index, by_key);
	list->n--;
	free(l->key);
	free(l->path);
	free(l->failures);
	free(l->marked_with);
	habit_done(&l->habit);
	free(l);
}

void
learned_free(struct learned_list *list)
{
	while (!TAILQ_EMPTY(&list->all))
		forget(list, TAILQ_FIRST(&list->all));
	free(list);
}

static struct learned *
find_key(const struct learned_list *list, char *key)
{
	struct learned wanted = {.key = key};
	void *node = tfind(&wanted, &list->index, by_key);

	return node != NULL ? *(struct learned **)node : NULL;
}

struct learned *
learned_find(
    const struct learned_list *list, const char *region, const char *endpoint)
{
	char *key = xasprintf("%s %s", region, endpoint);
	struct learned *l = find_key(list, key);

	free(key);
	return l;
}

static struct learned *
add_key(struct learned_list *list, const char *key)
{
	struct learned *l = xcalloc(1, sizeof(*l));

	l->key = xstrdup(key);
	l->saved_mono = clock_mono_ms();
	tsearch(l, &list->index, by_key);
	TAILQ_INSERT_TAIL(&list->all, l, all);
	if (++list->n > LEARNED_MAX)
		forget(list, TAILQ_FIRST(&list->all));
	return l;
}

struct learned *
learned_add(struct learned_list *list, const char *region, const char *endpoint)
{
	char *key = xasprintf("%s %s", region, endpoint);
	struct learned *l = find_key(list, key);

	if (l != NULL) {
		TAILQ_REMOVE(&list->all, l, all);
		TAILQ_INSERT_TAIL(&list->all, l, all);
	} else {
		l = add_key(list, key);
	}
	free(key);
	return l;
}

/* --- the path ------------------------------------------------------- */

/* S3OutputPath may be written with slashes at its end, and how the service
 * joins then is not documented. */
static bool
same_path(const char *a, const char *b)
{
	size_t m = strlen(a), n = strlen(b);

	while (m > 0 && a[m - 1] == '/')
		m--;
	while (n > 0 && b[n - 1] == '/')
		n--;
	return m == n && memcmp(a, b, m) == 0;
}

bool
learned_marked(const struct learned *l, const char *configured)
{
	return l != NULL && l->marked &&
	    str_eq(l->marked_with, configured != NULL ? configured : "");
}

const char *
learned_path(const struct learned *l, const char *configured)
{
	if (str_empty(configured))
		configured = NULL;
	if (learned_marked(l, configured))
		return NULL;
	if (l == NULL || l->path == NULL)
		return configured;
	return configured == NULL || same_path(l->path, configured)
	    ? l->path
	    : configured;
}

static bool
set_path(struct learned *l, const char *path)
{
	if (path == NULL || (l->path != NULL && str_eq(l->path, path)))
		return false;
	free(l->path);
	l->path = xstrdup(path);
	return true;
}

static enum learned_news
differs(struct learned *l, const char *configured)
{
	bool was = learned_marked(l, configured);

	l->honoured = 0;
	l->marked = true;
	free(l->marked_with);
	l->marked_with = xstrdup(configured != NULL ? configured : "");
	return was ? LEARNED_NOTHING : LEARNED_DIFFERS;
}

enum learned_news
learned_answer(struct learned *l, const char *configured, const char *path)
{
	const char *expected;
	bool honours, is_new;

	if (str_empty(configured))
		configured = NULL;
	expected = configured != NULL ? configured : l->path;
	honours =
	    path != NULL && (expected == NULL || same_path(path, expected));
	is_new = set_path(l, path);
	if (!honours)
		return differs(l, configured);
	if (l->marked && learned_marked(l, configured) &&
	    ++l->honoured < HONOURS_AGAIN)
		return LEARNED_NOTHING;
	if (l->marked) {
		l->marked = false;
		return LEARNED_HONOURS;
	}
	return is_new ? LEARNED_PATH : LEARNED_NOTHING;
}

bool
learned_failures(struct learned *l, const char *pattern)
{
	if (pattern == NULL || l->failures == NULL
		? pattern == l->failures
		: str_eq(pattern, l->failures))
		return false;
	free(l->failures);
	l->failures = xstrdup_or_null(pattern);
	return true;
}

const char *
learned_failure_pattern(const struct learned *l)
{
	return l != NULL ? l->failures : NULL;
}

/* --- habits --------------------------------------------------------- */

struct habit *
learned_habit(struct learned *l)
{
	return l != NULL ? &l->habit : NULL;
}

void
learned_note(struct learned *l)
{
	l->unsaved++;
}

bool
learned_due(const struct learned *l)
{
	return l->unsaved >= SAVE_EVERY ||
	    (l->unsaved > 0 &&
		clock_mono_ms() - l->saved_mono >= SAVE_EVERY_MS);
}

/* --- kept ----------------------------------------------------------- */

void
learned_save(struct learned *l, char **name, char **value)
{
	struct jsonw w;
	struct buf b;

	buf_init(&b, VALUE_MAX);
	jsonw_init(&w, &b);
	jsonw_begin(&w, NULL, '{');
	jsonw_opt(&w, "output_path", l->path);
	jsonw_opt(&w, "failures", l->failures);
	if (l->marked) {
		jsonw_bool(&w, "differs", true);
		jsonw_opt(&w, "configured", l->marked_with);
	}
	habit_write(&l->habit, &w);
	jsonw_end(&w, '}');
	*name = xasprintf(NAME_PREFIX "%s", l->key);
	*value = buf_take(&b);
	l->unsaved = 0;
	l->saved_mono = clock_mono_ms();
}

static bool
is_word(const char *s, size_t len, size_t max)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (!str_is_alnum(s[i]) && s[i] != '-')
			return false;
	}
	return len > 0 && len <= max;
}

/* "REGION NAME", as learned_save writes it, or NULL. */
static const char *
key_of(const char *name)
{
	const char *key = name + strlen(NAME_PREFIX), *blank;

	if (!str_starts(name, NAME_PREFIX))
		return NULL;
	blank = strchr(key, ' ');
	if (blank == NULL || !is_word(key, (size_t)(blank - key), 63) ||
	    !is_word(blank + 1, strlen(blank + 1), 63))
		return NULL;
	return key;
}

static const char *
get_path(const struct json *doc, const char *key)
{
	const char *s = json_get_str(doc, key);

	if (s == NULL || !str_starts(s, "s3://") || s[5] == '\0' ||
	    s[5] == '/' || strlen(s) > PATH_MAX_LEN || str_has_control(s))
		return NULL;
	return s;
}

void
learned_recall(struct learned_list *list, const char *name, const char *value)
{
	const char *key = key_of(name), *s;
	struct error ignored;
	struct learned *l;
	struct json *doc;

	if (key == NULL || list->n >= LEARNED_MAX ||
	    strlen(value) > VALUE_MAX || find_key(list, (char *)key) != NULL ||
	    json_parse(value, strlen(value), &doc, &ignored) == -1)
		return;
	if (json_is_object(doc)) {
		l = add_key(list, key);
		set_path(l, get_path(doc, "output_path"));
		s = json_get_str(doc, "failures");
		if (s != NULL && names_pattern_ok(s))
			learned_failures(l, s);
		if (json_bool(json_get(doc, "differs"), &l->marked) == -1)
			l->marked = false;
		s = get_path(doc, "configured");
		l->marked_with = xstrdup(s != NULL ? s : "");
		habit_read(&l->habit, doc);
	}
	json_free(doc);
}
