/* SPDX-License-Identifier: Apache-2.0 */
/* Counters fed by events, written when somebody asks. */
#include "serve/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "serve/doorbell.h"
#include "serve/gateway.h"
#include "serve/problem.h"
#include "serve/service.h"
#include "serve/sns_listener.h"

#define TYPE "text/plain; version=0.0.4; charset=utf-8"
/* Targets are as many as there are sections. */
#define TEXT_MAX ((size_t)16 << 20)

/* Upper ends of buckets, in milliseconds. */
static const int64_t job_bounds[] = {100, 500, 1000, 2500, 5000, 10000, 30000,
    60000, 120000, 300000, 600000, 1800000, 3600000, 10800000, 21600000};
static const int64_t attempt_bounds[] = {
    5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000};

/* The clock of S3 counts in seconds. */
static const int64_t delay_bounds[] = {0, 1000, 2000, 3000, 5000, 10000, 30000,
    60000, 120000, 300000, 1800000, 10800000};
/* Looks, in thousandths. */
static const int64_t look_bounds[] = {1000, 2000, 5000, 10000, 15000, 20000,
    30000, 50000, 100000, 200000, 500000, 1000000};

#define BOUNDS_MAX ARRAY_LEN(job_bounds)

struct histogram {
	const int64_t *bounds;
	size_t n;
	uint64_t count[BOUNDS_MAX + 1]; /* the last: above them all */
	int64_t sum_ms;
};

/* What the API answers; another status would be "other". */
static const int codes[] = {200, 201, 206, 400, 401, 403, 404, 405, 408, 409,
    410, 413, 414, 415, 416, 422, 431, 500, 502, 503, 507};

#define OUTCOMES (OUTCOME_CANCELLED + 1)
#define STATES (DELIVERY_DEAD + 1)
#define ATTEMPTS (ATTEMPT_INTERRUPTED + 1)
#define VERDICTS (DOORBELL_FAILED + 1)

struct metrics {
	int64_t start_at;
	uint64_t submitted;
	uint64_t withdrawn;
	uint64_t done[OUTCOMES];
	struct histogram job_ms;
	struct histogram delay_ms;
	struct histogram looks;
	uint64_t found[LOOK_CAUSES];
	uint64_t polls;
	uint64_t troubles;
	uint64_t created;
	uint64_t ended[STATES];
	uint64_t attempts[ATTEMPTS];
	struct histogram attempt_ms;
	uint64_t requests[ARRAY_LEN(codes) + 1];
	uint64_t streams_cut;
	uint64_t late;
	uint64_t pruned[2]; /* jobs, keys */
	uint64_t reloads[2];
	bool reload_failed; /* the last one */
	int64_t reloaded_at; /* the last that did not */
	uint64_t notifications[DOORBELL_SQS + 1][VERDICTS];
	uint64_t queue_messages[VERDICTS];
	uint64_t queue_deleted;
	uint64_t queue_errors;
};

struct metrics *
metrics_new(void)
{
	struct metrics *m = xcalloc(1, sizeof(*m));

	m->start_at = clock_wall_ms();
	m->reloaded_at = m->start_at;
	m->job_ms.bounds = job_bounds;
	m->job_ms.n = ARRAY_LEN(job_bounds);
	m->delay_ms.bounds = delay_bounds;
	m->delay_ms.n = ARRAY_LEN(delay_bounds);
	m->looks.bounds = look_bounds;
	m->looks.n = ARRAY_LEN(look_bounds);
	m->attempt_ms.bounds = attempt_bounds;
	m->attempt_ms.n = ARRAY_LEN(attempt_bounds);
	return m;
}

void
metrics_free(struct metrics *m)
{
	free(m);
}

/* --- counting ------------------------------------------------------- */

/* A clock that was set back in between makes no negative time. */
static void
observe(struct histogram *h, int64_t ms)
{
	size_t i;

	if (ms < 0)
		ms = 0;
	for (i = 0; i < h->n && ms > h->bounds[i]; i++)
		continue;
	h->count[i]++;
	h->sum_ms += ms;
}

void
metrics_event(struct metrics *m, enum engine_event event, const struct job *job)
{
	switch (event) {
	case ENGINE_STORED:
		m->submitted++;
		return;
	case ENGINE_MOVED:
		if (job->state != JOB_DONE)
			return;
		m->done[job->outcome]++;
		observe(&m->job_ms, job->completed_at - job->created_at);
		return;
	case ENGINE_LOOKED:
		m->polls++;
		return;
	case ENGINE_TROUBLE:
		m->troubles++;
		return;
	case ENGINE_LATE:
		m->late++;
		return;
	case ENGINE_WITHDRAWN:
		m->withdrawn++;
		return;
	case ENGINE_NOT_STORED:
	case ENGINE_BROKEN:
		return;
	}
	abort();
}

