/* SPDX-License-Identifier: Apache-2.0 */
/* A client, its calls, and what became of them. */
#include "tests/support/call_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/timefmt.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_loop.h"
#include "tests/support/fake_random.h"

struct call_rig call;

static void
on_news(const struct error *trouble, const char *text, void *arg)
{
	(void)arg;
	if (trouble == NULL) {
		call.reliefs++;
		snprintf(call.relief, sizeof(call.relief), "%s", text);
		return;
	}
	call.troubles++;
	snprintf(call.trouble, sizeof(call.trouble), "%s. %s", trouble->text,
	    trouble->hint);
}

void
call_client(struct aws_client_options *o)
{
	struct error err;

	aws_client_free(call.client);
	call.oks = 0;
	o->loop = call.loop;
	o->http = call.http;
	o->news = on_news;
	if (aws_client_new(o, &call.client, &err) == -1)
		fail_msg("%s", err.text);
}

int
call_rig_setup(void **state)
{
	struct http_client_options ho = {0};
	struct aws_client_options o = {0};
	struct error err;

	(void)state;
	memset(&call, 0, sizeof(call));
	fake_clock_reset();
	fake_random_seed(7);
	fake_creds_reset();
	peer_reset();
	setenv("AWS_CONFIG_FILE", "/nonexistent", 1);
	setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent", 1);
	unsetenv("AWS_RETRY_MODE");
	unsetenv("AWS_MAX_ATTEMPTS");
	call.loop = loop_new();
	if (http_client_new(call.loop, &ho, &call.http, &err) == -1)
		return -1;
	call_client(&o);
	return 0;
}

int
call_rig_teardown(void **state)
{
	const char *verdict;

	(void)state;
	aws_client_free(call.client);
	http_client_free(call.http);
	assert_int_equal(fake_loop_timers(call.loop), 0);
	loop_free(call.loop);
	verdict = peer_verdict();
	if (verdict != NULL)
		fail_msg("the peer%s", verdict);
	peer_reset();
	verdict = fake_creds_verdict();
	if (verdict != NULL)
		fail_msg("%s", verdict);
	return 0;
}

struct aws_request
call_request(void)
{
	struct aws_request r = {
	    .what = "Op",
	    .service = "s3",
	    .region = "us-east-1",
	    .method = "GET",
	    .scheme = "http",
	    .host = "s3.test",
	    .path = "/b/k",
	};

	return r;
}

struct peer_step *
call_expect(void)
{
	return peer_expect("GET", CALL_URL);
}

static void
on_done(const struct http_response *r, const struct error *err, void *arg)
{
	(void)arg;
	call.ended++;
	call.status = r != NULL ? r->status : 0;
	call.oks += r != NULL;
	if (err != NULL)
		call.err = *err;
}

void
call_begin(const struct aws_request *r)
{
	struct aws_request usual = call_request();
	struct error err;

	call.ended = 0;
	if (aws_call(call.client, r != NULL ? r : &usual, on_done, NULL,
		&call.call, &err) == -1)
		fail_msg("%s", err.text);
}

void
pass(int64_t ms)
{
	assert_true(fake_loop_pass(call.loop, ms));
}

static bool
note_id(const char *method, const char *url, const struct headers *headers,
    void *arg)
{
	const char *id = headers_get(headers, "amz-sdk-invocation-id");

	(void)method;
	(void)url;
	(void)arg;
	if (call.nids < 4)
		snprintf(call.ids[call.nids++], sizeof(call.ids[0]), "%s",
		    id != NULL ? id : "-");
	return true;
}

void
call_watch(void)
{
	peer_watch(note_id, NULL, NULL);
}

void
call_note_refusal(const struct http_response *r, void *arg)
{
	const char *region = headers_get(&r->headers, "x-amz-bucket-region");
	size_t len = strlen(call.refusals);

	(void)arg;
	snprintf(call.refusals + len, sizeof(call.refusals) - len, "%d %s, ",
	    r->status, region != NULL ? region : "-");
}

const char *
call_date(int64_t off_ms)
{
	static char header[60];
	char date[TIMEFMT_HTTP_SIZE];

	timefmt_http(clock_wall_ms() + off_ms, date);
	snprintf(header, sizeof(header), "Date: %s", date);
	return header;
}

const char *
call_amz_date(int64_t off_ms)
{
	static char date[TIMEFMT_AMZ_SIZE];

	timefmt_amz(clock_wall_ms() + off_ms, date);
	return date;
}
