/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a job in the engine's hands teaches of its endpoint, and what is known
 * of it; the rare writes of that. Only for files of this folder.
 */
#ifndef ENGINE_LEARN_H
#define ENGINE_LEARN_H

#include "engine/habit.h"
#include "engine/work.h"

/* The endpoint's S3OutputPath, configured or learned from a 202; NULL where it
 * is not known, or the endpoint does not put results where it is told to. */
const char *learn_output_path(const struct work *w);

/* The place of submission s's output may be looked at: it was named by a 202,
 * or predicted, and predictions hold for this endpoint. Or NULL. */
const char *learn_output(const struct work *w, const struct submission *s);

/* The same of its failure. The caller's, or NULL. */
char *learn_failure(const struct work *w, const struct submission *s);

/* A result can be looked for, of whichever submission. */
bool learn_has_place(const struct work *w);

/* The same, and its request may still be alive: what was looked for behind the
 * end of its time never comes. */
bool learn_may_succeed(const struct work *w);

/*
 * A 202: is its place the one that the names ask for? It tells, too, where
 * those submissions of the job went whose answers were lost.
 */
void learn_answer(struct work *w, const struct submission *s);

/* The same of a job that the store had. */
void learn_adopted(struct work *w);

/* How its endpoint behaves, or NULL: nothing is known of it. */
struct habit *learn_habit(const struct work *w);

/* The same, made where there is none. */
struct habit *learn_new_habit(struct work *w);

/* A result was added to that: write it down now and then. */
void learn_keep(struct work *w);

/* 95 of 100 results came within this time; 0: not known. */
int64_t learn_p95_ms(const struct work *w);

#endif