void
metrics_found(struct metrics *m, const struct engine_found *found)
{
	m->found[found->cause]++;
	observe(&m->looks, (int64_t)found->looks * 1000);
	if (found->delay_ms >= 0)
		observe(&m->delay_ms, found->delay_ms);
}

void
metrics_delivery(
    struct metrics *m, const struct delivery *d, const struct attempt *a)
{
	if (a == NULL) {
		m->created++;
		return;
	}
	m->attempts[a->outcome]++;
	if (a->outcome == ATTEMPT_OK || a->outcome == ATTEMPT_FAILED)
		observe(&m->attempt_ms, a->ended_at - a->started_at);
	if (d->state != DELIVERY_WAITING)
		m->ended[d->state]++;
}

void
metrics_request(struct metrics *m, int status)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(codes) && codes[i] != status; i++)
		continue;
	m->requests[i]++;
}

void
metrics_stream_cut(struct metrics *m)
{
	m->streams_cut++;
}

void
metrics_pruned(struct metrics *m, bool keys, size_t n)
{
	m->pruned[keys] += n;
}

void
metrics_reload(struct metrics *m, bool ok)
{
	m->reloads[ok]++;
	m->reload_failed = !ok;
	if (ok)
		m->reloaded_at = clock_wall_ms();
}

void
metrics_notification(
    struct metrics *m, enum doorbell_way way, enum doorbell_verdict verdict)
{
	m->notifications[way][verdict]++;
}

void
metrics_queue_message(struct metrics *m, enum doorbell_verdict verdict)
{
	m->queue_messages[verdict]++;
}

void
metrics_queue_deleted(struct metrics *m, size_t n)
{
	m->queue_deleted += n;
}

void
metrics_queue_error(struct metrics *m)
{
	m->queue_errors++;
}

/* --- writing -------------------------------------------------------- */

