/* SPDX-License-Identifier: Apache-2.0 */
/* The state files of runs: finding, reading, removing them. */
#include "cmd/runs.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "cmd/snapshot.h"
#include "serve/intake.h"
#include "serve/server.h"

#define SUFFIX ".db"

char *
runs_folder_name(const struct app *app)
{
	const char *named = app->conf->global.state;
	const char *xdg = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

	if (named != NULL)
		return xstrdup(named);
	if (!str_empty(xdg))
		return xasprintf("%s/awaitd", xdg);
	if (!str_empty(home))
		return xasprintf("%s/.local/state/awaitd", home);
	return NULL;
}

/* Where everybody may write, anybody may put a state file of their own. */
int
runs_check_folder(const char *folder, struct error *err)
{
	struct stat st;

	if (stat(folder, &st) == -1)
		return err_set_errno(
		    err, ERR_CONFIG, "state folder %s", folder);
	if ((st.st_mode & S_IWOTH) == 0)
		return 0;
	err_set(err, ERR_CONFIG, "everybody may write into the state folder %s",
	    folder);
	return err_hint(err,
	    "Do 'chmod 700 %s', or set AWAITD_STATE to "
	    "another folder.",
	    folder);
}

int
runs_folder(const struct app *app, char **out, struct error *err)
{
	char *folder = runs_folder_name(app), *real;

	if (folder == NULL) {
		err_set(err, ERR_CONFIG, "no place for state files");
		return err_hint(err, "Set AWAITD_STATE to a folder, or HOME.");
	}
	if (file_mkdirs(folder, 0700, err) == -1) {
		err_prefix(err, "state folder %s", folder);
		free(folder);
		err->code = ERR_CONFIG;
		return err_hint(err,
		    "State files need a folder; set AWAITD_STATE to one that "
		    "can be written to.");
	}
	/* SQLite follows no link on the way to a file; so none is left. */
	real = realpath(folder, NULL);
	free(folder);
	if (real == NULL)
		return err_set_errno(err, ERR_CONFIG, "state folder");
	if (runs_check_folder(real, err) == -1) {
		free(real);
		return -1;
	}
	*out = real;
	return 0;
}

int
runs_folder_to_write(const struct app *app, char **out, struct error *err)
{
	char *folder;

	if (runs_folder(app, &folder, err) == -1)
		return -1;
	if (access(folder, W_OK | X_OK) == 0) {
		*out = folder;
		return 0;
	}
	err_set_errno(err, ERR_CONFIG, "state folder %s", folder);
	free(folder);
	return err_hint(err,
	    "State files need a folder; set AWAITD_STATE to one that can be "
	    "written to.");
}

char *
runs_path(const char *folder, const char *id)
{
	return xasprintf("%s/%s" SUFFIX, folder, id);
}

