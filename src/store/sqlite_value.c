/* SPDX-License-Identifier: Apache-2.0 */
/* Values and places that reading jobs and reading deliveries share. */
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/sqlite_read.h"

void
sqlite_get_job_id(struct cursor *c, char out[JOBID_SIZE])
{
	char *id = sqlite_get_text(c);

	if (id != NULL && jobid_ok(id))
		memcpy(out, id, JOBID_SIZE);
	free(id);
}

void *
sqlite_get_body(struct cursor *c, size_t *len)
{
	const void *data = sqlite3_column_blob(c->stmt, c->i);

	*len = (size_t)sqlite3_column_bytes(c->stmt, c->i);
	/* One of no bytes has no address. */
	return sqlite3_column_type(c->stmt, c->i) != SQLITE_NULL
	    ? xmemdup(data, *len)
	    : NULL;
}

int
sqlite_find_seq(struct db *db, enum statement which, const char *after,
    int64_t *seq, struct error *err)
{
	struct cursor c = sqlite_bind(db, which);
	int rc;

	*seq = 0;
	if (after == NULL)
		return 0;
	sqlite_put_text(&c, after);
	rc = sqlite3_step(c.stmt);
	if (rc == SQLITE_ROW)
		*seq = sqlite3_column_int64(c.stmt, 0);
	else if (rc == SQLITE_DONE)
		err_set(err, ERR_NOT_FOUND, "there is no %s", after);
	else
		sqlite_complain(db, "find where to begin", err);
	sqlite3_reset(c.stmt);
	return rc == SQLITE_ROW ? 0 : -1;
}
