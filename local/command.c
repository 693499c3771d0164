/* SPDX-License-Identifier: Apache-2.0 */
/* Starting a command, watching its files grow, reading how it ended. */
#include "local/command.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/child.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "local/model_kind.h"

#define TEXT_MAX (64 * 1024)
#define WATCH_MS 500
/* Of standard error so much stays on disk before its front is given back. */
#define STDERR_KEPT (8 * 1024 * 1024)

struct run {
	struct model_call call; /* first */
	LIST_ENTRY(run) entry;
	struct commands *commands;
	struct child *child;
	struct loop_timer *watch;
	int stdout_fd;
	int stderr_fd;
	int64_t timeout_s;
	off_t punched;
	bool crash;
	model_done_fn *done;
	void *arg;
};

struct commands {
	struct model model; /* first */
	struct model_options o;
	LIST_HEAD(, run) runs;
	size_t running;
	bool draining;
	loop_fn *drained; /* NULL once it was called */
	void *drained_arg;
};

static void
run_free(struct run *run)
{
	struct commands *c = run->commands;

	LIST_REMOVE(run, entry);
	c->running--;
	loop_timer_free(run->watch);
	close(run->stderr_fd);
	free(run);
}

/* --- the end -------------------------------------------------------- */

static void
on_turn(void *arg)
{
	struct commands *c = arg;
	loop_fn *drained = c->drained;

	c->drained = NULL;
	if (drained != NULL)
		drained(c->drained_arg);
	else
		c->o.on_room(c->o.arg);
}

static void
next_turn(struct commands *c)
{
	loop_unpost(c->o.loop, c);
	loop_post(c->o.loop, on_turn, c);
}

/* Where the text is empty the command has done its work. */
static void
finish(struct run *run, int status, const struct buf *text)
{
	struct model_result r = {.verdict = MODEL_OK, .status = status};
	struct commands *c = run->commands;
	model_done_fn *done = run->done;
	void *arg = run->arg;
	char reason[MODEL_REASON_SIZE];

	if (text->len > 0) {
		r.verdict = MODEL_FAILED;
		r.text = text->data;
		r.len = text->len;
		r.reason = reason;
		model_reason(reason, status);
	}
	run_free(run);
	next_turn(c);
	done(&r, arg);
}

static void
read_tail(struct run *run, struct buf *out)
{
	char chunk[4096];
	struct stat st;
	off_t at = 0;
	ssize_t n;

	if (fstat(run->stderr_fd, &st) == -1)
		return;
	if (st.st_size > TEXT_MAX)
		at = st.st_size - TEXT_MAX;
	while ((n = pread(run->stderr_fd, chunk, sizeof(chunk), at)) > 0 &&
	    buf_append(out, chunk, (size_t)n) == 0)
		at += n;
}

