/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests become jobs, workers run them, the loop answers. Everything but the
 * two lists and what is marked below belongs to the loop's thread.
 */
#include "containers/container.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/jsonw.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/http_server.h"

#define MESSAGE_MAX 4096
#define STOP_LOOK_MS 20
/* A body may not hold a place by coming in drop by drop. */
#define MIN_BODY_RATE 1024

enum job_state { JOB_RECEIVING, JOB_WAITING, JOB_RUNNING };

struct job {
	TAILQ_ENTRY(job) entry;
	struct container *c;
	struct http_exchange *x; /* NULL: the caller left */
	enum job_state state; /* from JOB_WAITING on under the lock */
	char *type;
	char *accept;
	char *attributes;
	char *id;
	struct buf payload;
	/* The worker's, then the loop's. */
	struct buf answer;
	const char *answer_type;
	bool failed;
	struct error err;
	size_t running; /* models that ran when this one began, it included */
	int64_t began_at; /* monotonic, as below */
	int64_t ended_at;
};
TAILQ_HEAD(jobs, job);

struct worker {
	struct container *c;
	void *model;
	pthread_t thread;
};

struct container {
	struct loop *loop;
	const struct container_model *model;
	int64_t max_payload;
	size_t places; /* for jobs */
	size_t taken;
	struct http_server *http;
	struct loop_wakeup *wakeup;
	struct loop_timer *look;
	loop_fn *stopped;
	void *stopped_arg;
	struct worker *workers;
	size_t n_made; /* workers that have a model */
	size_t n_started; /* and a thread */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct jobs waiting; /* under the lock, as all below */
	struct jobs finished;
	size_t running;
	bool stopping;
};

static void
must(int rc)
{
	if (rc != 0)
		abort();
}

/* --- errors --------------------------------------------------------- */

static const char *
error_type(int status)
{
	switch (status) {
	case 400:
		return "BadRequestException";
	case 404:
		return "ResourceNotFoundException";
	case 405:
		return "MethodNotAllowedException";
	case 411:
		return "LengthRequiredException";
	case 413:
		return "RequestEntityTooLargeException";
	case 415:
		return "UnsupportedMediaTypeException";
	case 503:
		return "ServiceUnavailableException";
	default:
		return status < 500 ? "ClientException"
				    : "InternalServerException";
	}
}

/* Also what http_server asks for the words of its own refusals. */
static void
write_error(int status, const char *message, struct headers *headers,
    struct buf *body, void *arg)
{
	struct jsonw w;

	(void)arg;
	headers_add(headers, "Content-Type", "application/json");
	jsonw_init(&w, body);
	jsonw_begin(&w, NULL, '{');
	jsonw_int(&w, "code", status);
	jsonw_str(&w, "type", error_type(status));
	jsonw_str(&w, "message", message);
	jsonw_end(&w, '}');
	buf_putc(body, '\n');
}

static void
refuse(struct http_exchange *x, int status, const char *message)
{
	struct headers headers;
	struct buf body;

	headers_init(&headers);
	buf_init(&body, MESSAGE_MAX);
	write_error(status, message, &headers, &body, NULL);
	if (status == 405)
		headers_add(&headers, "Allow",
		    str_eq(http_path(x), "/ping") ? "GET" : "POST");
	http_reply(x, status, &headers, body.data, body.len);
	headers_done(&headers);
	buf_done(&body);
}

/* --- jobs ----------------------------------------------------------- */

static char *
copy_header(struct http_exchange *x, const char *name)
{
	return xstrdup_or_null(headers_get(http_headers(x), name));
}

/* What is copied outlives the exchange: the caller may leave at any time. */
static struct job *
job_new(struct container *c, struct http_exchange *x)
{
	struct job *j = xcalloc(1, sizeof(*j));

	j->c = c;
	j->x = x;
	j->type = copy_header(x, "Content-Type");
	j->accept = copy_header(x, "Accept");
	j->attributes = copy_header(x, "X-Amzn-SageMaker-Custom-Attributes");
	j->id = copy_header(x, "X-Amzn-SageMaker-Inference-Id");
	buf_init(&j->payload, (size_t)c->max_payload);
	buf_init(&j->answer, CONTAINER_ANSWER_MAX);
	c->taken++;
	return j;
}

static void
job_free(struct job *j)
{
	j->c->taken--;
	free(j->type);
	free(j->accept);
	free(j->attributes);
	free(j->id);
	buf_done(&j->payload);
	buf_done(&j->answer);
	free(j);
}

static int
job_status(const struct job *j)
{
	if (!j->failed)
		return 200;
	return j->err.code == ERR_USAGE ? 400 : 500;
}

