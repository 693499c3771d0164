/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What foreign words can do to a handler: nothing. Each payload goes through
 * every field that reaches one; the handler, this program again, dumps what it
 * was given, and who started it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "deliver/exec.h"
#include "deliver/execenv.h"
#include "deliver/payload.h"
#include "tests/support/keeper_here.h"

#define JOB "01hz4k9p3w7x5v2q8r6t0y1n3b"
#define ID "msg_01hz4k9p3w7x5v2q8r6t0y1n3b"
#define FIELDS 13 /* of fill(), and what is read on standard input */
#define MB ((size_t)1024 * 1024)
#define TEN "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

/* What the variable must hold; NULL: the payload as it is. */
struct injection {
	const char *text;
	const char *want;
};

static const struct injection injections[] = {
    {"", NULL},
    {"$(touch pwned)", NULL},
    {"`touch pwned`", NULL},
    {"; touch pwned", NULL},
    {"| touch pwned", NULL},
    {"|| touch pwned", NULL},
    {"& touch pwned &", NULL},
    {"&& touch pwned", NULL},
    {"> pwned", NULL},
    {"< /etc/passwd", NULL},
    {"<(touch pwned)", NULL},
    {"'; touch pwned; '", NULL},
    {"\"; touch pwned; \"", NULL},
    {"\\\"; touch pwned", NULL},
    {"$IFS$9", NULL},
    {"${IFS}touch${IFS}pwned", NULL},
    {"IFS=;touch=1", NULL},
    {"$0 $@ $* $# $$ $!", NULL},
    {"${PATH:-x}", NULL},
    {"$((1+1))", NULL},
    {"~root", NULL},
    {"* ? [a-z]", NULL},
    {"{a,b}", NULL},
    {"!!", NULL},
    {"# comment", NULL},
    {"\\", NULL},
    {"\\n\\0\\x41", NULL},
    {"a\ntouch pwned", "a touch pwned"},
    {"a\r\ntouch pwned\r\n", "a  touch pwned  "},
    {"\nAWAITD_JOB=other", " AWAITD_JOB=other"},
    {"a\nLD_PRELOAD=/tmp/x.so", "a LD_PRELOAD=/tmp/x.so"},
    {"LD_PRELOAD=/tmp/x.so", NULL},
    {"LD_LIBRARY_PATH=/tmp", NULL},
    {"LD_AUDIT=/tmp/x.so", NULL},
    {"GLIBC_TUNABLES=glibc.malloc.check=3", NULL},
    {"PATH=/tmp", NULL},
    {"BASH_ENV=/tmp/x", NULL},
    {"ENV=/tmp/x", NULL},
    {"BASH_FUNC_ls%%=() { touch pwned; }", NULL},
    {"() { :;}; touch pwned", NULL},
    {"() { _; } >_[$($())] { touch pwned; }", NULL},
    {"PYTHONSTARTUP=/tmp/x", NULL},
    {"NODE_OPTIONS=--require /tmp/x", NULL},
    {"=", NULL},
    {"a=b=c", NULL},
    {"--help", NULL},
    {"-rf /", NULL},
    {"--", NULL},
    {"-o ProxyCommand=touch", NULL},
    {"@/etc/passwd", NULL},
    {"../../../../etc/passwd", NULL},
    {"file:///etc/passwd", NULL},
    {"%s%s%s%n%n%n", NULL},
    {"%99999d", NULL},
    {"\x1b[2J\x1b]0;title\x07", " [2J ]0;title "},
    {"\x9b"
     "2J \xc2\x9b",
	"?2J   "},
    {"\xff\xfe\xc0\xaf", "????"},
    {"\xed\xa0\x80 \xf4\x90\x80\x80", "??? ????"},
    {"\xe2\x80\xae"
     "gnp.exe",
	"   gnp.exe"},
    {"\x7f\x01\x02", "   "},
    {"' OR 1=1; --", NULL},
    {"<!ENTITY x SYSTEM \"file:///etc/passwd\">", NULL},
    {"{\"$ref\":\"x\"}", NULL},
    {HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED
	    HUNDRED,
	NULL},
};

/* --- the handler ---------------------------------------------------- */

/* The words that the configuration has; no shell may see them, either. */
static const char *const words[] = {
    "$(touch pwned)", "`id`", "a b", "", "*", "--x", "; exit", "\n"};

