/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs of a state file that another process may hold and write at this
 * moment, read without a lock. The file itself changes only at a checkpoint,
 * and everything newer is in the log beside it, whose frames are checksummed:
 * what is read is sound if no checkpoint came in between.
 */
#ifndef CMD_SNAPSHOT_H
#define CMD_SNAPSHOT_H

#include <stddef.h>

#include "base/error.h"
#include "job/job.h"

/*
 * One job, or all for id NULL, without bodies. ERR_BUSY where the file
 * changed too often to be read. The jobs and the array are the caller's.
 */
int snapshot_read(const char *path, const char *id, struct job ***jobs,
    size_t *n, struct error *err);

/* In the name of the folder that holds a copy while it is read. */
#define COPY_MARK ".copy-"

/* Remove such a folder with what may be in it. */
void snapshot_remove(const char *folder);

#endif
