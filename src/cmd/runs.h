/* SPDX-License-Identifier: Apache-2.0 */
/*
 * State files of commands that run without a service: one for each run, named
 * by its first job, held exclusively while the run lasts. Parallel runs so
 * never meet, and an interrupted one can be taken up by any later command.
 */
#ifndef CMD_RUNS_H
#define CMD_RUNS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "cmd/app.h"
#include "store/store.h"

/* The folder's name: see runs_folder(). NULL: there is none. The caller's. */
char *runs_folder_name(const struct app *app);

/*
 * The folder, made (0700) if it is missing: [awaitd] state, else
 * $XDG_STATE_HOME/awaitd, else ~/.local/state/awaitd. *out is the caller's.
 */
int runs_folder(const struct app *app, char **out, struct error *err);

/* ERR_CONFIG where anybody could put a state file into a folder. */
int runs_check_folder(const char *folder, struct error *err);

/* The same as runs_folder(), and files can be made in it. */
int runs_folder_to_write(const struct app *app, char **out, struct error *err);

/* The state file of a run whose first job has this id. The caller's. */
char *runs_path(const char *folder, const char *id);

/* Every state file there, oldest first; each and the array are the caller's. */
int runs_all(const char *folder, char ***paths, size_t *n, struct error *err);
void runs_free(char **paths, size_t n);

void runs_free_jobs(struct job **jobs, size_t n);

/*
 * The job and the file it is in; the id must be one. ERR_NOT_FOUND names the
 * folder. Both are the caller's.
 */
int runs_find(const struct app *app, const char *id, struct job **job,
    char **path, struct error *err);

/*
 * Has a service worked in the folder that does not answer now? Its jobs are
 * in a file of its own, and nobody else reads that.
 */
bool runs_service_left(const struct app *app, const char *folder);
#define RUNS_SERVICE_LEFT \
	"A service has jobs there, and does not answer: start 'awaitd serve'."

/* One state file, unless somebody carries what is in it. */
bool runs_remove(const char *path);

/* Remove files older than the retention in which every job is done. */
void runs_prune(const struct app *app, const char *folder);

#endif