static void
job_log(const struct job *j)
{
	log_begin(LOG_INFO, j->c->model->name);
	log_str("id", j->id);
	log_int("status", job_status(j));
	log_int("bytes", (int64_t)j->payload.len);
	log_int("answer", (int64_t)j->answer.len);
	log_int("ms", j->ended_at - j->began_at);
	log_int("running", (int64_t)j->running);
	if (j->failed)
		log_str("error", j->err.text);
	log_end();
}

static void
job_finish(struct job *j)
{
	struct headers headers;

	job_log(j);
	if (j->x != NULL && j->failed)
		refuse(j->x, job_status(j), j->err.text);
	else if (j->x != NULL) {
		headers_init(&headers);
		headers_add(&headers, "Content-Type", j->answer_type);
		http_reply(j->x, 200, &headers, j->answer.data, j->answer.len);
		headers_done(&headers);
	}
	job_free(j);
}

/* A model that runs cannot be called off; nobody hears its answer. */
static void
on_gone(struct http_exchange *x, void *arg)
{
	struct job *j = arg;
	struct container *c = j->c;
	bool mine;

	(void)x;
	j->x = NULL;
	must(pthread_mutex_lock(&c->lock));
	mine = j->state != JOB_RUNNING;
	if (j->state == JOB_WAITING)
		TAILQ_REMOVE(&c->waiting, j, entry);
	must(pthread_mutex_unlock(&c->lock));
	if (mine)
		job_free(j);
}

/* --- workers -------------------------------------------------------- */

static void
run(struct worker *w, struct job *j)
{
	struct container_request r = {
	    .data = j->payload.data,
	    .len = j->payload.len,
	    .type = j->type,
	    .accept = j->accept,
	    .attributes = j->attributes,
	    .id = j->id,
	};

	j->began_at = clock_mono_ms();
	j->failed = w->c->model->run(w->model, &r, &j->answer, &j->answer_type,
			&j->err) == -1;
	if (!j->failed && j->answer.overflow) {
		err_set(&j->err, ERR_LIMIT, "the answer is larger than %zu MiB",
		    CONTAINER_ANSWER_MAX >> 20);
		j->failed = true;
	}
	j->ended_at = clock_mono_ms();
}

static void *
thread_main(void *arg)
{
	struct worker *w = arg;
	struct container *c = w->c;
	struct job *j;

	must(pthread_mutex_lock(&c->lock));
	while (!c->stopping) {
		j = TAILQ_FIRST(&c->waiting);
		if (j == NULL) {
			must(pthread_cond_wait(&c->changed, &c->lock));
			continue;
		}
		TAILQ_REMOVE(&c->waiting, j, entry);
		j->state = JOB_RUNNING;
		j->running = ++c->running;
		must(pthread_mutex_unlock(&c->lock));
		run(w, j);
		must(pthread_mutex_lock(&c->lock));
		c->running--;
		TAILQ_INSERT_TAIL(&c->finished, j, entry);
		loop_wakeup_signal(c->wakeup);
	}
	must(pthread_mutex_unlock(&c->lock));
	return NULL;
}

static void
on_finished(void *arg)
{
	struct jobs done = TAILQ_HEAD_INITIALIZER(done);
	struct container *c = arg;
	struct job *j;

	must(pthread_mutex_lock(&c->lock));
	TAILQ_CONCAT(&done, &c->finished, entry);
	must(pthread_mutex_unlock(&c->lock));
	while ((j = TAILQ_FIRST(&done)) != NULL) {
		TAILQ_REMOVE(&done, j, entry);
		job_finish(j);
	}
}

/* --- requests ------------------------------------------------------- */

static int
on_data(struct http_exchange *x, const void *data, size_t len, void *arg)
{
	struct job *j = arg;

	(void)x;
	return buf_append(&j->payload, data, len);
}

static void
on_end(struct http_exchange *x, void *arg)
{
	struct job *j = arg;
	struct container *c = j->c;

	(void)x;
	log_debug(c->model->name, "%zu bytes came, %zu of %zu places taken",
	    j->payload.len, c->taken, c->places);
	must(pthread_mutex_lock(&c->lock));
	j->state = JOB_WAITING;
	TAILQ_INSERT_TAIL(&c->waiting, j, entry);
	must(pthread_cond_signal(&c->changed));
	must(pthread_mutex_unlock(&c->lock));
}

/* Parameters behind the media type, such as charset, are the model's. */
static bool
takes(const struct container_model *m, const char *type)
{
	size_t len = type != NULL ? strcspn(type, "; \t") : 0, i;
	char *media = xstrndup(len > 0 ? type : "", len);
	bool found = len == 0 || str_ieq(media, "application/octet-stream");

	for (i = 0; !found && m->types[i] != NULL; i++)
		found = str_ieq(media, m->types[i]);
	free(media);
	return found;
}

