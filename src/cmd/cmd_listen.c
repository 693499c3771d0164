/* SPDX-License-Identifier: Apache-2.0 */
/*
 * awaitd listen: a receiver of webhooks for development. Takes any path,
 * verifies, prints, answers; keeps nothing. What is printed is in hook.c.
 */
#include "cmd/cmd.h"
#include "cmd/hook.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/str.h"
#include "deliver/whsign.h"
#include "net/http_server.h"

#define BODY_MAX ((int64_t)1024 * 1024)
#define LAST_REPLY_MS 2000
#define LOOK_MS 10

struct listen_options {
	const char *listen;
	struct option_list secret_files;
	const char *port_file;
	const char *output;
	int64_t count;
	int64_t status;
};

#define AT(field) offsetof(struct listen_options, field)
static const struct cmd_option listen_options[] = {
    {"listen", 0, OPT_TEXT, AT(listen), "HOST:PORT",
	"instead of 127.0.0.1:8787; port 0: a free one"},
    {"secret-file", 0, OPT_LIST, AT(secret_files), "FILE",
	"verify signatures with its key; repeatable"},
    {"port-file", 0, OPT_TEXT, AT(port_file), "FILE",
	"write the port there when it is ready"},
    {"count", 0, OPT_COUNT, AT(count), "N", "end after so many webhooks"},
    {"status", 0, OPT_COUNT, AT(status), "CODE",
	"answer with this status instead of 204"},
    {"output", 'o', OPT_TEXT, AT(output), "FILE",
	"print there, - is standard output"},
};

struct receiver {
	const struct listen_options *options;
	bool json;
	bool quiet;
	struct loop *loop;
	struct http_server *server;
	struct whsign *sign; /* or NULL */
	struct loop_timer *timer; /* set once the last one came */
	int64_t seen;
	int64_t ended_at;
};

/* One request. */
struct call {
	struct receiver *receiver;
	struct buf body;
};

static void
call_free(struct call *c)
{
	buf_done(&c->body);
	free(c);
}

/* --- the end -------------------------------------------------------- */

/* The last answer is on its way while a connection is open. */
static void
on_timer(void *arg)
{
	struct receiver *r = arg;

	if (http_server_connections(r->server) == 0 ||
	    clock_mono_ms() >= r->ended_at + LAST_REPLY_MS)
		loop_stop(r->loop);
	else
		loop_timer_set(r->timer, LOOK_MS);
}

static void
end(struct receiver *r)
{
	r->ended_at = clock_mono_ms();
	http_server_drain(r->server);
	loop_timer_set(r->timer, 0);
}

static void
on_signal(void *arg)
{
	struct receiver *r = arg;

	loop_stop(r->loop);
}

/* --- one webhook ---------------------------------------------------- */

static void
refuse(struct http_exchange *x, const struct receiver *r, int status,
    const char *why, struct headers *h)
{
	if (!r->quiet)
		fprintf(stderr, "awaitd: answered %d: %s\n", status, why);
	headers_add(h, "Content-Type", "text/plain; charset=utf-8");
	http_reply(x, status, h, why, strlen(why));
	headers_done(h);
}

/* A receiver that answers well has the webhook: printed is what counts. */
static void
take(struct http_exchange *x, struct receiver *r, const struct call *c)
{
	struct hook hook;
	struct headers h;
	bool printed;

	headers_init(&h);
	/* It was under way when the last one came. */
	if (r->ended_at != 0) {
		refuse(x, r, 503, "the receiver ends", &h);
		return;
	}
	hook_init(&hook, http_headers(x), c->body.data, c->body.len, r->sign,
	    clock_wall_ms() / 1000);
	hook_print(&hook, r->json);
	printed = fflush(stdout) == 0 && !ferror(stdout);
	if (!printed) {
		refuse(x, r, 500, "what came could not be printed", &h);
	} else if (hook.verified == HOOK_FORGED) {
		refuse(x, r, 401, hook.problem, &h);
	} else {
		http_reply(x, (int)r->options->status, &h, NULL, 0);
		headers_done(&h);
	}
	hook_done(&hook);
	r->seen++;
	/* cmd.c says what became of standard output. */
	if (!printed || r->seen == r->options->count)
		end(r);
}

static int
on_data(struct http_exchange *x, const void *data, size_t len, void *arg)
{
	struct call *c = arg;

	(void)x;
	return buf_append(&c->body, data, len);
}

static void
on_end(struct http_exchange *x, void *arg)
{
	struct call *c = arg;

	take(x, c->receiver, c);
	call_free(c);
}

static void
on_too_large(struct http_exchange *x, void *arg)
{
	struct call *c = arg;
	struct headers h;

	headers_init(&h);
	refuse(x, c->receiver, 413, "the body is larger than 1 MiB", &h);
	call_free(c);
}

static void
on_gone(struct http_exchange *x, void *arg)
{
	(void)x;
	call_free(arg);
}