static void
dump_file(FILE *out, const char *name, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct buf text;
	char chunk[4096];
	ssize_t n;

	buf_init(&text, 16 * MB);
	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		buf_append(&text, chunk, (size_t)n);
	close(fd);
	fprintf(out, "%s %zu\n", name, text.len);
	fwrite(text.data, 1, text.len, out);
	buf_done(&text);
}

/* Its descriptors but ours, in order. */
static void
dump_fds(FILE *out, int own)
{
	int fd;

	fputs("fds", out);
	for (fd = 0; fd < 1024; fd++) {
		if (fd != own && fcntl(fd, F_GETFD) != -1)
			fprintf(out, " %d", fd);
	}
	fputc('\n', out);
}

static pid_t
dump_name(FILE *out, pid_t pid)
{
	char path[40], text[200], *name, *end;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	name = strchr(text, '(');
	end = strrchr(text, ')');
	if (name == NULL || end == NULL)
		return 0;
	fprintf(out, " %.*s", (int)(end - name - 1), name + 1);
	return (pid_t)strtol(end + strlen(") S "), NULL, 10);
}

/* Up to the one that has this number. */
static void
dump_parents(FILE *out, pid_t until)
{
	pid_t pid = getppid();

	fputs("parents", out);
	while (pid > 1 && pid != until)
		pid = dump_name(out, pid);
	fputc('\n', out);
}

static void
dump_state(FILE *out)
{
	struct sigaction act;
	sigset_t blocked;
	int i, ignored = 0, held = 0;
	mode_t mask = umask(0);
	char *cwd = getcwd(NULL, 0);

	sigprocmask(SIG_SETMASK, NULL, &blocked);
	/* What is handled, a sanitizer handles in this program. */
	for (i = 1; i < NSIG; i++) {
		ignored +=
		    sigaction(i, NULL, &act) == 0 && act.sa_handler == SIG_IGN;
		held += sigismember(&blocked, i) == 1;
	}
	fprintf(out,
	    "ignored %d blocked %d leader %d terminal %d umask %o cwd %s\n",
	    ignored, held, getsid(0) == getpid() && getpgrp() == getpid(),
	    open("/dev/tty", O_RDWR) != -1, (unsigned)mask, cwd);
	free(cwd);
}

static int
dump(const char *path, const char *until)
{
	FILE *out = fopen(path, "we");

	if (out == NULL)
		return 1;
	dump_fds(out, fileno(out));
	dump_parents(out, (pid_t)strtol(until, NULL, 10));
	dump_state(out);
	dump_file(out, "cmdline", "/proc/self/cmdline");
	dump_file(out, "environ", "/proc/self/environ");
	dump_file(out, "stdin", "/dev/stdin");
	return fclose(out);
}

/* --- the fields ----------------------------------------------------- */

struct world {
	char program[4096], dir[40], dumped[60], pid[20];
	const char *argv[4 + ARRAY_LEN(words) + 1];
	struct loop *loop;
	struct target *target;
	struct delivery delivery;
	struct job *job;
	struct parcel parcel;
	struct buf want, got;
	int shown; /* of those that differ */
};

static int
enter(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));
	ssize_t n = readlink("/proc/self/exe", w->program, 4095);
	size_t i;

	snprintf(w->dir, sizeof(w->dir), "/tmp/test_exec_inject.XXXXXX");
	if (n <= 0 || mkdtemp(w->dir) == NULL || chdir(w->dir) == -1)
		return -1;
	snprintf(w->dumped, sizeof(w->dumped), "%s/dumped", w->dir);
	snprintf(w->pid, sizeof(w->pid), "%d", (int)getpid());
	w->argv[0] = w->program;
	w->argv[1] = "dump";
	w->argv[2] = w->dumped;
	w->argv[3] = w->pid;
	for (i = 0; i < ARRAY_LEN(words); i++)
		w->argv[4 + i] = words[i];
	w->loop = loop_new();
	buf_init(&w->want, 16 * MB);
	buf_init(&w->got, 16 * MB);
	*state = w;
	return 0;
}

static int
leave(void **state)
{
	struct world *w = *state;
	int rc;

	target_unref(w->target);
	loop_free(w->loop);
	buf_done(&w->want);
	buf_done(&w->got);
	unlink(w->dumped);
	/* Nobody made anything there. */
	rc = rmdir(w->dir);
	free(w);
	return rc;
}

