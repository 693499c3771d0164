/* SPDX-License-Identifier: Apache-2.0 */
/* A model, a line of requests, and a loop that turns until something is so. */
#include "tests/unit/model_rig.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "local/fleet.h"

#define PATIENCE_MS 60000
#define LOOK_MS 5
#define TEXT_MAX ((size_t)256 * 1024)

static void begin_all(struct rig *r);

static int
nameless(void)
{
	int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	assert_int_not_equal(fd, -1);
	return fd;
}

static void
on_log(const char *line, void *arg)
{
	struct rig *r = arg;

	buf_puts(&r->log, line);
	buf_putc(&r->log, '\n');
}

static void
on_room(void *arg)
{
	begin_all(arg);
}

static void
on_look(void *arg)
{
	struct rig *r = arg;

	if (r->seen(r) || clock_mono_ms() > r->look_until)
		loop_stop(r->loop);
	else
		loop_timer_set(r->look, LOOK_MS);
}

int
rig_setup(void **state)
{
	struct rig *r = xcalloc(1, sizeof(*r));

	r->loop = loop_new();
	r->look = loop_timer_new(r->loop, on_look, r);
	r->tmp = xstrdup("/tmp/test_local_model.XXXXXX");
	assert_non_null(mkdtemp(r->tmp));
	r->endpoint.name = xstrdup("ep");
	r->endpoint.max_concurrent = 1;
	r->endpoint.max_instances = 1;
	r->endpoint.scale_in_after_ms = 3600000;
	r->endpoint.startup_timeout_ms = 60000;
	r->options.loop = r->loop;
	r->options.endpoint = &r->endpoint;
	r->options.tmp_dir = r->tmp;
	r->options.output_max = INT64_C(1) << 30;
	r->options.on_room = on_room;
	r->options.arg = r;
	r->facts.inference_id = "id-1";
	r->facts.endpoint = "ep";
	r->facts.content_type = "text/plain";
	buf_init(&r->log, (size_t)4 << 20);
	log_init(LOG_INFO, LOG_TEXT);
	log_set_sink(on_log, r);
	*state = r;
	return 0;
}

static void
forget(struct rig_request *q)
{
	close(q->payload_fd);
	close(q->output_fd);
	free(q->type);
	free(q->text);
	free(q->reason);
}

int
rig_teardown(void **state)
{
	struct rig *r = *state;
	size_t i;

	model_free(r->model);
	for (i = 0; i < r->n; i++)
		forget(&r->requests[i]);
	loop_timer_free(r->look);
	/* The loop reaps what was killed. */
	loop_run(r->loop);
	loop_free(r->loop);
	log_set_sink(NULL, NULL);
	buf_done(&r->log);
	free(r->endpoint.name);
	free(r->endpoint.command);
	free(r->endpoint.container);
	free(r->endpoint.serve);
	str_free_words(r->endpoint.argv);
	rmdir(r->tmp);
	free(r->tmp);
	free(r);
	return 0;
}

/* --- the endpoint --------------------------------------------------- */

static void
split(struct rig *r, const char *words)
{
	struct error err;

	if (conf_split_command(words, &r->endpoint.argv, &err) == -1)
		fail_msg("%s", err.text);
}

void
rig_command(struct rig *r, const char *words)
{
	r->endpoint.command = xstrdup(words);
	split(r, words);
}

void
rig_serve(struct rig *r, const char *options)
{
	const char *dir = getenv("abs_top_builddir");

	r->endpoint.serve = xasprintf("%s/tests/support/testcontainer %s",
	    dir != NULL ? dir : ".", options);
	split(r, r->endpoint.serve);
}

void
rig_container(struct rig *r, const char *url)
{
	r->endpoint.container = xstrdup(url);
}

void
rig_model(struct rig *r, const struct instance_pace *pace)
{
	struct error err;
	int rc;

	rc = pace != NULL ? fleet_new(&r->options, pace, &r->model, &err)
			  : model_new(&r->options, &r->model, &err);
	if (rc == -1)
		fail_msg("%s", err.text);
	model_backlog(r->model, 0);
}

/* --- requests ------------------------------------------------------- */

static char *
text_of(int fd)
{
	char *text = xcalloc(1, TEXT_MAX + 1);

	assert_true(pread(fd, text, TEXT_MAX, 0) >= 0);
	return text;
}

