/* SPDX-License-Identifier: Apache-2.0 */
/* A result's bytes on their last few yards. */
#include "cmd/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "cmd/remote.h"
#include "engine/fetch.h"

static bool
is_stdout(const char *file)
{
	return file == NULL || str_eq(file, "-") ||
	    str_eq(file, "/dev/stdout") || str_eq(file, "/dev/fd/1");
}

/* A device or a pipe cannot be replaced by a file; it is written to. */
static bool
is_special(const char *file)
{
	struct stat st;

	return stat(file, &st) == 0 && !S_ISREG(st.st_mode);
}

/* --- before anything is sent ---------------------------------------- */

static int
check_folder(const char *file)
{
	char *folder = file_folder(file);
	int rc = access(folder, W_OK | X_OK);

	free(folder);
	return rc;
}

int
output_check(const char *file, struct error *err)
{
	struct stat st;
	int rc;

	if (is_stdout(file))
		return 0;
	if (stat(file, &st) == 0)
		rc = S_ISDIR(st.st_mode) ? (errno = EISDIR, -1)
					 : access(file, W_OK);
	else if (errno != ENOENT)
		rc = -1;
	else
		rc = str_ends(file, "/") ? (errno = EISDIR, -1) : 0;
	if (rc == 0 && !is_special(file))
		rc = check_folder(file);
	if (rc == 0)
		return 0;
	err_set_errno(err, ERR_USAGE, "--output %s", file);
	return err_hint(
	    err, "Name a file in a folder that is there and can be written.");
}

/* --- the bytes ------------------------------------------------------ */

/* What is copied, from where, to which name. */
struct copy {
	const struct job *job;
	bool remote; /* from the service */
	const char *file;
	bool own_file; /* a new one, of ours alone */
};

struct fetching {
	struct app *app;
	struct error *err;
	int rc;
	bool over;
};

static void
on_fetched(const struct error *err, void *arg)
{
	struct fetching *f = arg;

	f->over = true;
	if (err != NULL) {
		*f->err = *err;
		f->rc = -1;
	}
	loop_stop(f->app->loop);
}

static int
fetch_from_s3(struct app *app, const struct copy *c, int fd, struct error *err)
{
	const struct job *job = c->job;
	struct fetching f = {.app = app, .err = err};
	struct fetch_options options = {
	    .loop = app->loop,
	    .uri = job->result_location,
	    .etag = job->result_etag,
	    .size = job->result_size,
	    .fd = fd,
	    .own_file = c->own_file,
	};
	struct engine_policy policy;
	struct fetch *fetch;

	app_policy(job->spec.endpoint, &policy, app);
	options.owner = policy.bucket_owner;
	if (sites_get(app->sites, job->spec.region, &options.site, err) == -1 ||
	    fetch_start(&options, on_fetched, &f, &fetch, err) == -1)
		return -1;
	while (!f.over && app->signo == 0)
		loop_run(app->loop);
	if (f.over)
		return f.rc;
	fetch_cancel(fetch);
	return err_set(err, ERR_CANCELLED, "interrupted");
}

static int
fetch_to(struct app *app, const struct copy *c, int fd, struct error *err)
{
	if (c->remote)
		return remote_result(app, c->job, fd, err);
	return fetch_from_s3(app, c, fd, err);
}

/* Under its own name only when it is whole. */
static int
fetch_to_file(struct app *app, const struct copy *c, struct error *err)
{
	char *part = xasprintf("%s.%s.part", c->file, c->job->id);
	int fd, rc = -1;

	fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
	    (mode_t)0666);
	if (fd == -1) {
		err_set_errno(err, ERR_IO, "create %s", part);
		free(part);
		return -1;
	}
	rc = fetch_to(app, c, fd, err);
	if (rc == 0 && fsync(fd) == -1 && errno != EINVAL)
		rc = err_set_errno(err, ERR_IO, "fsync %s", part);
	close(fd);
	if (rc == 0 && rename(part, c->file) == -1)
		rc = err_set_errno(
		    err, ERR_IO, "rename %s to %s", part, c->file);
	if (rc == -1)
		unlink(part);
	free(part);
	return rc;
}

static int
fetch_to_special(struct app *app, const struct copy *c, struct error *err)
{
	int fd = open(c->file, O_WRONLY | O_CLOEXEC), rc;

	if (fd == -1)
		return err_set_errno(err, ERR_IO, "open %s", c->file);
	rc = fetch_to(app, c, fd, err);
	close(fd);
	return rc;
}

int
output_write(struct app *app, const struct job *job,
    const struct client *service, const char *file, struct error *err)
{
	struct copy c = {.job = job, .remote = service != NULL, .file = file};
	char *real;
	int rc;

	if (is_stdout(file) || is_special(file))
		app_default_signals(app);
	if (is_stdout(file))
		return fetch_to(app, &c, STDOUT_FILENO, err);
	if (is_special(file))
		return fetch_to_special(app, &c, err);
	/* What a symbolic link leads to is replaced, not the link. */
	app_catch_signals(app);
	real = realpath(file, NULL);
	if (real != NULL)
		c.file = real;
	c.own_file = true;
	rc = fetch_to_file(app, &c, err);
	free(real);
	return rc;
}
