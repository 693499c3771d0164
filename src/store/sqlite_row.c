/* SPDX-License-Identifier: Apache-2.0 */
/* Whether rows are what was written, and what is said where they are not. */
#include "store/sqlite_row.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "job/delivery.h"
#include "job/jobid.h"
#include "store/sqlite_damage.h"
#include "store/sqlite_db.h"

static bool
ends_in(struct sum *sum, sqlite3_stmt *stmt, int column)
{
	return sqlite3_column_type(stmt, column) == SQLITE_INTEGER &&
	    sqlite3_column_int64(stmt, column) == sum_end(sum);
}

static bool
missing(sqlite3_stmt *stmt, int column)
{
	return sqlite3_column_type(stmt, column) == SQLITE_NULL;
}

const char *
row_job_fault(sqlite3_stmt *stmt)
{
	struct sum sum;

	if (missing(stmt, JOB_SUM))
		return "it has a state and is not there";
	sum_start(&sum, 'j');
	sum_columns(&sum, stmt, JOB_SEQ, JOB_SUM);
	if (!ends_in(&sum, stmt, JOB_SUM))
		return "the checksum of what was asked for";
	if (missing(stmt, JOB_STATE_SUM))
		return "its state is not there";
	sum_start(&sum, 's');
	sum_columns(&sum, stmt, JOB_SEQ, JOB_CREATED_AT);
	sum_columns(&sum, stmt, JOB_OWNER, JOB_STATE_SUM);
	return ends_in(&sum, stmt, JOB_STATE_SUM) ? NULL
						  : "the checksum of its state";
}

const char *
row_body_fault(sqlite3_stmt *stmt)
{
	const void *body = sqlite3_column_blob(stmt, JOB_BODY);
	size_t len = (size_t)sqlite3_column_bytes(stmt, JOB_BODY);

	if (missing(stmt, JOB_BODY) ||
	    sum_bytes(body, len) == sqlite3_column_int64(stmt, JOB_BODY_SUM))
		return NULL;
	return "the checksum of its input";
}

const char *
row_submission_fault(sqlite3_stmt *stmt, const char *job_id)
{
	struct sum sum;

	sum_start(&sum, 'u');
	sum_columns(&sum, stmt, SUBMISSION_SEQ, SUBMISSION_N);
	sum_text(&sum, job_id);
	sum_columns(&sum, stmt, SUBMISSION_N, SUBMISSION_SUM);
	return ends_in(&sum, stmt, SUBMISSION_SUM)
	    ? NULL
	    : "the checksum of a submission";
}

const char *
row_delivery_fault(sqlite3_stmt *stmt)
{
	struct sum sum;

	sum_start(&sum, 'd');
	sum_columns(&sum, stmt, DELIVERY_SEQ, DELIVERY_SUM);
	return ends_in(&sum, stmt, DELIVERY_SUM) ? NULL : "its checksum";
}

const char *
row_attempt_fault(sqlite3_stmt *stmt, const char *delivery_id)
{
	struct sum sum;

	sum_start(&sum, 'a');
	sum_columns(&sum, stmt, ATTEMPT_DELIVERY, ATTEMPT_N);
	sum_text(&sum, delivery_id);
	sum_columns(&sum, stmt, ATTEMPT_N, ATTEMPT_SUM);
	return ends_in(&sum, stmt, ATTEMPT_SUM) ? NULL
						: "the checksum of an attempt";
}

const char *
row_late_fault(sqlite3_stmt *stmt, int64_t seq, const char *job_id)
{
	struct sum sum;

	sum_start(&sum, 'l');
	sum_int(&sum, seq);
	sum_text(&sum, job_id);
	sum_columns(&sum, stmt, LATE_FIRST, LATE_SUM);
	return ends_in(&sum, stmt, LATE_SUM)
	    ? NULL
	    : "the checksum of its late result";
}

int64_t
row_state_sum(sqlite3_stmt *stmt, const char *owner, int64_t epoch)
{
	struct sum sum;

	sum_start(&sum, 's');
	sum_columns(&sum, stmt, JOB_SEQ, JOB_CREATED_AT);
	sum_text(&sum, owner);
	sum_int(&sum, epoch);
	sum_columns(&sum, stmt, JOB_STATE, JOB_STATE_SUM);
	return sum_end(&sum);
}

int64_t
row_delivery_sum(sqlite3_stmt *stmt, const char *owner, int64_t epoch)
{
	struct sum sum;

	sum_start(&sum, 'd');
	sum_columns(&sum, stmt, DELIVERY_SEQ, DELIVERY_OWNER);
	sum_text(&sum, owner);
	sum_int(&sum, epoch);
	sum_columns(&sum, stmt, DELIVERY_STATE, DELIVERY_SUM);
	return sum_end(&sum);
}

/* --- what is said --------------------------------------------------- */

int
row_damaged_job(struct db *db, int64_t seq, const char *id, const char *why,
    struct error *err)
{
	bool named = id != NULL && jobid_ok(id);
	char *text = named ? xasprintf("job %s: %s", id, why) : xstrdup(why);

	damage_note_row(db, "job", seq, text);
	err_set(err, ERR_DAMAGED,
	    "job %s (row %lld) is not what was written: "
	    "%s",
	    named ? id : "without a readable id", (long long)seq, why);
	free(text);
	return err_hint(err,
	    "Its rows are kept as they are, and nothing is done with it: "
	    "restore a backup, or submit it anew.");
}

int
row_damaged_delivery(struct db *db, int64_t seq, const char *id,
    const char *why, struct error *err)
{
	bool named = id != NULL && delivery_id_ok(id);
	char *text =
	    named ? xasprintf("delivery %s: %s", id, why) : xstrdup(why);

	damage_note_row(db, "delivery", seq, text);
	err_set(err, ERR_DAMAGED,
	    "delivery %s (row %lld) is not what was written: %s",
	    named ? id : "without a readable id", (long long)seq, why);
	free(text);
	return err_hint(err,
	    "Its rows are kept as they are, and nothing of it is delivered: "
	    "restore a backup, or submit the job anew.");
}