static void
on_request(struct http_exchange *x, void *arg)
{
	static const struct http_body_sink sink = {
	    .max = BODY_MAX,
	    .data = on_data,
	    .end = on_end,
	    .toolarge = on_too_large,
	};
	struct receiver *r = arg;
	struct headers h;
	struct call *c;

	if (!str_eq(http_method(x), "POST")) {
		headers_init(&h);
		headers_add(&h, "Allow", "POST");
		refuse(x, r, 405, "a webhook is a POST", &h);
		return;
	}
	c = xcalloc(1, sizeof(*c));
	c->receiver = r;
	buf_init(&c->body, BODY_MAX);
	http_on_gone(x, on_gone, c);
	http_body(x, &sink, c);
}

/* --- the command ---------------------------------------------------- */

static int
redirect_stdout(const char *file, struct error *err)
{
	int fd;

	if (file == NULL || str_eq(file, "-"))
		return 0;
	/* Results are nobody else's affair. */
	fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd == -1 || dup2(fd, STDOUT_FILENO) == -1) {
		err_set_errno(err, ERR_USAGE, "--output %s", file);
		return err_hint(err,
		    "Name a file in a folder that is there and can be "
		    "written.");
	}
	close(fd);
	return 0;
}

static int
announce(const struct receiver *r, const char *host, struct error *err)
{
	int port = http_server_port(r->server), rc = 0;
	bool v6 = strchr(host, ':') != NULL;
	const char *file = r->options->port_file;
	char *text;

	if (!r->quiet)
		fprintf(stderr, "awaitd: listening at http://%s%s%s:%d/%s\n",
		    v6 ? "[" : "", host, v6 ? "]" : "", port,
		    r->sign == NULL ? "; signatures are not verified without "
				      "--secret-file"
				    : "");
	if (file != NULL) {
		text = xasprintf("%d\n", port);
		rc = file_write_atomic(file, text, strlen(text), 0644, err);
		free(text);
		if (rc == -1)
			err_prefix(err, "--port-file %s", file);
	}
	return rc;
}

static int
listen_there(struct receiver *r, struct error *err)
{
	struct http_server_options o = {0};
	char *host;
	int rc;

	if (str_split_host_port(r->options->listen, &host, &o.port) == -1) {
		err_set(err, ERR_USAGE, "--listen %s is no HOST:PORT",
		    r->options->listen);
		return err_hint(err,
		    "Write 127.0.0.1:8787, or with port 0 for a free one.");
	}
	o.host = host;
	rc = http_server_new(r->loop, &o, on_request, r, &r->server, err);
	if (rc == 0)
		rc = announce(r, host, err);
	free(host);
	return rc;
}

static int
read_keys(struct receiver *r, struct error *err)
{
	const struct option_list *files = &r->options->secret_files;
	const char **paths;
	int rc;

	if (files->n == 0)
		return 0;
	paths = xcalloc(files->n + 1, sizeof(*paths));
	memcpy(paths, files->v, files->n * sizeof(*paths));
	rc = whsign_from_files(paths, &r->sign, err);
	free(paths);
	return rc == 0 ? 0 : err_prefix(err, "--secret-file");
}

static int
prepare(struct receiver *r, struct error *err)
{
	const struct listen_options *o = r->options;

	if (o->status < 200 || o->status > 599)
		return err_set(err, ERR_USAGE,
		    "--status %lld: it must be 200 to 599",
		    (long long)o->status);
	if (read_keys(r, err) == -1)
		return -1;
	if (redirect_stdout(o->output, err) == -1)
		return -1;
	return listen_there(r, err);
}

static void
receive(struct receiver *r)
{
	struct loop_signal *sigint =
	    loop_signal_new(r->loop, SIGINT, on_signal, r);
	struct loop_signal *sigterm =
	    loop_signal_new(r->loop, SIGTERM, on_signal, r);

	loop_run(r->loop);
	loop_signal_free(sigterm);
	loop_signal_free(sigint);
}

static int
run(const struct cmd_line *line)
{
	struct receiver r = {
	    .options = line->options,
	    .json = line->globals->json,
	    .quiet = line->globals->quiet,
	};
	struct error err;
	int status = STATUS_OK;

	r.loop = loop_new();
	r.timer = loop_timer_new(r.loop, on_timer, &r);
	if (prepare(&r, &err) == -1)
		status = cmd_fail(&err);
	else
		receive(&r);
	http_server_free(r.server);
	loop_timer_free(r.timer);
	loop_free(r.loop);
	whsign_free(r.sign);
	return status;
}

static void
defaults(void *options)
{
	struct listen_options *o = options;

	o->listen = "127.0.0.1:8787";
	o->status = 204;
}

const struct cmd cmd_listen = {
    .name = "listen",
    .group = GROUP_DELIVER,
    .args = "",
    .summary = "Receive webhooks, verify and print them (for development)",
    .examples = "  awaitd listen --secret-file hook.secret\n"
		"  awaitd listen --listen 127.0.0.1:0 --port-file port "
		"--count 1 --json\n",
    .options = listen_options,
    .noptions = ARRAY_LEN(listen_options),
    .options_size = sizeof(struct listen_options),
    .defaults = defaults,
    .run = run,
};
