/* SPDX-License-Identifier: Apache-2.0 */
/* Starting a command, watching its files grow, reading how it ended. */
#include "local/model.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/child.h"
#include "base/file.h"
#include "base/mem.h"

#define TEXT_MAX (64 * 1024)
#define WATCH_MS 500
/* Of standard error so much stays on disk before its front is given back. */
#define STDERR_KEPT (8 * 1024 * 1024)
#define ENVIRONMENT_MAX 12

struct model {
	struct child *child;
	struct loop_timer *watch;
	int stdout_fd;
	int stderr_fd;
	int64_t output_max;
	int64_t timeout_s;
	off_t punched;
	model_done_fn *done;
	void *arg;
};

char **
model_environment(const struct model_facts *f)
{
	const struct {
		const char *name;
		const char *value;
	} all[ENVIRONMENT_MAX] = {
	    {"PATH", getenv("PATH")},
	    {"LANG", getenv("LANG")},
	    {"HOME", getenv("HOME")},
	    {"OMP_THREAD_LIMIT", "1"},
	    {"AWAITD_INFERENCE_ID", f->inference_id},
	    {"AWAITD_ENDPOINT", f->endpoint},
	    {"AWAITD_CONTENT_TYPE", f->content_type},
	    {"AWAITD_ACCEPT", f->accept},
	    {"AWAITD_CUSTOM_ATTRIBUTES", f->custom_attributes},
	};
	char **env = xcalloc(ENVIRONMENT_MAX + 1, sizeof(*env));
	size_t i, n = 0;

	for (i = 0; i < ARRAY_LEN(all); i++) {
		if (all[i].value != NULL)
			env[n++] =
			    xasprintf("%s=%s", all[i].name, all[i].value);
	}
	return env;
}

static void
free_environment(char **env)
{
	size_t i;

	for (i = 0; env[i] != NULL; i++)
		free(env[i]);
	free(env);
}

static void
model_free(struct model *m)
{
	loop_timer_free(m->watch);
	close(m->stderr_fd);
	free(m);
}

/* --- the end -------------------------------------------------------- */

static void
finish(struct model *m, bool ok, const struct buf *text)
{
	struct model_result r = {ok, text->data, text->len};
	model_done_fn *done = m->done;
	void *arg = m->arg;

	model_free(m);
	done(&r, arg);
}

static void
read_tail(struct model *m, struct buf *out)
{
	char chunk[4096];
	struct stat st;
	off_t at = 0;
	ssize_t n;

	if (fstat(m->stderr_fd, &st) == -1)
		return;
	if (st.st_size > TEXT_MAX)
		at = st.st_size - TEXT_MAX;
	while ((n = pread(m->stderr_fd, chunk, sizeof(chunk), at)) > 0 &&
	    buf_append(out, chunk, (size_t)n) == 0)
		at += n;
}

static void
describe(struct model *m, const struct child_result *r, struct buf *out)
{
	if (r->timed_out) {
		buf_printf(out, "Model did not respond within %lld seconds",
		    (long long)m->timeout_s);
		return;
	}
	read_tail(m, out);
	if (out->len > 0)
		return;
	if (r->signal != 0)
		buf_printf(out, "Model was ended by signal %d (%s)", r->signal,
		    strsignal(r->signal));
	else
		buf_printf(out, "Model exited with status %d", r->exit_code);
	buf_puts(out, " and wrote nothing to its standard error");
}

static bool
output_too_large(const struct model *m)
{
	struct stat st;

	return fstat(m->stdout_fd, &st) == 0 && st.st_size > m->output_max;
}

static void
fail_too_large(struct model *m)
{
	struct buf text;

	buf_init(&text, TEXT_MAX);
	buf_printf(&text, "Model output is larger than %lld bytes",
	    (long long)m->output_max);
	finish(m, false, &text);
	buf_done(&text);
}

static void
on_child(const struct child_result *r, void *arg)
{
	struct model *m = arg;
	bool ok = r->exit_code == 0 && !r->timed_out;
	struct buf text;

	if (output_too_large(m)) {
		fail_too_large(m);
		return;
	}
	buf_init(&text, TEXT_MAX);
	if (!ok)
		describe(m, r, &text);
	finish(m, ok, &text);
	buf_done(&text);
}

/* --- while it runs -------------------------------------------------- */

/* Give back the blocks at the front; the end stays where it is. */
static void
trim_stderr(struct model *m)
{
	struct stat st;
	off_t end;

	if (fstat(m->stderr_fd, &st) == -1)
		return;
	end = st.st_size - TEXT_MAX;
	if (end - m->punched > STDERR_KEPT &&
	    fallocate(m->stderr_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		m->punched, end - m->punched) == 0)
		m->punched = end;
}

static void
on_watch(void *arg)
{
	struct model *m = arg;

	if (output_too_large(m)) {
		child_cancel(m->child);
		fail_too_large(m);
		return;
	}
	trim_stderr(m);
	loop_timer_set(m->watch, WATCH_MS);
}

int
model_start(struct loop *loop, const struct model_options *o,
    model_done_fn *done, void *arg, struct model **out, struct error *err)
{
	char **env = model_environment(o->facts);
	struct model *m = xcalloc(1, sizeof(*m));
	struct child_options child = {
	    .argv = o->argv,
	    .env = (const char *const *)env,
	    .stdin_fd = o->stdin_fd,
	    .stdout_fd = o->stdout_fd,
	    .timeout_ms = o->timeout_s * 1000,
	};
	int rc = -1;

	m->stdout_fd = o->stdout_fd;
	m->output_max = o->output_max;
	m->timeout_s = o->timeout_s;
	m->done = done;
	m->arg = arg;
	m->stderr_fd = -1;
	if (file_open_nameless(o->tmp_dir, true, &m->stderr_fd, err) == 0) {
		child.stderr_fd = m->stderr_fd;
		rc = child_start(loop, &child, on_child, m, &m->child, err);
	}
	free_environment(env);
	if (rc == -1) {
		if (m->stderr_fd != -1)
			close(m->stderr_fd);
		free(m);
		return -1;
	}
	m->watch = loop_timer_new(loop, on_watch, m);
	loop_timer_set(m->watch, WATCH_MS);
	*out = m;
	return 0;
}

void
model_cancel(struct model *m)
{
	if (m == NULL)
		return;
	child_cancel(m->child);
	model_free(m);
}
