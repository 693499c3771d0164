/* SPDX-License-Identifier: Apache-2.0 */
/* Of the API: what it says to those who ask without knowing or being known,
 * what the log and the metrics have of that, and answers that grow large. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "tests/support/api_rig.h"

static void
log_sink(const char *line, void *arg)
{
	buf_puts(arg, line);
	buf_puts(arg, "\n");
}

/* The id that the peer was told leads to the line. */
static void
the_servers_own_refusals_are_logged_and_counted(void **state)
{
	struct peer *p = peer_new(false);
	struct metrics_now none = {0};
	struct buf log, text;
	char *line;

	(void)state;
	buf_init(&log, 1 << 20);
	buf_init(&text, 1 << 20);
	log_init(LOG_DEBUG, LOG_TEXT);
	log_set_sink(log_sink, &log);
	peer_puts(p, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
	assert_true(peer_reply(p, false));
	log_set_sink(NULL, NULL);
	log_init(LOG_INFO, LOG_TEXT);
	line = xasprintf("api: request=%s status=400 code=bad_request detail=",
	    rig_field("X-Request-Id"));
	if (strstr(log.data, line) == NULL)
		fail_msg("no %s in %s", line, log.data);
	metrics_write(rig.s.metrics, &none, &text);
	assert_non_null(
	    strstr(text.data, "\nawaitd_api_requests_total{code=\"400\"} 1\n"));
	free(line);
	peer_free(p);
	buf_done(&log);
	buf_done(&text);
}

static void
send_by_tcp(const char *line, const char *fields)
{
	struct peer *p = peer_new(true);
	char *text =
	    xasprintf("%s HTTP/1.1\r\nHost: h\r\n%s\r\n", line, fields);

	peer_puts(p, text);
	free(text);
	assert_true(peer_reply(p, false));
	peer_free(p);
}

/* Nobody learns without it what is there and what is not. */
static void
without_the_token_every_path_looks_the_same(void **state)
{
	static const char *const lines[] = {"GET /", "GET /v1",
	    "DELETE /v1/jobs", "POST /healthz", "GET /healthz/", "OPTIONS /",
	    "GET /healthz/../v1/jobs", "GET /v1/jobs?limt=1",
	    "GET /v1/jobs/01jd2k3m4n5p6q7r8s9t0v1w2x"};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(lines); i++) {
		send_by_tcp(lines[i], "Connection: close\r\n");
		assert_int_equal(rig.status, 401);
		assert_null(rig_field("Allow"));
	}
}

static void
on_saved(const struct error *e, void *arg)
{
	(void)arg;
	assert_null(e);
}

/* Each of their bytes is six in JSON. */
static void
a_page_of_many_words_ends_early(void **state)
{
	struct job *job;
	size_t i;
	char *next;

	(void)state;
	for (i = 0; i < 120; i++) {
		job = job_new();
		job->spec.endpoint = xmalloc(16385);
		memset(job->spec.endpoint, 1, 16384);
		job->spec.endpoint[16384] = '\0';
		job->spec.input = INPUT_LOCATION;
		job->spec.input_location = xstrdup("s3://bucket/key");
		store_insert(rig.s.store, job, on_saved, NULL);
		rig_store_idle();
		job_free(job);
	}
	rig_get("/v1/jobs?limit=1000");
	assert_int_equal(rig.status, 200);
	assert_in_range(rig_count("jobs"), 40, 50);
	next = xasprintf("/v1/jobs?limit=1000&after=%s", rig_str("next"));
	rig_get(next);
	free(next);
	assert_in_range(rig_count("jobs"), 40, 50);
}

int
main(void)
{
#define T(name) \
	cmocka_unit_test_setup_teardown(name, api_rig_setup, api_rig_teardown)
	const struct CMUnitTest tests[] = {
	    T(the_servers_own_refusals_are_logged_and_counted),
	    T(without_the_token_every_path_looks_the_same),
	    T(a_page_of_many_words_ends_early),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
