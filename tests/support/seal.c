/* SPDX-License-Identifier: Apache-2.0 */
/* As store/sqlite_columns.h says what each sum is over. */
#include "tests/support/seal.h"

#include <sqlite3.h>

#include "store/sqlite_columns.h"
#include "store/sqlite_sum.h"

#define NAME(kind, name) ", " #name

/* clang-format off */
static const char all[] =
    "UPDATE job SET body_sum = awaitd_bytes(body);"
    "UPDATE job SET sum = awaitd_sum('j', seq, id, created_at"
    SPEC_COLUMNS(NAME) ", length(body), body_sum);"
    "UPDATE job_state SET sum = awaitd_sum('s', seq, "
    "(SELECT id FROM job WHERE job.seq = job_state.seq), owner, epoch"
    STATE_COLUMNS(NAME) ", subs);"
    "UPDATE submission SET sum = awaitd_sum('u', seq, "
    "(SELECT id FROM job WHERE job.seq = submission.seq)"
    SUBMISSION_COLUMNS(NAME) ");"
    "UPDATE delivery SET sum = awaitd_sum('d', seq, job, id, "
    "(SELECT id FROM job WHERE job.seq = delivery.job)"
    FROZEN_COLUMNS(NAME) ", owner, epoch" DELIVERY_COLUMNS(NAME) ");"
    "UPDATE attempt SET sum = awaitd_sum('a', delivery, "
    "(SELECT id FROM delivery WHERE delivery.seq = attempt.delivery)"
    ATTEMPT_COLUMNS(NAME) ");"
    "UPDATE late_result SET sum = awaitd_sum('l', seq, "
    "(SELECT id FROM job WHERE job.seq = late_result.seq)"
    LATE_COLUMNS(NAME) ");"
    "UPDATE idempotency SET sum = awaitd_sum('i', key, hash, job, "
    "created_at);"
    "UPDATE kept SET sum = awaitd_sum('k', name, value);"
    "UPDATE notice SET sum = awaitd_sum('n', source, message_id, "
    "forget_at);"
    "UPDATE told SET sum = awaitd_sum('t', seq, "
    "(SELECT id FROM job WHERE job.seq = told.seq), inference_id, "
    "endpoint, event_at, reason);"
    "UPDATE event SET sum = awaitd_sum('e', seq, at, type, job, "
    "delivery, n);";
/* clang-format on */

int
seal(sqlite3 *db)
{
	int rc = sum_register(db);

	/* DONE is final but for this. */
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, all, NULL, NULL, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 1, NULL);
	return rc;
}
