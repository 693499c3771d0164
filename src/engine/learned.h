/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of endpoints from what they answered: the S3OutputPath, how
 * they behave, and whether they honour the names that a request asks for.
 * At most 1,000; who was not heard of for the longest time goes first. Only
 * for files of this folder.
 */
#ifndef ENGINE_LEARNED_H
#define ENGINE_LEARNED_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/habit.h"

#define LEARNED_MAX 1000

struct learned_list;
struct learned; /* one endpoint */

struct learned_list *learned_new(void);
void learned_free(struct learned_list *list);

/* NULL: nothing is known of it. Borrowed, till the next learned_add(). */
struct learned *learned_find(
    const struct learned_list *list, const char *region, const char *endpoint);
struct learned *learned_add(
    struct learned_list *list, const char *region, const char *endpoint);

/*
 * Where its results go: the path of the configuration (or NULL), as the
 * endpoint was seen to write it, or the one that was learned. NULL where none
 * is known, or where the endpoint is marked. `l` may be NULL.
 */
const char *learned_path(const struct learned *l, const char *configured);

/* Its places cannot be predicted. */
bool learned_marked(const struct learned *l, const char *configured);

/*
 * A 202 for a request that asked for names: `path` is what it lets see of the
 * output path (names_output_path).
 */
enum learned_news {
	LEARNED_NOTHING,
	LEARNED_PATH, /* a path that was not known */
	LEARNED_DIFFERS, /* not where it was told to: marked now */
	LEARNED_HONOURS, /* three times in a row: no longer marked */
};
enum learned_news learned_answer(
    struct learned *l, const char *configured, const char *path);

/* Where failures go (names_failure_pattern), or NULL: not by our names. True
 * where that was not known. */
bool learned_failures(struct learned *l, const char *pattern);
const char *learned_failure_pattern(const struct learned *l);

/* How it behaves. NULL where l is. */
struct habit *learned_habit(struct learned *l);

/* Something was added to its habits. */
void learned_note(struct learned *l);

/* Is it time to write the habits down? Every 100, or 10 minutes. */
bool learned_due(const struct learned *l);

/* For the store: under which name, and what. Both are the caller's. */
void learned_save(struct learned *l, char **name, char **value);

/* The inverse; what makes no sense is passed over. */
void learned_recall(
    struct learned_list *list, const char *name, const char *value);

#endif
