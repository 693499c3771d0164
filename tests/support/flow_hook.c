/* SPDX-License-Identifier: Apache-2.0 */
/* What the flows of deliveries have in common: one webhook, and its words. */
#include "tests/support/flow_hook.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "deliver/webhook.h"
#include "tests/support/fake_store.h"

#define SCHEDULE "5s, 30s, 2m, 5m, 30m, 2h, 5h, 10h, 14h, 20h"

static unsigned in_flight_max;

static void
new_world(void)
{
	static const char *const networks[] = {"127.0.0.0/8", NULL};
	struct webhook_options o = {
	    .target.name = "webhook hook",
	    .target.max_in_flight = in_flight_max,
	    .target.timeout_ms = 15000,
	    .target.inline_max = 20000,
	    .loop = flow.loop,
	    .url = HOOK_URL,
	    .allow_networks = networks,
	};
	struct error err;

	assert_int_equal(schedule_parse(SCHEDULE, &o.target.schedule, &err), 0);
	if (webhook_new(&o, &flow.targets[0], &err) == -1)
		fail_msg("%s", err.text);
}

/* The first world is open already. */
void
with_hook(unsigned max_in_flight)
{
	in_flight_max = max_in_flight;
	flow.new_world = new_world;
	new_world();
}

struct peer_step *
expect_hook(void)
{
	return peer_expect("POST", HOOK_URL);
}

struct delivery *
delivery_on_disk(void)
{
	struct delivery *d = fake_store_delivery(flow.store, flow.delivery);

	assert_non_null(d);
	return d;
}

void
delivery_must_be(enum delivery_state state, unsigned attempts)
{
	struct delivery *d = delivery_on_disk();

	assert_string_equal(
	    delivery_state_name(d->state), delivery_state_name(state));
	assert_int_equal(d->attempts, attempts);
	assert_int_equal(d->nlog, attempts);
	delivery_free(d);
}

void
found(struct peer_step *s, const char *size)
{
	char headers[128];

	snprintf(headers, sizeof(headers),
	    "ETag: \"e1\"\nContent-Length: %s\nContent-Type: text/plain", size);
	peer_reply(s, 200, headers, "");
}

void
bytes(struct peer_step *s, const char *body)
{
	char headers[128];

	snprintf(headers, sizeof(headers),
	    "ETag: \"e1\"\nContent-Length: %zu\nContent-Type: text/plain",
	    strlen(body));
	peer_header(s, "if-match", "\"e1\"");
	peer_reply(s, 200, headers, body);
}

struct job *
hooked_job(void)
{
	struct job *job = flow_job();

	job->spec.deliver = xstrdup("webhook hook");
	return job;
}

struct job *
scripted_job(void)
{
	struct job *job = hooked_job();

	reply_accepted(expect_invoke(1), 1);
	found(expect_head(out_url(1)), "4");
	bytes(peer_expect("GET", out_url(1)), "text");
	return job;
}

void
go(struct job *job)
{
	flow_submit(job);
	time_passes(500);
}

int64_t
called_at(size_t nth)
{
	size_t i, n = 0;

	for (i = 0; peer_seen(i) != NULL; i++) {
		if (str_eq(peer_seen(i)->url, HOOK_URL) && n++ == nth)
			return peer_seen(i)->at;
	}
	return -1;
}

const struct peer_seen *
call(size_t nth)
{
	size_t i, n = 0;

	for (i = 0; peer_seen(i) != NULL; i++) {
		if (str_eq(peer_seen(i)->url, HOOK_URL) && n++ == nth)
			return peer_seen(i);
	}
	return NULL;
}

static void
answer(const char *method, const char *url, const struct headers *h,
    struct peer_answer *out, void *arg)
{
	(void)url;
	(void)arg;
	if (str_eq(method, "POST")) {
		out->status = 202;
		snprintf(out->headers, sizeof(out->headers),
		    "x-amzn-sagemaker-outputlocation: s3://out/res/%s/%s",
		    headers_get(h, "x-amzn-sagemaker-s3outputpathextension"),
		    headers_get(h, "x-amzn-sagemaker-filename"));
		return;
	}
	out->status = 200;
	snprintf(out->headers, sizeof(out->headers),
	    "ETag: \"x\"\nContent-Length: 4");
	if (str_eq(method, "GET"))
		snprintf(out->body, sizeof(out->body), "text");
}

void
results_at_once(void)
{
	peer_serve(answer, NULL);
}
