/* SPDX-License-Identifier: Apache-2.0 */
/* awaitd tail: events of a service as they come, over its restarts. */
#include "cmd/cmd.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "cmd/app.h"
#include "cmd/sse.h"

#define PATH_MAX_LEN 16384
#define STREAM_TYPE "text/event-stream"
/* A connection that lived as long was one: it will again. */
#define HELD_MS 10000
/* Three times as long as a quiet service is silent. */
#define STALL_MS 45000

/* A second where a service starts anew; longer where whatever stands before it
 * takes each connection and ends it. */
static const struct backoff tail_backoff = {
    .start_ms = 1000,
    .max_ms = 15000,
    .factor = 2,
    .jitter = 0.2,
};

struct tail_options {
	struct option_list types;
	struct option_list jobs;
	const char *endpoint;
	const char *tag;
	const char *target;
	const char *after;
	const char *since;
	int64_t limit;
};

#define AT(field) offsetof(struct tail_options, field)
static const struct cmd_option tail_options[] = {
    {"type", 0, OPT_LIST, AT(types), "KIND",
	"only these, such as job.done or 'delivery.*'"},
    {"job", 0, OPT_LIST, AT(jobs), "JOB", "only of this job"},
    {"endpoint", 'e', OPT_TEXT, AT(endpoint), "ENDPOINT", "only of its jobs"},
    {"tag", 0, OPT_TEXT, AT(tag), "TAG", "only of jobs that have it"},
    {"target", 0, OPT_TEXT, AT(target), "TARGET",
	"only to this one, such as 'webhook hook'"},
    {"after", 0, OPT_TEXT, AT(after), "ID",
	"what came behind this event; 0: all kept"},
    {"since", 0, OPT_TEXT, AT(since), "TIME",
	"what happened then or later; 10m: ago"},
    {"limit", 'n', OPT_COUNT, AT(limit), "N", "end behind so many"},
};

struct tail {
	struct app *app;
	const struct tail_options *o;
	struct sse sse;
	char *query; /* the filters */
	struct client_call *call;
	struct loop_timer *again;
	int64_t since_at;
	int64_t n; /* printed */
	bool heard; /* it was connected once */
	bool lost; /* and is not now: that was said */
	bool within; /* what comes is not older than --since by now */
	int64_t began_at; /* the connection, by the monotonic clock; 0: none */
	unsigned brief; /* connections in a row that brought nothing */
	bool enough;
	int rc; /* -1 with err: it is over */
	struct error err;
};

/* --- one event ------------------------------------------------------ */

static const char *
text_of(const struct json *e, const char *name)
{
	const char *s = json_get_str(e, name);

	return s != NULL ? s : "";
}

static void
add_word(struct buf *b, const char *word)
{
	if (*word == '\0')
		return;
	buf_puts(b, b->len > 0 ? " " : "");
	buf_puts(b, word);
}

static void
add_number(struct buf *b, const struct json *e, const char *name)
{
	int64_t n;

	if (json_i64(json_get(e, name), &n) == 0)
		buf_printf(b, " %s %lld", name, (long long)n);
}

/* Time, type, job, endpoint; then what came of it. */
static void
print_event(const struct json *e)
{
	const char *type = text_of(e, "type");
	struct buf b;

	buf_init(&b, PATH_MAX_LEN);
	buf_printf(&b, "%s  %-18s  %s  %-10s", text_of(e, "at"), type,
	    text_of(e, "job"), text_of(e, "endpoint"));
	buf_putc(&b, ' ');
	add_word(&b, text_of(e, "outcome"));
	add_word(&b, text_of(e, "error_code"));
	if (str_starts(type, "delivery.")) {
		add_word(&b, text_of(e, "target"));
		add_number(&b, e, "attempt");
		add_number(&b, e, "status");
		if (*text_of(e, "note") != '\0')
			buf_printf(&b, ": %s", text_of(e, "note"));
	}
	while (b.len > 0 && b.data[b.len - 1] == ' ')
		buf_truncate(&b, b.len - 1);
	str_defang(b.data);
	puts(b.data);
	buf_done(&b);
}

/* What is not there is said where people look, and in the JSON. */
static void
say_gap(const struct tail *t, const struct json *e)
{
	const char *reason = text_of(e, "reason");

	if (t->app->globals->quiet)
		return;
	if (str_eq(reason, "pruned"))
		fputs("awaitd: events are missing here: they were forgotten at "
		      "the end of their retention, or are of another state "
		      "folder\n",
		    stderr);
	else if (str_eq(reason, "unknown"))
		fputs("awaitd: the service's log has never come so far: here "
		      "are all events that it has\n",
		    stderr);
	else
		fputs("awaitd: an event is missing here: its row is damaged\n",
		    stderr);
}

static bool
too_old(const struct tail *t, const struct json *e)
{
	int64_t at;

	return t->since_at != 0 &&
	    timefmt_parse_iso(text_of(e, "at"), &at) == 0 && at < t->since_at;
}