static void
on_done(const struct model_result *m, void *arg)
{
	struct rig_request *q = arg;
	struct rig *r = q->rig;

	assert_false(q->done);
	q->call = NULL;
	r->running--;
	q->verdict = m->verdict;
	q->status = m->status;
	q->done = true;
	r->done++;
	if (m->verdict == MODEL_AGAIN) {
		q->err = m->err;
		return;
	}
	q->type = xstrdup_or_null(m->content_type);
	q->reason = xstrdup_or_null(m->reason);
	if (m->text != NULL)
		assert_int_not_equal(m->len, 0);
	q->text =
	    m->text != NULL ? xstrndup(m->text, m->len) : text_of(q->output_fd);
	assert_true((m->verdict == MODEL_FAILED) == (m->reason != NULL));
}

static void
begin(struct rig *r, struct rig_request *q)
{
	struct model_invocation v = {
	    .facts = r->facts,
	    .payload_fd = q->payload_fd,
	    .payload_len = q->payload_len,
	    .output_fd = q->output_fd,
	    .timeout_s = q->timeout_s,
	};
	struct error err;

	r->running++;
	if (r->running > r->running_most)
		r->running_most = r->running;
	if (model_invoke(r->model, &v, on_done, q, &q->call, &err) == -1)
		fail_msg("%s", err.text);
	assert_false(q->done);
}

static void
begin_all(struct rig *r)
{
	while (!r->manual && r->begun < r->n && model_room(r->model) > 0)
		begin(r, &r->requests[r->begun++]);
	model_backlog(r->model, r->n - r->begun);
}

void
rig_submit_fd(struct rig *r, int take_fd, int64_t len, int64_t timeout_s)
{
	struct rig_request *q = &r->requests[r->n];

	assert_true(r->n < RIG_REQUESTS_MAX);
	q->rig = r;
	q->payload_fd = take_fd;
	q->payload_len = len;
	q->output_fd = nameless();
	q->timeout_s = timeout_s;
	r->n++;
	begin_all(r);
}

struct rig_request *
rig_submit(struct rig *r, const char *payload, int64_t timeout_s)
{
	int fd = nameless();
	size_t len = strlen(payload);

	assert_int_equal(write(fd, payload, len), (ssize_t)len);
	rig_submit_fd(r, fd, (int64_t)len, timeout_s);
	return &r->requests[r->n - 1];
}

void
rig_begin(struct rig *r)
{
	r->manual = false;
	begin_all(r);
}

static void
on_drained(void *arg)
{
	struct rig *r = arg;

	assert_false(r->drained);
	r->drained = true;
}

void
rig_drain(struct rig *r)
{
	r->manual = true;
	model_drain(r->model, on_drained, r);
	assert_false(r->drained);
}

/* --- waiting -------------------------------------------------------- */

void
rig_until(struct rig *r, bool (*seen)(struct rig *r))
{
	r->seen = seen;
	r->look_until = clock_mono_ms() + PATIENCE_MS;
	loop_timer_set(r->look, 0);
	loop_run(r->loop);
	if (!seen(r))
		fail_msg("waited in vain; the log:\n%s", r->log.data);
}

static bool
so_many_done(struct rig *r)
{
	return r->done >= r->wanted;
}

void
rig_until_done(struct rig *r, size_t wanted)
{
	r->wanted = wanted;
	rig_until(r, so_many_done);
}

static bool
is_logged(struct rig *r)
{
	return rig_logged(r, r->text) >= r->wanted;
}

void
rig_until_logged(struct rig *r, const char *text, size_t times)
{
	r->text = text;
	r->wanted = times;
	rig_until(r, is_logged);
}

static bool
is_set(struct rig *r)
{
	return *r->flag;
}

void
rig_until_set(struct rig *r, const bool *flag)
{
	r->flag = flag;
	rig_until(r, is_set);
}

static bool
at_once(struct rig *r)
{
	(void)r;
	return true;
}

void
rig_turn(struct rig *r)
{
	rig_until(r, at_once);
}

size_t
rig_logged(const struct rig *r, const char *text)
{
	const char *p = r->log.data;
	size_t n = 0;

	for (; (p = strstr(p, text)) != NULL; p++)
		n++;
	return n;
}

int64_t
rig_output_size(const struct rig_request *q)
{
	struct stat st;

	assert_int_equal(fstat(q->output_fd, &st), 0);
	return st.st_size;
}