/* "<job id>.db", and nothing else that may lie there. */
static bool
is_run(const char *name)
{
	char id[JOBID_SIZE];

	if (strlen(name) != JOBID_LEN + strlen(SUFFIX) ||
	    !str_ends(name, SUFFIX))
		return false;
	memcpy(id, name, JOBID_LEN);
	id[JOBID_LEN] = '\0';
	return jobid_ok(id);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int
runs_all(const char *folder, char ***paths, size_t *n, struct error *err)
{
	struct dirent *entry;
	DIR *dir = opendir(folder);

	*paths = NULL;
	*n = 0;
	if (dir == NULL)
		return err_set_errno(err, ERR_IO, "read %s", folder);
	while ((entry = readdir(dir)) != NULL) {
		if (!is_run(entry->d_name))
			continue;
		*paths = xreallocarray(*paths, *n + 1, sizeof(char *));
		(*paths)[(*n)++] = xasprintf("%s/%s", folder, entry->d_name);
	}
	closedir(dir);
	if (*n > 0)
		qsort(*paths, *n, sizeof(char *), by_name);
	return 0;
}

void
runs_free(char **paths, size_t n)
{
	while (n > 0)
		free(paths[--n]);
	free(paths);
}

void
runs_free_jobs(struct job **jobs, size_t n)
{
	while (n > 0)
		job_free(jobs[--n]);
	free(jobs);
}

/* --- finding -------------------------------------------------------- */

/* 1 found, 0 not there, -1 the file cannot be read. */
static int
find_in(const char *path, const char *id, struct job **job, struct error *err)
{
	struct job **jobs = NULL;
	size_t n = 0;

	if (snapshot_read(path, id, &jobs, &n, err) == -1)
		return -1;
	if (n == 0)
		return 0;
	*job = jobs[0];
	free(jobs);
	return 1;
}

/* The file named by the job first: most runs have just one. */
static int
search(const char *folder, const char *id, struct job **job, char **path,
    struct error *err)
{
	char *direct = runs_path(folder, id), **paths;
	size_t n, i;
	int found;

	if (access(direct, F_OK) == 0) {
		found = find_in(direct, id, job, err);
		if (found == 1)
			*path = direct;
		else
			free(direct);
		return found;
	}
	free(direct);
	if (runs_all(folder, &paths, &n, err) == -1)
		return -1;
	for (i = 0, found = 0; i < n && found != 1; i++) {
		/* A file that cannot be read hides nothing else. */
		found = find_in(paths[i], id, job, err);
		if (found == 1)
			*path = xstrdup(paths[i]);
		else if (found == -1)
			log_warn("runs", "%s", err->text);
	}
	runs_free(paths, n);
	return found == 1 ? 1 : 0;
}

bool
runs_service_left(const struct app *app, const char *folder)
{
	char *path;
	bool left;

	if (app->client != NULL)
		return false;
	path = xasprintf("%s/" SERVER_STORE, folder);
	left = access(path, F_OK) == 0;
	free(path);
	return left;
}

int
runs_find(const struct app *app, const char *id, struct job **job, char **path,
    struct error *err)
{
	char *folder;
	int found;

	if (runs_folder(app, &folder, err) == -1)
		return -1;
	found = search(folder, id, job, path, err);
	if (found == 0) {
		err_set(
		    err, ERR_NOT_FOUND, "there is no job %s in %s", id, folder);
		err_hint(err, "%s",
		    runs_service_left(app, folder)
			? RUNS_SERVICE_LEFT
			: "'awaitd list' shows the jobs there are; "
			  "AWAITD_STATE names another folder.");
	}
	free(folder);
	return found == 1 ? 0 : -1;
}

/* --- removing ------------------------------------------------------- */

/* Without an end: nobody may have waited on for a foreign one, and behind its
 * deadline there is nothing to wait for. */
static int64_t
given_up_at(const struct job *job)
{
	return job_is_foreign(job) ? job->deadline_at : -1;
}

/* When the last of them ended, or -1 where one has not. */
static int64_t
ended_at(struct job **jobs, size_t n)
{
	int64_t last = 0, one;
	size_t i;

	for (i = 0; i < n; i++) {
		one = jobs[i]->state == JOB_DONE ? jobs[i]->completed_at
						 : given_up_at(jobs[i]);
		if (one == -1)
			return -1;
		if (one > last)
			last = one;
	}
	return last;
}

static bool
is_past(const struct app *app, int64_t at)
{
	return at != -1 &&
	    at + app->conf->global.retention_ms < clock_wall_ms();
}

static int64_t
made_at(const char *path)
{
	const char *name = strrchr(path, '/') + 1;
	char id[JOBID_SIZE];

	memcpy(id, name, JOBID_LEN);
	id[JOBID_LEN] = '\0';
	return jobid_time(id);
}

/* The file goes under its lock, so that nobody is carrying it. */
bool
runs_remove(const char *path)
{
	struct error ignored;
	char *wal;
	bool gone;
	int fd;

	if (file_lock(path, 0, &fd, &ignored) == -1)
		return false;
	gone = unlink(path) == 0;
	wal = xasprintf("%s-wal", path);
	unlink(wal);
	free(wal);
	close(fd);
	return gone;
}

static bool
prune_one(const struct app *app, const char *path)
{
	struct job **jobs = NULL;
	struct error ignored;
	size_t n = 0;
	bool past;

	if (snapshot_read(path, NULL, &jobs, &n, &ignored) == -1)
		return false;
	past = is_past(app, ended_at(jobs, n));
	runs_free_jobs(jobs, n);
	return past && runs_remove(path);
}

/* A copy that a process which was killed left beside the state files. */
static void
prune_copy(const char *folder, const char *name)
{
	struct stat st;
	char *path;

	if (strstr(name, COPY_MARK) == NULL)
		return;
	path = xasprintf("%s/%s", folder, name);
	if (lstat(path, &st) == 0 &&
	    (int64_t)st.st_mtime * 1000 + INTAKE_ORPHAN_MS < clock_wall_ms())
		snapshot_remove(path);
	free(path);
}

static void
prune_copies(const char *folder)
{
	struct dirent *entry;
	DIR *dir = opendir(folder);

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		prune_copy(folder, entry->d_name);
	if (dir != NULL)
		closedir(dir);
}

void
runs_prune(const struct app *app, const char *folder)
{
	char **paths;
	struct error err;
	size_t n, i, removed = 0;

	intake_prune(folder);
	prune_copies(folder);
	if (runs_all(folder, &paths, &n, &err) == -1)
		return;
	for (i = 0; i < n && is_past(app, made_at(paths[i])); i++)
		removed += prune_one(app, paths[i]);
	runs_free(paths, n);
	if (removed > 0)
		log_info("runs", "removed %zu state files past the retention",
		    removed);
}