/*
 * A line each, however many the JSON has: behind its check only blanks between
 * values can be line ends. Where the reader takes no more just now, signals do
 * what they do by default meanwhile, since a write that waits hears of none.
 */
static int
print_out(
    struct tail *t, const struct json *e, const char *data, struct error *err)
{
	struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
	bool full = poll(&out, 1, 0) == 0;
	int rc = 0;

	if (full)
		app_default_signals(t->app);
	if (!t->app->globals->json) {
		print_event(e);
	} else {
		for (; *data != '\0'; data++)
			putchar(*data == '\n' ? ' ' : *data);
		putchar('\n');
	}
	if (fflush(stdout) == EOF || ferror(stdout)) {
		rc = err_set_errno(err, ERR_IO, "write to stdout");
		/* Said here, and not once more at the end. */
		clearerr(stdout);
	}
	if (full)
		app_catch_signals(t->app);
	return rc;
}

/* Of what was not asked for nothing is missed: a service that forgot what is
 * older than --since left nothing out. */
static void
on_gap(const struct tail *t, const struct json *e)
{
	if (t->since_at == 0 || t->within)
		say_gap(t, e);
}

static void
is_back(struct tail *t)
{
	const char *id = t->sse.last_id;

	/* Another's stream may have none. */
	if (t->lost && !t->app->globals->quiet)
		fprintf(stderr, "awaitd: the service is back%s%s\n",
		    *id != '\0' ? ": going on behind event " : "", id);
	t->lost = false;
}

static int
on_event(const char *data, size_t len, void *arg, struct error *err)
{
	struct tail *t = arg;
	struct json *e;
	bool gap, old;
	int rc = 0;

	if (json_parse(data, len, &e, err) == -1)
		return err_prefix(err, "an event");
	t->brief = 0;
	is_back(t);
	gap = str_eq(text_of(e, "type"), "gap");
	old = too_old(t, e);
	t->within |= !gap && !old;
	if (gap)
		on_gap(t, e);
	if (!old && (t->app->globals->json || !gap)) {
		rc = print_out(t, e, data, err);
		t->n += !gap;
	}
	json_free(e);
	if (rc == -1)
		return -1;
	t->enough = t->o->limit != 0 && t->n >= t->o->limit;
	return t->enough ? err_set(err, ERR_CANCELLED, "enough") : 0;
}

/* --- the stream ----------------------------------------------------- */

static void connect_to(void *arg);

static void
end(struct tail *t, const struct error *err)
{
	t->rc = err != NULL ? -1 : 0;
	if (err != NULL)
		t->err = *err;
	loop_stop(t->app->loop);
}

/* Another server may have a page at that address, and end it at once. */
static int
check_type(
    const struct tail *t, const struct http_response *r, struct error *err)
{
	const char *type = headers_get(&r->headers, "Content-Type");

	if (type != NULL &&
	    strncasecmp(type, STREAM_TYPE, strlen(STREAM_TYPE)) == 0)
		return 0;
	err_set(err, ERR_PROTOCOL, "%s answers with no events, as awaitd does",
	    client_address(t->app->client));
	return err_hint(err, "Is that address the service's own?");
}

static int
on_head(const struct http_response *r, void *arg, struct error *err)
{
	struct tail *t = arg;

	if (check_type(t, r, err) == -1)
		return -1;
	if (!t->heard && !t->app->globals->quiet)
		fprintf(stderr, "awaitd: following the events of %s\n",
		    client_address(t->app->client));
	t->began_at = clock_mono_ms();
	/* Who comes only to go again is not told of each time. */
	if (t->brief <= 1)
		is_back(t);
	t->heard = true;
	return 0;
}

static bool
has_held(const struct tail *t)
{
	return clock_mono_ms() - t->began_at >= HELD_MS;
}

static int
on_data(const void *data, size_t len, void *arg, struct error *err)
{
	struct tail *t = arg;

	if (has_held(t)) {
		t->brief = 0;
		is_back(t);
	}
	return sse_feed(&t->sse, data, len, on_event, t, err);
}

/* It broke off, or ended since the service stops: it may come back. */
static void
wait_for_it(struct tail *t, bool answered)
{
	unsigned n;

	if (!t->lost && !t->app->globals->quiet)
		fprintf(stderr,
		    "awaitd: the service at %s broke off: waiting for it\n",
		    client_address(t->app->client));
	t->lost = true;
	t->within = true;
	if (answered && (t->began_at == 0 || !has_held(t)))
		t->brief++;
	t->began_at = 0;
	n = t->brief > 0 ? t->brief - 1 : 0;
	loop_timer_set(
	    t->again, backoff_delay_ms(&tail_backoff, n, random_unit()));
}

static void
on_over(const struct json *answer, const struct error *err, void *arg)
{
	struct tail *t = arg;

	(void)answer;
	t->call = NULL;
	if (t->enough)
		end(t, NULL);
	else if (err != NULL && !(t->heard && client_unheard(err)))
		end(t, err);
	else
		wait_for_it(t, err == NULL || t->began_at != 0);
}