static void
fill(struct world *w, const char *text, bool ok)
{
	struct submission *s;
	struct job *job = job_new();

	w->job = job;
	memcpy(job->id, JOB, sizeof(JOB));
	job->state = JOB_DONE;
	job->outcome = ok ? OUTCOME_OK : OUTCOME_FAILED;
	job->spec.endpoint = xstrdup(text);
	job->spec.custom_attributes = xstrdup(text);
	job->spec.traceparent = xstrdup(text);
	job->spec.tracestate = xstrdup(text);
	job->result_location = xstrdup(text);
	job->result_sha256 = xstrdup(text);
	job->error_code = xstrdup(text);
	job->error_text = xstrdup(text);
	job->submitted_at = 1795334400250;
	job->completed_at = 1795334461007;
	s = job_add_submission(job);
	s->inference_id = xstrdup(text);
	s->failure_location = xstrdup(text);
	s->fate = ok ? SUB_ACCEPTED : SUB_FAILED;
	memcpy(w->delivery.id, ID, sizeof(ID));
	w->delivery.event = xstrdup(text);
	w->delivery.target = xstrdup("exec h");
	w->delivery.payload = DELIVERY_RAW;
	w->delivery.content_type = xstrdup(text);
	w->delivery.by_reference = true;
	w->parcel = (struct parcel){
	    .delivery = &w->delivery,
	    .job = job,
	    .attempt = 7,
	    .body = ok ? text : payload_words(job),
	    .size = (int64_t)strlen(text),
	    .fd = -1,
	};
}

static void
empty(struct world *w)
{
	job_free(w->job);
	free(w->delivery.event);
	free(w->delivery.target);
	free(w->delivery.content_type);
}

static void
on_done(const struct deliver_result *r, void *arg)
{
	struct world *w = arg;

	if (r->verdict != DELIVER_OK)
		print_message("# %s: %s\n", r->note, r->response);
	loop_stop(w->loop);
}

static void
run(struct world *w)
{
	struct error err;
	void *call;

	unlink(w->dumped);
	if (w->target->driver->start(
		w->target->self, &w->parcel, on_done, w, &call, &err) == -1)
		fail_msg("%s", err.text);
	loop_run(w->loop);
}

/* --- what must have come of them ------------------------------------ */

static void
want_variable(struct buf *env, const char *name, const char *value)
{
	buf_printf(env, "%s=%s", name, value);
	buf_putc(env, '\0');
}

/* To the last byte; written down here a second time on purpose. */
static void
want_environ(const struct injection *i, bool ok, struct buf *env)
{
	const char *text = i->want != NULL ? i->want : i->text;
	char size[20];

	snprintf(size, sizeof(size), "%zu", strlen(i->text));
	want_variable(env, "PATH", "/usr/bin:/bin");
	want_variable(env, "AWAITD_EVENT", text);
	want_variable(env, "AWAITD_EVENT_ID", ID);
	want_variable(env, "AWAITD_ABOUT", "");
	want_variable(env, "AWAITD_TARGET", "exec h");
	want_variable(env, "AWAITD_ATTEMPT", "7");
	want_variable(env, "AWAITD_REPLAY", "0");
	want_variable(env, "AWAITD_PAYLOAD", "raw");
	want_variable(env, "AWAITD_CONTENT_TYPE", text);
	want_variable(env, "AWAITD_SIZE", size);
	want_variable(env, "AWAITD_SHA256", text);
	want_variable(env, "AWAITD_JOB", JOB);
	want_variable(env, "AWAITD_ENDPOINT", text);
	want_variable(env, "AWAITD_OUTCOME", ok ? "ok" : "failed");
	want_variable(env, "AWAITD_OUTPUT_LOCATION", ok ? text : "");
	want_variable(env, "AWAITD_FAILURE_LOCATION", ok ? "" : text);
	want_variable(env, "AWAITD_INFERENCE_ID", text);
	want_variable(env, "AWAITD_CUSTOM_ATTRIBUTES", text);
	want_variable(env, "AWAITD_TAGS", "");
	want_variable(env, "AWAITD_SUBMITTED_AT", "2026-11-22T08:00:00.250Z");
	want_variable(env, "AWAITD_COMPLETED_AT", "2026-11-22T08:01:01.007Z");
	want_variable(env, "AWAITD_ERROR_CODE", text);
	want_variable(env, "AWAITD_TRACEPARENT", text);
	want_variable(env, "AWAITD_TRACESTATE", text);
}

static void
want_section(struct buf *out, const char *name, const struct buf *data)
{
	buf_printf(out, "%s %zu\n", name, data->len);
	buf_append(out, data->data, data->len);
}

#define PARENTS "parents awaitd-keeper awaitd-keeper\n"