static void
describe(struct run *run, const struct child_result *r, struct buf *out)
{
	if (r->timed_out) {
		buf_printf(out, "Model did not respond within %lld seconds",
		    (long long)run->timeout_s);
		return;
	}
	read_tail(run, out);
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
output_too_large(const struct run *run)
{
	struct stat st;

	return fstat(run->stdout_fd, &st) == 0 &&
	    st.st_size > run->commands->o.output_max;
}

static void
fail_too_large(struct run *run)
{
	struct buf text;

	buf_init(&text, TEXT_MAX);
	buf_printf(&text, "Model output is larger than %lld bytes",
	    (long long)run->commands->o.output_max);
	finish(run, 500, &text);
	buf_done(&text);
}

static void
on_child(const struct child_result *ended, void *arg)
{
	/* It may have been quicker than the fault that was to end it. */
	static const struct child_result crashed = {
	    .exit_code = -1, .signal = SIGKILL};
	struct run *run = arg;
	const struct child_result *r = run->crash ? &crashed : ended;
	struct buf text;

	if (output_too_large(run)) {
		fail_too_large(run);
		return;
	}
	buf_init(&text, TEXT_MAX);
	if (r->exit_code != 0 || r->timed_out)
		describe(run, r, &text);
	finish(run, text.len == 0 ? 200 : r->timed_out ? 0 : 500, &text);
	buf_done(&text);
}

/* --- while it runs -------------------------------------------------- */

/* Give back the blocks at the front; the end stays where it is. */
static void
trim_stderr(struct run *run)
{
	struct stat st;
	off_t end;

	if (fstat(run->stderr_fd, &st) == -1)
		return;
	end = st.st_size - TEXT_MAX;
	if (end - run->punched > STDERR_KEPT &&
	    fallocate(run->stderr_fd,
		FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, run->punched,
		end - run->punched) == 0)
		run->punched = end;
}

static void
on_watch(void *arg)
{
	struct run *run = arg;

	if (output_too_large(run)) {
		child_cancel(run->child);
		fail_too_large(run);
		return;
	}
	trim_stderr(run);
	loop_timer_set(run->watch, WATCH_MS);
}

static int
start(struct run *run, const struct model_invocation *v, struct error *err)
{
	const struct model_options *o = &run->commands->o;
	const struct model_facts *f = &v->facts;
	const struct model_var vars[] = {
	    {"AWAITD_INFERENCE_ID", f->inference_id},
	    {"AWAITD_ENDPOINT", f->endpoint},
	    {"AWAITD_CONTENT_TYPE", f->content_type},
	    {"AWAITD_ACCEPT", f->accept},
	    {"AWAITD_CUSTOM_ATTRIBUTES", f->custom_attributes},
	};
	char **env = model_environment(vars, ARRAY_LEN(vars));
	struct child_options child = {
	    .argv = (const char *const *)o->endpoint->argv,
	    .env = (const char *const *)env,
	    .stdin_fd = v->payload_fd,
	    .stdout_fd = v->output_fd,
	    .stderr_fd = run->stderr_fd,
	    .timeout_ms = v->timeout_s * 1000,
	};
	int rc;

	rc = child_start(o->loop, &child, on_child, run, &run->child, err);
	str_free_words(env);
	return rc;
}

static int
invoke(struct model *m, const struct model_invocation *v, bool crash,
    model_done_fn *done, void *arg, struct model_call **out, struct error *err)
{
	struct commands *c = (struct commands *)m;
	struct run *run = xcalloc(1, sizeof(*run));

	run->call.kind = m->kind;
	run->commands = c;
	run->stdout_fd = v->output_fd;
	run->timeout_s = v->timeout_s;
	run->crash = crash;
	run->done = done;
	run->arg = arg;
	if (file_open_nameless(c->o.tmp_dir, true, &run->stderr_fd, err) ==
	    -1) {
		free(run);
		return -1;
	}
	if (lseek(v->payload_fd, 0, SEEK_SET) == -1) {
		err_set_errno(err, ERR_IO, "rewind a payload");
		close(run->stderr_fd);
		free(run);
		return -1;
	}
	if (start(run, v, err) == -1) {
		close(run->stderr_fd);
		free(run);
		return -1;
	}
	LIST_INSERT_HEAD(&c->runs, run, entry);
	c->running++;
	run->watch = loop_timer_new(c->o.loop, on_watch, run);
	loop_timer_set(run->watch, WATCH_MS);
	if (crash)
		child_terminate(run->child, 0);
	*out = &run->call;
	return 0;
}

/* --- the kind ------------------------------------------------------- */

static void
cancel(struct model_call *call)
{
	struct run *run = (struct run *)call;
	struct commands *c = run->commands;

	child_cancel(run->child);
	run_free(run);
	next_turn(c);
}

static void
commands_free(struct model *m)
{
	struct commands *c = (struct commands *)m;
	struct run *run;

	while ((run = LIST_FIRST(&c->runs)) != NULL) {
		child_cancel(run->child);
		run_free(run);
	}
	loop_unpost(c->o.loop, c);
	free(c);
}

static void
backlog(struct model *m, size_t waiting)
{
	(void)m;
	(void)waiting;
}

static size_t
room(const struct model *m)
{
	const struct commands *c = (const struct commands *)m;
	size_t most = (size_t)c->o.endpoint->max_concurrent;

	if (c->draining || c->running >= most)
		return 0;
	return most - c->running;
}

/* A process lives no longer than its request: there is nothing to end. */
static void
drain(struct model *m, loop_fn *drained, void *arg)
{
	struct commands *c = (struct commands *)m;

	c->draining = true;
	c->drained = drained;
	c->drained_arg = arg;
	next_turn(c);
}

static void
look(const struct model *m, struct model_state *out)
{
	const struct commands *c = (const struct commands *)m;

	*out = (struct model_state){.running = (int64_t)c->running};
}

static const struct model_kind kind = {
    .free = commands_free,
    .backlog = backlog,
    .room = room,
    .invoke = invoke,
    .cancel = cancel,
    .drain = drain,
    .look = look,
};

int
command_new(
    const struct model_options *o, struct model **out, struct error *err)
{
	struct commands *c = xcalloc(1, sizeof(*c));

	(void)err;
	c->model.kind = &kind;
	c->o = *o;
	LIST_INIT(&c->runs);
	*out = &c->model;
	return 0;
}