static void
family(struct buf *b, const char *name, const char *type, const char *help)
{
	buf_printf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
counter(struct buf *b, const char *name, const char *help, uint64_t value)
{
	family(b, name, "counter", help);
	buf_printf(b, "%s %" PRIu64 "\n", name, value);
}

static void
gauge(struct buf *b, const char *name, const char *help, uint64_t value)
{
	family(b, name, "gauge", help);
	buf_printf(b, "%s %" PRIu64 "\n", name, value);
}

static void
labelled(struct buf *b, const char *name, const char *label, const char *value,
    uint64_t n)
{
	buf_printf(b, "%s{%s=\"%s\"} %" PRIu64 "\n", name, label, value, n);
}

/* Milliseconds as seconds, exactly and without zeros behind. */
static void
put_seconds(struct buf *b, int64_t ms)
{
	int64_t rest = ms % 1000;

	buf_printf(b, "%" PRId64, ms / 1000);
	if (rest == 0)
		return;
	if (rest % 100 == 0)
		buf_printf(b, ".%" PRId64, rest / 100);
	else if (rest % 10 == 0)
		buf_printf(b, ".%02" PRId64, rest / 10);
	else
		buf_printf(b, ".%03" PRId64, rest);
}

static void
histogram(struct buf *b, const char *name, const char *help,
    const struct histogram *h)
{
	uint64_t sum = 0;
	size_t i;

	family(b, name, "histogram", help);
	for (i = 0; i < h->n; i++) {
		sum += h->count[i];
		buf_printf(b, "%s_bucket{le=\"", name);
		put_seconds(b, h->bounds[i]);
		buf_printf(b, "\"} %" PRIu64 "\n", sum);
	}
	sum += h->count[h->n];
	buf_printf(b, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", name, sum);
	buf_printf(b, "%s_sum ", name);
	put_seconds(b, h->sum_ms);
	buf_printf(b, "\n%s_count %" PRIu64 "\n", name, sum);
}

static void
write_jobs(
    const struct metrics *m, const struct engine_counts *now, struct buf *b)
{
	static const char done[] = "awaitd_jobs_done_total";
	static const char jobs[] = "awaitd_jobs";
	int outcome;

	counter(b, "awaitd_jobs_submitted_total", "Jobs taken and stored.",
	    m->submitted);
	counter(b, "awaitd_jobs_withdrawn_total",
	    "Jobs that the gateway took back, as SageMaker had not accepted "
	    "them.",
	    m->withdrawn);
	family(b, done, "counter", "Jobs that ended, by outcome.");
	for (outcome = OUTCOME_OK; outcome < OUTCOMES; outcome++)
		labelled(b, done, "outcome",
		    job_outcome_name((enum job_outcome)outcome),
		    m->done[outcome]);
	family(b, jobs, "gauge", "Jobs that are not done, by state.");
	labelled(b, jobs, "state", "queued", now->queued);
	labelled(b, jobs, "state", "pending", now->pending);
	gauge(b, "awaitd_jobs_in_doubt",
	    "Queued jobs whose submission may have been accepted.",
	    now->in_doubt);
	counter(b, "awaitd_late_results_total",
	    "Results that came after their job had expired.", m->late);
}

static void
write_found(const struct metrics *m, struct buf *b)
{
	static const char found[] = "awaitd_results_found_total";
	size_t i;

	family(b, found, "counter",
	    "Results and failures found, by what led to the look.");
	for (i = 0; i < LOOK_CAUSES; i++)
		labelled(b, found, "cause", look_cause_name((enum look_cause)i),
		    m->found[i]);
	histogram(b, "awaitd_detection_delay_seconds",
	    "From an object's coming to its being found, by the clock of S3, "
	    "which counts in seconds.",
	    &m->delay_ms);
	histogram(b, "awaitd_job_looks",
	    "Looks at a job by this process, up to the one that found its end.",
	    &m->looks);
}

static void
write_times(
    const struct metrics *m, const struct engine_counts *now, struct buf *b)
{
	static const char age[] = "awaitd_oldest_job_age_seconds";
	int64_t ms = clock_wall_ms() - now->oldest_at;

	family(b, age, "gauge",
	    "Age of the oldest job that is not done; 0 where there is none.");
	buf_printf(b, "%s ", age);
	put_seconds(b, now->oldest_at == 0 || ms < 0 ? 0 : ms);
	buf_putc(b, '\n');
	histogram(b, "awaitd_job_duration_seconds",
	    "From the creation of a job to its end.", &m->job_ms);
	counter(b, "awaitd_polls_total",
	    "Looks for a result that found none yet.", m->polls);
	counter(b, "awaitd_troubles_total",
	    "Tries that failed and were made again later.", m->troubles);
	counter(b, "awaitd_jobs_pruned_total",
	    "Jobs forgotten at the end of their retention.", m->pruned[false]);
	counter(b, "awaitd_idempotency_keys_pruned_total",
	    "Idempotency keys forgotten at the end of their time.",
	    m->pruned[true]);
}

static void
write_store(const struct store_counts *now, struct buf *b)
{
	counter(b, "awaitd_store_commits_total",
	    "Transactions of the store that are on disk.", now->commits);
	counter(b, "awaitd_store_writes_total", "Writes in them.", now->writes);
	gauge(b, "awaitd_store_damaged_rows",
	    "Rows that are set aside, since they are not as they were "
	    "written.",
	    now->damaged);
	gauge(b, "awaitd_store_stalled",
	    "1 while nothing can be written; else 0.", now->stalled);
}

static void
write_deliveries(
    const struct metrics *m, const struct engine_counts *now, struct buf *b)
{
	static const char ended[] = "awaitd_deliveries_ended_total";
	static const char attempts[] = "awaitd_delivery_attempts_total";
	int i;

	counter(b, "awaitd_deliveries_created_total", "Deliveries made.",
	    m->created);
	family(b, ended, "counter", "Deliveries that ended, by state.");
	for (i = DELIVERY_DELIVERED; i < STATES; i++)
		labelled(b, ended, "state",
		    delivery_state_name((enum delivery_state)i), m->ended[i]);
	gauge(b, "awaitd_deliveries_waiting",
	    "Deliveries that are neither delivered nor given up.",
	    now->waiting);
	gauge(b, "awaitd_deliveries_quarantined",
	    "Waiting deliveries in whose attempts the service ended time "
	    "and again.",
	    now->quarantined);
	family(b, attempts, "counter", "Attempts to deliver, by outcome.");
	for (i = ATTEMPT_OK; i < ATTEMPTS; i++)
		labelled(b, attempts, "outcome",
		    attempt_outcome_name((enum attempt_outcome)i),
		    m->attempts[i]);
	histogram(b, "awaitd_delivery_attempt_duration_seconds",
	    "How long an attempt took.", &m->attempt_ms);
	gauge(b, "awaitd_delivery_attempts_in_flight", "Attempts under way.",
	    now->attempts);
}

static void
write_spool(const struct spool_counts *now, struct buf *b)
{
	gauge(b, "awaitd_spool_bytes",
	    "Reserved on disk for large results on their way to targets.",
	    (uint64_t)now->bytes);
	gauge(b, "awaitd_spool_max", "What they may take there, in bytes.",
	    (uint64_t)now->max);
	gauge(b, "awaitd_spool_waiting",
	    "Deliveries that wait for room on disk.", now->waiting);
}

static void
write_queues(const struct metrics *m, struct buf *b)
{
	static const char messages[] = "awaitd_sqs_messages_total";
	/* As enum doorbell_verdict. */
	static const char *const verdicts[VERDICTS] = {
	    "taken", "copy", "unknown", "senseless", "failed"};
	size_t i;

	family(b, messages, "counter",
	    "All messages of queues, by what became of them.");
	for (i = 0; i < VERDICTS; i++)
		labelled(
		    b, messages, "result", verdicts[i], m->queue_messages[i]);
	counter(b, "awaitd_sqs_deleted_total",
	    "Messages that were deleted from queues.", m->queue_deleted);
	counter(b, "awaitd_sqs_errors_total",
	    "Calls of SQS that failed, or failed in part.", m->queue_errors);
}

static void
write_service(const struct metrics *m, struct buf *b)
{
	static const char info[] = "awaitd_build_info";
	static const char requests[] = "awaitd_api_requests_total";
	static const char reloads[] = "awaitd_config_reloads_total";
	static const char last[] =
	    "awaitd_config_last_reload_success_timestamp_seconds";
	static const char start[] = "awaitd_start_time_seconds";
	char code[16];
	size_t i;

	family(b, info, "gauge", "Which awaitd this is; the value is 1.");
	labelled(b, info, "version", PACKAGE_VERSION, 1);
	family(b, start, "gauge", "When the service started (Unix time).");
	buf_printf(b, "%s ", start);
	put_seconds(b, m->start_at);
	buf_putc(b, '\n');
	family(b, requests, "counter",
	    "Requests that the API answered, by status.");
	for (i = 0; i < ARRAY_LEN(codes); i++) {
		snprintf(code, sizeof(code), "%d", codes[i]);
		labelled(b, requests, "code", code, m->requests[i]);
	}
	labelled(b, requests, "code", "other", m->requests[i]);
	family(b, reloads, "counter",
	    "Times the configuration was read again, by result.");
	labelled(b, reloads, "result", "ok", m->reloads[true]);
	labelled(b, reloads, "result", "failed", m->reloads[false]);
	gauge(b, "awaitd_config_last_reload_ok",
	    "1: the last reload went well, or there was none.",
	    !m->reload_failed);
	family(b, last, "gauge", "When what is in force was read (Unix time).");
	buf_printf(b, "%s ", last);
	put_seconds(b, m->reloaded_at);
	buf_putc(b, '\n');
}

static void
write_events(
    const struct metrics *m, const struct events_counts *now, struct buf *b)
{
	gauge(
	    b, "awaitd_event_streams", "Open streams of events.", now->streams);
	gauge(b, "awaitd_event_streams_slow",
	    "Of them, those whose reader is waited for.", now->slow);
	counter(b, "awaitd_event_streams_cut_total",
	    "Streams that were cut off, as their reader took too little.",
	    m->streams_cut);
	counter(b, "awaitd_events_told_total",
	    "Events that streams were given, each for each stream.", now->told);
}

static void
write_sns(const struct sns_counts *now, struct buf *b)
{
	static const char requests[] = "awaitd_sns_requests_total";
	int i;

	family(b, requests, "counter",
	    "All requests at [sns] listen, by what became of them.");
	for (i = 0; i < SNS_RESULTS; i++)
		labelled(b, requests, "result",
		    sns_result_name((enum sns_result)i), now->results[i]);
	counter(b, "awaitd_sns_alarms_total",
	    "Subscriptions of a configured topic that somebody ended.",
	    now->results[SNS_RESULT_UNSUBSCRIBED]);
	gauge(b, "awaitd_sns_connections", "Open connections there.",
	    now->connections);
	counter(b, "awaitd_sns_connections_evicted_total",
	    "Connections that had to make place for others.", now->evicted);
}

static void
write_notifications(const struct metrics *m, struct buf *b)
{
	static const char name[] = "awaitd_notifications_total";
	static const char *const sources[] = {
	    [DOORBELL_SNS] = "sns", [DOORBELL_SQS] = "sqs"};
	static const char *const verdicts[] = {
	    [DOORBELL_TAKEN] = "taken",
	    [DOORBELL_COPY] = "copy",
	    [DOORBELL_UNKNOWN] = "unknown",
	    [DOORBELL_SENSELESS] = "senseless",
	    [DOORBELL_FAILED] = "failed",
	};
	size_t i, j;

	family(b, name, "counter",
	    "Notifications that were read, whichever way they came, by what "
	    "became of them.");
	for (i = 0; i < ARRAY_LEN(sources); i++) {
		for (j = 0; j < ARRAY_LEN(verdicts); j++)
			buf_printf(b,
			    "%s{source=\"%s\",result=\"%s\"} %" PRIu64 "\n",
			    name, sources[i], verdicts[j],
			    m->notifications[i][j]);
	}
}

static void
write_requests(const struct engine_request_counts *now, struct buf *b)
{
	static const char sent[] = "awaitd_bucket_requests_total";
	static const char *const kinds[] = {"head", "get", "list", "write"};
	size_t i;

	family(b, sent, "counter", "Requests that S3 was sent, by kind.");
	for (i = 0; i < S3_KINDS; i++)
		labelled(b, sent, "kind", kinds[i], now->sent[i]);
	counter(b, "awaitd_bucket_slow_downs_total",
	    "Answers of S3 that said that it was too much.", now->slow_downs);
	counter(b, "awaitd_looks_put_off_total",
	    "Looks and listings that their bucket's budget held up.",
	    now->put_off);
	counter(b, "awaitd_listed_keys_total", "Keys that listings showed.",
	    now->listed_keys);
	counter(b, "awaitd_listed_jobs_total",
	    "Jobs whose results listings showed.", now->listed_jobs);
	counter(b, "awaitd_listings_denied_total",
	    "Listings that S3 did not allow.", now->listings_denied);
	counter(b, "awaitd_listings_failed_total",
	    "Listings that could not be made, or not be believed.",
	    now->listings_failed);
	gauge(b, "awaitd_jobs_listed_for", "Jobs that listings look for now.",
	    now->covered);
	gauge(b, "awaitd_looks_waiting",
	    "Looks and listings that their bucket's budget holds up now.",
	    now->waiting);
	gauge(b, "awaitd_bucket_requests_per_second",
	    "What the bucket with the least budget gets now.",
	    (uint64_t)now->rate);
}

void
metrics_write(struct metrics *m, const struct metrics_now *now, struct buf *out)
{
	write_service(m, out);
	write_jobs(m, &now->engine, out);
	write_times(m, &now->engine, out);
	write_found(m, out);
	write_requests(&now->requests, out);
	write_deliveries(m, &now->engine, out);
	write_spool(&now->spool, out);
	write_notifications(m, out);
	write_queues(m, out);
	write_store(&now->store, out);
	write_events(m, &now->events, out);
}

/* --- serving -------------------------------------------------------- */

static void
reply(struct http_exchange *x, int status, const char *type,
    const struct buf *body)
{
	struct headers h;

	headers_init(&h);
	headers_add(&h, "Content-Type", type);
	if (status == 405)
		headers_add(&h, "Allow", "GET, HEAD");
	http_reply(x, status, &h, body->data, body->len);
	headers_done(&h);
}

static void
refuse(
    struct http_exchange *x, int status, const char *code, const char *detail)
{
	struct problem p = {.status = status, .code = code, .detail = detail};
	struct buf b;

	buf_init(&b, TEXT_MAX);
	problem_write(&p, &b);
	reply(x, status, PROBLEM_TYPE, &b);
	buf_done(&b);
}

void
metrics_handle(struct http_exchange *x, void *arg)
{
	const struct service *service = arg;
	struct metrics_now now;
	struct sns_counts sns;
	struct buf b;

	if (!str_eq(http_path(x), "/metrics")) {
		refuse(x, 404, "not_found", "only /metrics is here");
		return;
	}
	if (!str_eq(http_method(x), "GET") && !str_eq(http_method(x), "HEAD")) {
		refuse(x, 405, "method_not_allowed", "/metrics takes GET");
		return;
	}
	engine_count(service->engine, &now.engine);
	engine_count_requests(service->engine, &now.requests);
	store_count(service->store, &now.store);
	events_count(service->events, &now.events);
	now.spool = (struct spool_counts){0};
	if (service->spool != NULL)
		spool_count(service->spool, &now.spool);
	buf_init(&b, TEXT_MAX);
	metrics_write(service->metrics, &now, &b);
	metrics_write_targets(service, &b);
	if (sns_listener_count(service->sns, &sns))
		write_sns(&sns, &b);
	gateway_write_metrics(service->gateway, &b);
	reply(x, 200, TYPE, &b);
	buf_done(&b);
}