static void
want_dump(struct world *w, const struct injection *i, bool ok)
{
	struct buf cmdline, env, body;
	size_t n;

	buf_init(&cmdline, MB);
	buf_init(&env, MB);
	buf_init(&body, MB);
	for (n = 0; n < ARRAY_LEN(w->argv) - 1; n++)
		buf_append(&cmdline, w->argv[n], strlen(w->argv[n]) + 1);
	want_environ(i, ok, &env);
	buf_puts(&body, i->text);
	buf_clear(&w->want);
	buf_printf(&w->want,
	    "fds 0 1 2\n" PARENTS
	    "ignored 0 blocked 0 leader 1 terminal 0 umask 27 cwd %s\n",
	    w->dir);
	want_section(&w->want, "cmdline", &cmdline);
	want_section(&w->want, "environ", &env);
	want_section(&w->want, "stdin", &body);
	buf_done(&cmdline);
	buf_done(&env);
	buf_done(&body);
}

static void
read_dump(struct world *w)
{
	FILE *f = fopen(w->dumped, "re");
	char chunk[4096];
	size_t n;

	buf_clear(&w->got);
	while (f != NULL && (n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_append(&w->got, chunk, n);
	if (f != NULL)
		fclose(f);
}

static void
show(const struct buf *b, const char *name)
{
	char *text = xstrndup(b->data, b->len);

	str_defang(text);
	print_message("#   %s: %s\n", name, text);
	free(text);
}

static bool
is_right(struct world *w, const struct injection *i, bool ok)
{
	fill(w, i->text, ok);
	run(w);
	empty(w);
	read_dump(w);
	want_dump(w, i, ok);
	if (w->got.len == w->want.len &&
	    memcmp(w->got.data, w->want.data, w->got.len) == 0)
		return true;
	if (w->shown++ < 3) {
		show(&w->got, "got");
		show(&w->want, "wanted");
	}
	return false;
}

static bool
saw_another_parent(const struct world *w)
{
	return memmem(w->got.data, w->got.len, PARENTS, strlen(PARENTS)) ==
	    NULL;
}

static void
foreign_words_reach_a_handler_as_words(void **state)
{
	struct world *w = *state;
	struct exec_options o = {
	    .target = {.name = "exec h",
		.payload = DELIVERY_RAW,
		.timeout_ms = 60000,
		.max_in_flight = 1},
	    .loop = w->loop,
	    .argv = w->argv,
	};
	int wrong = 0, shells = 0;
	struct error err;
	size_t i;

	clearenv();
	setenv("PATH", "/usr/bin:/bin", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
	setenv("LD_BIND_NOW", "1", 1);
	umask(027);
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(exec_new(&o, &w->target, &err), 0);
	for (i = 0; i < 2 * ARRAY_LEN(injections); i++) {
		wrong += !is_right(w, &injections[i / 2], i % 2 == 0);
		shells += saw_another_parent(w);
	}
	print_message("inject: payloads=%zu fields=%d wrong=%d shells=%d\n",
	    ARRAY_LEN(injections), FIELDS, wrong, shells);
	assert_int_equal(wrong, 0);
	assert_int_equal(shells, 0);
}

/* What no variable can hold whole. */
static void
what_is_too_long_is_cut_and_zero_bytes_are_read(void **state)
{
	struct world *w = *state;
	struct exec_options o = {
	    .target = {.name = "exec h",
		.timeout_ms = 60000,
		.max_in_flight = 1},
	    .loop = w->loop,
	    .argv = w->argv,
	};
	char *huge = xcalloc(1, 2 * MB + 1);
	static const char zeros[] = "a\0$(id)\0\n";
	struct error err;
	char *at;

	memset(huge, '$', 2 * MB);
	assert_int_equal(exec_new(&o, &w->target, &err), 0);
	fill(w, huge, true);
	w->parcel.body = zeros;
	w->parcel.size = sizeof(zeros);
	run(w);
	empty(w);
	read_dump(w);
	buf_putc(&w->got, '\0');
	at = memmem(w->got.data, w->got.len, "AWAITD_ERROR_CODE=$", 19);
	assert_non_null(at);
	assert_int_equal(strlen(at), 18 + EXECENV_VALUE_MAX);
	assert_memory_equal(
	    w->got.data + w->got.len - 1 - sizeof(zeros), zeros, sizeof(zeros));
	free(huge);
}

#define T(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    T(foreign_words_reach_a_handler_as_words),
	    T(what_is_too_long_is_cut_and_zero_bytes_are_read),
	};

	if (argc > 3)
		return dump(argv[2], argv[3]);
	alarm(120);
	keeper_here();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
