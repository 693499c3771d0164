/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a batch is to do, on disk before anything is sent: in DIR/.awaitd-batch
 * the plan (a header, then a line for each input) and the journal (what became
 * known of each: its job, and how often it was asked for). Who has it open has
 * the folder for itself. Of an input only a few bytes are in memory; its line
 * is read again when it is its turn.
 */
#ifndef CMD_BATCH_PLAN_H
#define CMD_BATCH_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"
#include "cmd/batch_inputs.h"
#include "cmd/batch_manifest.h"
#include "job/jobid.h"

#define BATCH_FOLDER ".awaitd-batch"
#define BATCH_RESULTS "results.jsonl"

enum batch_state {
	BATCH_WAITS, /* to be submitted, or its job to be looked for */
	BATCH_FLIES, /* this process has it in hand */
	BATCH_ENDED, /* results.jsonl tells how */
	BATCH_LOST, /* nobody can tell any more; in this run no more */
};

struct batch_item {
	int64_t at; /* where its line begins in the plan … */
	uint32_t len; /* … and its length */
	uint16_t round; /* 1; one more for each time it is asked anew */
	uint8_t state;
	bool bad; /* ENDED, and not well */
	char job[JOBID_SIZE]; /* of this round; "": not known */
};

struct batch_plan {
	char *dir; /* the output folder, absolute */
	int dir_fd;
	int meta_fd; /* of BATCH_FOLDER in it */
	int lock_fd;
	int plan_fd;
	int journal_fd;
	bool made_dir;
	struct json *header; /* NULL: there is no plan yet */
	char batch[JOBID_SIZE]; /* its id */
	struct batch_item *items;
	size_t n;
	size_t cap;
	int64_t end; /* of the plan's last line */
};

/* One input, as its line says. */
struct batch_entry {
	struct json *root;
	struct batch_line line; /* of a manifest, else all NULL */
	const char *shown;
	char *path; /* or NULL */
	const char *location; /* or NULL */
	const char *name; /* of its result */
	int64_t size;
	char sha256[65]; /* of the line: what was asked for */
};

/* Opens the folder, made if missing; ERR_BUSY where another batch works in it.
 * A plan that is there is read, and what the journal says. */
int batch_plan_open(
    const char *dir, struct batch_plan **out, struct error *err);

/* Without a plan what was made goes again. */
void batch_plan_free(struct batch_plan *p);

/* The header's text; the plan takes it up with its first inputs. */
int batch_plan_head(
    struct batch_plan *p, const char *text, size_t len, struct error *err);

/*
 * The inputs that are not in it yet, with names for their results, at its end;
 * on disk when this returns. *added says how many. ERR_USAGE and *problems
 * where names meet, or an id came with another line.
 */
int batch_plan_add(struct batch_plan *p, struct batch_inputs *in, size_t *added,
    struct error *err);

int batch_plan_entry(const struct batch_plan *p, size_t i,
    struct batch_entry *out, struct error *err);
void batch_entry_done(struct batch_entry *e);

/* The key under which the item's job is made, of this round. */
#define BATCH_KEY_SIZE 80
void batch_plan_key(
    const struct batch_plan *p, size_t i, char out[BATCH_KEY_SIZE]);

/* The item and the round that a key is of; -1 where it is none of ours. */
int batch_plan_of_key(
    const struct batch_plan *p, const char *key, size_t *i, unsigned *round);

/* Into the journal: the item's job; that it is asked for anew. */
int batch_plan_note_job(
    struct batch_plan *p, size_t i, const char *job, struct error *err);
int batch_plan_note_round(struct batch_plan *p, size_t i, struct error *err);

/* What was noted is on disk. */
int batch_plan_sync(struct batch_plan *p, struct error *err);

#endif
