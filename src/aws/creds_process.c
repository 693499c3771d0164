/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credentials from a program of the user's: credential_process. The line is
 * cut into words as a shell would, but no shell sees it. What the program
 * prints comes through a pipe into memory that is wiped, never to a disk; what
 * it complains of goes where our own complaints go.
 * Source: "Process credential provider", AWS SDKs and Tools reference guide.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aws/creds_source.h"
#include "base/child.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

#define OUTPUT_MAX ((size_t)64 * 1024)
#define TIMEOUT_MS 60000
#define WORDS_MAX 256

extern char **environ;

struct creds_process {
	struct creds_fetch fetch; /* first */
	struct child *child;
	struct loop_fd *watch; /* of the pipe; NULL: nothing more comes */
	int fd;
	size_t len;
	char out[OUTPUT_MAX + 1]; /* one more tells that it was too much */
};

static void
process_free(struct creds_process *p)
{
	if (p->watch != NULL)
		loop_fd_free(p->watch);
	if (p->fd != -1)
		close(p->fd);
	hash_wipe(p->out, sizeof(p->out));
	free(p);
}

static void
process_cancel(struct creds_fetch *f)
{
	struct creds_process *p = (struct creds_process *)f;

	child_cancel(p->child);
	process_free(p);
}

/* --- what it printed ------------------------------------------------ */

/* A string that may be missing; null is as good as nothing. */
static int
get_string(const struct json *root, struct creds_part *part, struct error *err)
{
	const struct json *j = json_get(root, part->name);

	part->value = NULL;
	if (j == NULL || json_is_null(j))
		return 0;
	part->value = json_str(j);
	if (part->value == NULL)
		return err_set(err, ERR_CONFIG, "%s is no string", part->name);
	return 0;
}

static int
hint_form(struct error *err)
{
	return err_hint(err,
	    "The program has to print {\"Version\": 1, \"AccessKeyId\": ..., "
	    "\"SecretAccessKey\": ...}.");
}

static int
check_version(const struct json *root, struct error *err)
{
	int64_t version;

	if (json_i64(json_get(root, "Version"), &version) == 0 && version == 1)
		return 0;
	return err_set(err, ERR_CONFIG, "its Version is not 1");
}

static int
take_parts(const struct creds_plan *plan, const struct json *root,
    struct creds *out, struct error *err)
{
	struct creds_parts parts = {
	    .source = plan->source,
	    .access_key = {.name = "AccessKeyId"},
	    .secret_key = {.name = "SecretAccessKey"},
	    .session_token = {.name = "SessionToken"},
	    .account_id = {.name = "AccountId"},
	    .expiration = {.name = "Expiration"},
	};
	int rc;

	if (check_version(root, err) == -1 ||
	    get_string(root, &parts.access_key, err) == -1 ||
	    get_string(root, &parts.secret_key, err) == -1 ||
	    get_string(root, &parts.session_token, err) == -1 ||
	    get_string(root, &parts.account_id, err) == -1 ||
	    get_string(root, &parts.expiration, err) == -1)
		return -1;
	if (str_empty(parts.account_id.value))
		parts.account_id.value = plan->keys.account_id;
	rc = creds_take_parts(&parts, out, err);
	if (rc == 0)
		return err_set(err, ERR_CONFIG,
		    "neither AccessKeyId nor SecretAccessKey is there");
	return rc == 1 ? 0 : -1;
}

static int
parse_output(
    const struct creds_process *p, struct creds *out, struct error *err)
{
	struct json *root;
	int rc;

	if (json_parse(p->out, p->len, &root, err) == -1) {
		err->code = ERR_CONFIG;
		return hint_form(err);
	}
	rc = take_parts(p->fetch.plan, root, out, err);
	json_free_wiped(root);
	return rc == 0 ? 0 : hint_form(err);
}

static int
check_end(const struct creds_process *p, const struct child_result *r,
    struct error *err)
{
	if (p->len > OUTPUT_MAX)
		return err_set(err, ERR_CONFIG,
		    "the program prints more than %zu bytes", OUTPUT_MAX);
	if (r->timed_out)
		err_set(err, ERR_TIMEOUT,
		    "the program was still running after %d s",
		    TIMEOUT_MS / 1000);
	else if (r->signal != 0)
		err_set(
		    err, ERR_AUTH, "signal %d ended the program", r->signal);
	else if (r->exit_code != 0)
		err_set(err, ERR_AUTH, "the program failed with status %d",
		    r->exit_code);
	else
		return 0;
	err->retryable = true;
	return err_hint(err,
	    "What it complains of stands among awaitd's own messages, on "
	    "standard error.");
}

/* --- running it ----------------------------------------------------- */

/* Whatever can be had without waiting. */
static void
read_output(struct creds_process *p)
{
	ssize_t n;

	while (p->watch != NULL && p->len < sizeof(p->out)) {
		n = read(p->fd, p->out + p->len, sizeof(p->out) - p->len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && errno == EAGAIN)
			return;
		if (n <= 0) {
			loop_fd_free(p->watch);
			p->watch = NULL;
			return;
		}
		p->len += (size_t)n;
	}
}

