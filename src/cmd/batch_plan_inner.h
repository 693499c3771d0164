/* SPDX-License-Identifier: Apache-2.0 */
/* What batch_plan.c and batch_plan_write.c share. */
#ifndef CMD_BATCH_PLAN_INNER_H
#define CMD_BATCH_PLAN_INNER_H

#include "cmd/batch_lines.h"
#include "cmd/batch_plan.h"

#define BATCH_VERSION 1
#define PLAN_FILE "plan.jsonl"
#define JOURNAL_FILE "journal.jsonl"
/* A manifest's line, which stands in it, and what is found out of it. */
#define PLAN_LINE_MAX (BATCH_LINE_MAX + 65536)
/* A process that was killed leaves its lock to children for a moment. */
#define LOCK_WAIT_MS 1000

/* Below BATCH_FOLDER. The caller's. */
char *batch_plan_path(const struct batch_plan *p, const char *name);

/* A new item whose line stands there. Borrowed till the next. */
struct batch_item *batch_plan_item(
    struct batch_plan *p, int64_t at, size_t len);

int batch_plan_open_journal(struct batch_plan *p, struct error *err);

/* Its text, of the item with this index. */
int batch_entry_read(const char *text, size_t len, size_t index,
    struct batch_entry *out, struct error *err);

/* What is named plan_fd, the journal and all folders up to it are on disk. */
int batch_plan_sync_all(
    const struct batch_plan *p, int plan_fd, struct error *err);

/* A line at the end of a file that grows: whole, or not at all. */
int batch_file_append(int fd, const char *line, size_t len, struct error *err);

/* Every line of a file of ours; a torn last one is cut off. */
int batch_file_read(int fd, size_t max, batch_line_fn *fn, void *arg,
    int64_t *end, struct error *err);

#endif
