/* SPDX-License-Identifier: Apache-2.0 */
/* A line of the log for each move of a job. Only for files of this folder. */
#ifndef ENGINE_MOVE_LOG_H
#define ENGINE_MOVE_LOG_H

#include "engine/work.h"

/* It is on disk. What look_found() noted is said, and forgotten. */
void move_log(struct work *w, enum job_state from);

#endif
