/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of jobs and deliveries as the SELECTs of sqlite_sql.c give them: where
 * each value stands, and whether the row is the one that was written. Only for
 * sqlite*.c.
 */
#ifndef STORE_SQLITE_ROW_H
#define STORE_SQLITE_ROW_H

#include <stdint.h>

#include "base/error.h"
#include "store/sqlite_columns.h"
#include "store/sqlite_sum.h"

struct db;
struct job;
struct sqlite3_stmt;

#define COLUMN(kind, name) +1
/* Of a job: both rows side by side, and what of the body was asked for. */
enum job_column {
	JOB_SEQ,
	JOB_ID,
	JOB_CREATED_AT,
	JOB_SPEC,
	JOB_BODY_LEN = JOB_SPEC + 0 SPEC_COLUMNS(COLUMN),
	JOB_BODY_SUM,
	JOB_SUM,
	JOB_OWNER,
	JOB_EPOCH,
	JOB_STATE,
	JOB_SUBS = JOB_STATE + 0 STATE_COLUMNS(COLUMN),
	JOB_STATE_SUM,
	JOB_BODY,
};

enum submission_column {
	SUBMISSION_SEQ,
	SUBMISSION_N,
	SUBMISSION_SUM = SUBMISSION_N + 0 SUBMISSION_COLUMNS(COLUMN),
};

enum delivery_column {
	DELIVERY_SEQ,
	DELIVERY_JOB,
	DELIVERY_ID,
	DELIVERY_JOB_ID,
	DELIVERY_FROZEN,
	DELIVERY_OWNER = DELIVERY_FROZEN + 0 FROZEN_COLUMNS(COLUMN),
	DELIVERY_EPOCH,
	DELIVERY_STATE, /* first of what changes */
	DELIVERY_SUM = DELIVERY_STATE + 0 DELIVERY_COLUMNS(COLUMN),
	DELIVERY_BODY,
};

enum attempt_column {
	ATTEMPT_DELIVERY,
	ATTEMPT_N,
	ATTEMPT_SUM = ATTEMPT_N + 0 ATTEMPT_COLUMNS(COLUMN),
};

enum late_column {
	LATE_SEQ,
	LATE_FIRST,
	LATE_SUM = LATE_FIRST + 0 LATE_COLUMNS(COLUMN),
	LATE_JOB_ID, /* where all are read */
};
#undef COLUMN

/* NULL, or what is wrong. */
const char *row_job_fault(struct sqlite3_stmt *stmt);
const char *row_body_fault(struct sqlite3_stmt *stmt); /* where it is there */
const char *row_submission_fault(struct sqlite3_stmt *stmt, const char *job_id);
const char *row_delivery_fault(struct sqlite3_stmt *stmt);
const char *row_attempt_fault(
    struct sqlite3_stmt *stmt, const char *delivery_id);
const char *row_late_fault(
    struct sqlite3_stmt *stmt, int64_t seq, const char *job_id);

/* The row's sum under another owner and epoch. */
int64_t row_state_sum(
    struct sqlite3_stmt *stmt, const char *owner, int64_t epoch);
int64_t row_delivery_sum(
    struct sqlite3_stmt *stmt, const char *owner, int64_t epoch);

/* ERR_DAMAGED, noted. Returns -1. */
int row_damaged_job(struct db *db, int64_t seq, const char *id, const char *why,
    struct error *err);
int row_damaged_delivery(struct db *db, int64_t seq, const char *id,
    const char *why, struct error *err);

#endif