static void
on_readable(void *arg)
{
	struct creds_process *p = arg;

	read_output(p);
	if (p->len <= OUTPUT_MAX || p->watch == NULL)
		return;
	loop_fd_free(p->watch);
	p->watch = NULL;
	child_terminate(p->child, 0);
}

static void
on_end(const struct child_result *r, void *arg)
{
	struct creds_process *p = arg;
	struct creds *creds = xcalloc(1, sizeof(*creds));
	struct error err;

	p->child = NULL;
	read_output(p);
	if (check_end(p, r, &err) == 0 && parse_output(p, creds, &err) == 0) {
		creds_finish(&p->fetch, creds, NULL);
		return;
	}
	free(creds);
	err_prefix(&err, "%s", p->fetch.plan->source);
	creds_finish(&p->fetch, NULL, &err);
}

/* Ours, which it has no need of: it has credentials of its own to get these. */
static bool
is_withheld(const char *variable)
{
	static const char *const names[] = {
	    "AWS_ACCESS_KEY_ID=",
	    "AWS_SECRET_ACCESS_KEY=",
	    "AWS_SESSION_TOKEN=",
	    "AWS_SECURITY_TOKEN=",
	    "AWS_CREDENTIAL_EXPIRATION=",
	    "AWS_CONTAINER_AUTHORIZATION_TOKEN=",
	    "AWAITD_",
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++) {
		if (str_starts(variable, names[i]))
			return true;
	}
	return false;
}

/* The array is the caller's, its strings are the environment's. */
static const char **
child_env(void)
{
	const char **env;
	size_t n = 0, i, kept = 0;

	while (environ != NULL && environ[n] != NULL)
		n++;
	env = xcalloc(n + 1, sizeof(*env));
	for (i = 0; i < n; i++) {
		if (!is_withheld(environ[i]))
			env[kept++] = environ[i];
	}
	return env;
}

static int
start_child(
    struct creds_process *p, char **argv, int stdout_fd, struct error *err)
{
	const char **env = child_env();
	struct child_options o = {
	    .argv = (const char *const *)argv,
	    .env = env,
	    .stdin_fd = -1,
	    .stdout_fd = stdout_fd,
	    .stderr_fd =
		fcntl(STDERR_FILENO, F_GETFD) != -1 ? STDERR_FILENO : -1,
	    .timeout_ms = TIMEOUT_MS,
	};
	int rc = child_start(p->fetch.env.loop, &o, on_end, p, &p->child, err);

	free(env);
	if (rc == -1 && err->code == ERR_NOT_FOUND) {
		err->code = ERR_CONFIG;
		err_hint(err,
		    "Name the program by its whole path. No shell reads this "
		    "line: '~', '$NAME' and '|' mean nothing in it.");
	}
	return rc;
}

static int
start(struct creds_process *p, char **argv, struct error *err)
{
	int fds[2], rc;

	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) == -1)
		return err_set_errno(err, ERR_IO, "make a pipe");
	p->fd = fds[0];
	/* The program's end is as programs expect it. */
	if (fcntl(fds[1], F_SETFL, 0) == -1)
		rc = err_set_errno(err, ERR_IO, "set up a pipe");
	else
		rc = start_child(p, argv, fds[1], err);
	close(fds[1]);
	if (rc == 0)
		p->watch =
		    loop_fd_new(p->fetch.env.loop, p->fd, on_readable, p);
	return rc;
}

static void
free_words(char **argv)
{
	size_t i;

	for (i = 0; argv[i] != NULL; i++)
		hash_wipe(argv[i], strlen(argv[i]));
	str_free_words(argv);
}

static int
split(const struct creds_plan *plan, char ***argv, struct error *err)
{
	size_t n;

	if (str_split_command(plan->command, WORDS_MAX, argv, &n, err) == -1) {
		err->code = ERR_CONFIG;
		return -1;
	}
	/* "NAME=secret program" means something to a shell alone, and must not
	 * be looked for, nor shown. */
	if (n > 0 && strchr((*argv)[0], '=') == NULL)
		return 0;
	free_words(*argv);
	return err_set(err, ERR_CONFIG,
	    n == 0 ? "no program is named"
		   : "it begins with a word that holds '=', which is no "
		     "program");
}

int
creds_process_start(const struct creds_fetch_env *env,
    const struct creds_plan *plan, creds_done_fn *done, void *arg,
    struct creds_fetch **out, struct error *err)
{
	struct creds_process *p;
	char **argv;
	int rc;

	if (split(plan, &argv, err) == -1)
		return err_prefix(err, "%s", plan->source);
	p = xcalloc(1, sizeof(*p));
	p->fd = -1;
	p->fetch = (struct creds_fetch){
	    .env = *env,
	    .plan = plan,
	    .done = done,
	    .arg = arg,
	    .cancel = process_cancel,
	};
	rc = start(p, argv, err);
	free_words(argv);
	if (rc == -1) {
		process_free(p);
		return err_prefix(err, "%s", plan->source);
	}
	*out = &p->fetch;
	return 0;
}
