/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A consistent copy of a state file that another process holds. SQLite in
 * exclusive mode lets no second reader in; but its file changes only at a
 * checkpoint, and everything newer is in the log beside it, whose frames are
 * checksummed. A copy of both is sound if no checkpoint came in between.
 */
#ifndef CMD_SNAPSHOT_H
#define CMD_SNAPSHOT_H

#include "base/error.h"

struct snapshot {
	char *folder;
	char *path; /* of the copy */
};

/* ERR_BUSY where the file changed too often to be copied. */
int snapshot_take(const char *path, struct snapshot *out, struct error *err);
void snapshot_remove(struct snapshot *s);

#endif