static void
connect_to(void *arg)
{
	struct tail *t = arg;
	struct headers headers;
	struct client_request r = {
	    .method = "GET",
	    .path = t->query,
	    .headers = &headers,
	    .head = on_head,
	    .sink = on_data,
	    .sink_arg = t,
	    .stall_ms = STALL_MS,
	};
	struct error err;

	sse_restart(&t->sse);
	headers_init(&headers);
	headers_add(&headers, "Accept", "text/event-stream");
	if (t->sse.last_id[0] != '\0')
		headers_add(&headers, "Last-Event-ID", t->sse.last_id);
	if (client_start(t->app->client, &r, on_over, t, &t->call, &err) == -1)
		end(t, &err);
	headers_done(&headers);
}

/* --- what is asked for ---------------------------------------------- */

static void
add_value(struct buf *b, const char *name, const char *value)
{
	if (value == NULL)
		return;
	buf_putc(b, strchr(b->data, '?') == NULL ? '?' : '&');
	buf_puts(b, name);
	buf_putc(b, '=');
	encode_uri(b, value, strlen(value), false);
}

static void
add_list(struct buf *b, const char *name, const struct option_list *list)
{
	struct buf all;
	size_t i;

	if (list->n == 0)
		return;
	buf_init(&all, PATH_MAX_LEN);
	for (i = 0; i < list->n; i++) {
		buf_puts(&all, i > 0 ? "," : "");
		buf_puts(&all, list->v[i]);
	}
	add_value(b, name, all.data);
	buf_done(&all);
}

/* "2h" or "2026-03-04T05:06:07Z". */
static int
take_since(const char *text, int64_t *out, struct error *err)
{
	int64_t span;

	if (text == NULL || timefmt_parse_rfc3339(text, out) == 0)
		return 0;
	if (str_to_duration_ms(text, &span) == 0 && span >= 0) {
		*out = clock_wall_ms() - span;
		return 0;
	}
	err_set(err, ERR_USAGE, "--since \"%s\": that is no time", text);
	return err_hint(
	    err, "Write 10m for ten minutes ago, or 2026-03-04T05:06:07Z.");
}

static int
build_query(struct tail *t, struct error *err)
{
	const struct tail_options *o = t->o;
	const char *after = o->after;
	struct buf b;

	if (after == NULL && o->since != NULL)
		after = "0";
	buf_init(&b, PATH_MAX_LEN);
	buf_puts(&b, "/v1/events");
	add_list(&b, "type", &o->types);
	add_list(&b, "job", &o->jobs);
	add_value(&b, "endpoint", o->endpoint);
	add_value(&b, "tag", o->tag);
	add_value(&b, "target", o->target);
	add_value(&b, "after", after);
	if (b.overflow) {
		buf_done(&b);
		return err_set(err, ERR_USAGE, "too many jobs are named");
	}
	t->query = buf_take(&b);
	return 0;
}

static int
follow(struct app *app, const struct tail_options *o, struct error *err)
{
	struct tail t = {.app = app, .o = o};

	if (take_since(o->since, &t.since_at, err) == -1 ||
	    build_query(&t, err) == -1)
		return -1;
	sse_init(&t.sse);
	t.again = loop_timer_new(app->loop, connect_to, &t);
	app_catch_signals(app);
	connect_to(&t);
	/* What ends at once stops a loop that does not run yet. */
	if (t.rc == 0)
		loop_run(app->loop);
	client_cancel(t.call);
	loop_timer_free(t.again);
	sse_done(&t.sse);
	free(t.query);
	if (t.rc == -1)
		*err = t.err;
	return t.rc;
}

static int
run(const struct cmd_line *line)
{
	struct app app;
	struct error err;
	int rc;

	if (line->nargs > 0) {
		err_set(&err, ERR_USAGE, "'awaitd tail' takes no \"%s\"",
		    line->args[0]);
		err_hint(&err, "One job's events are those of --job JOB.");
		return cmd_fail(&err);
	}
	if (app_init(&app, line->globals, &err) == -1)
		return cmd_fail(&err);
	rc = app_require_service(&app, "'awaitd tail'", &err);
	if (rc == 0)
		rc = follow(&app, line->options, &err);
	if (app.signo != 0)
		rc = STATUS_SIGNAL + app.signo;
	else
		rc = rc == 0 ? STATUS_OK : cmd_fail(&err);
	app_done(&app);
	return rc;
}

const struct cmd cmd_tail = {
    .name = "tail",
    .group = GROUP_LOOK,
    .args = "",
    .summary = "Print events of a service as they come",
    .examples = "  awaitd tail\n"
		"  awaitd tail --type job.done --tag nightly --json\n"
		"  awaitd tail --since 1h --target 'webhook hook'\n",
    .options = tail_options,
    .noptions = ARRAY_LEN(tail_options),
    .options_size = sizeof(struct tail_options),
    .run = run,
};