static void
on_invocation(struct container *c, struct http_exchange *x)
{
	static const struct http_body_sink sink = {
	    .max = CONTAINER_PAYLOAD_MAX, .data = on_data, .end = on_end};
	const struct headers *h = http_headers(x);
	struct job *j;

	if (headers_get(h, "Content-Length") == NULL)
		refuse(x, 411, "the request has no Content-Length");
	else if (http_content_length(x) == 0)
		refuse(x, 400, "the payload is empty");
	else if (http_content_length(x) > c->max_payload)
		refuse(x, 413, "the payload is too large");
	else if (!takes(c->model, headers_get(h, "Content-Type")))
		refuse(x, 415, "no model for this Content-Type");
	else if (c->taken >= c->places)
		refuse(x, 503, "all workers are busy and the queue is full");
	else {
		j = job_new(c, x);
		http_on_gone(x, on_gone, j);
		http_body(x, &sink, j);
	}
}

static void
on_request(struct http_exchange *x, void *arg)
{
	bool ping = str_eq(http_path(x), "/ping");

	if (!ping && !str_eq(http_path(x), "/invocations"))
		refuse(x, 404, "there is only /ping and /invocations");
	else if (!str_eq(http_method(x), ping ? "GET" : "POST"))
		refuse(x, 405,
		    ping ? "/ping is asked with GET"
			 : "/invocations is asked with POST");
	else if (ping)
		http_reply(x, 200, NULL, NULL, 0);
	else
		on_invocation(arg, x);
}

/* --- making and ending ---------------------------------------------- */

static int
make_models(struct container *c, size_t n, struct error *err)
{
	struct worker *w;

	c->workers = xcalloc(n, sizeof(*c->workers));
	while (c->n_made < n) {
		w = &c->workers[c->n_made];
		w->c = c;
		if (c->model->make(&w->model, err) == -1)
			return -1;
		c->n_made++;
	}
	return 0;
}

/* Signals are the loop's. */
static void
start_threads(struct container *c)
{
	sigset_t all, old;
	struct worker *w;

	sigfillset(&all);
	must(pthread_sigmask(SIG_SETMASK, &all, &old));
	while (c->n_started < c->n_made) {
		w = &c->workers[c->n_started++];
		must(pthread_create(&w->thread, NULL, thread_main, w));
	}
	must(pthread_sigmask(SIG_SETMASK, &old, NULL));
}

static void
on_look(void *arg)
{
	struct container *c = arg;

	if (http_server_connections(c->http) > 0)
		loop_timer_set(c->look, STOP_LOOK_MS);
	else
		c->stopped(c->stopped_arg);
}

int
container_new(struct loop *loop, const struct container_model *model,
    const struct container_options *options, struct container **out,
    struct error *err)
{
	struct http_server_options http = {
	    .host = options->host,
	    .port = options->port,
	    .refusal = write_error,
	    .min_body_rate = MIN_BODY_RATE,
	};
	struct container *c = xcalloc(1, sizeof(*c));

	c->loop = loop;
	c->model = model;
	c->max_payload = options->max_payload;
	c->places = options->workers + options->queue;
	TAILQ_INIT(&c->waiting);
	TAILQ_INIT(&c->finished);
	must(pthread_mutex_init(&c->lock, NULL));
	must(pthread_cond_init(&c->changed, NULL));
	c->wakeup = loop_wakeup_new(loop, on_finished, c);
	c->look = loop_timer_new(loop, on_look, c);
	if (make_models(c, options->workers, err) == -1 ||
	    http_server_new(loop, &http, on_request, c, &c->http, err) == -1) {
		container_free(c);
		return -1;
	}
	start_threads(c);
	*out = c;
	return 0;
}

int
container_port(const struct container *c)
{
	return http_server_port(c->http);
}

void
container_stop(struct container *c, loop_fn *stopped, void *arg)
{
	c->stopped = stopped;
	c->stopped_arg = arg;
	http_server_drain(c->http);
	loop_timer_set(c->look, 0);
}

/* No exchange is left when the lists are looked at: nothing is answered. */
void
container_free(struct container *c)
{
	size_t i;

	if (c == NULL)
		return;
	http_server_free(c->http);
	must(pthread_mutex_lock(&c->lock));
	c->stopping = true;
	must(pthread_cond_broadcast(&c->changed));
	must(pthread_mutex_unlock(&c->lock));
	for (i = 0; i < c->n_started; i++)
		must(pthread_join(c->workers[i].thread, NULL));
	on_finished(c);
	for (i = 0; i < c->n_made; i++)
		c->model->free(c->workers[i].model);
	loop_wakeup_free(c->wakeup);
	loop_timer_free(c->look);
	must(pthread_cond_destroy(&c->changed));
	must(pthread_mutex_destroy(&c->lock));
	free(c->workers);
	free(c);
}
