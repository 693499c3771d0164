/* SPDX-License-Identifier: Apache-2.0 */
/* A doorbell over the world of a flow. */
#include "tests/support/flow_bell.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/timefmt.h"
#include "serve/metrics.h"

static struct service service;
static struct doorbell *bell;
static struct loop *of; /* the world that it is of */
static unsigned ids, counts[DOORBELL_FAILED + 1];

struct answer {
	bool told;
	enum doorbell_verdict verdict;
};

/* Made with the first that is rung for in a world. */
static struct doorbell *
the_bell(void)
{
	if (bell == NULL) {
		memset(&service, 0, sizeof(service));
		service.loop = of = flow.loop;
		service.store = flow.store;
		service.engine = flow.engine;
		service.metrics = metrics_new();
		bell = doorbell_new(&service);
		memset(counts, 0, sizeof(counts));
	}
	assert_ptr_equal(of, flow.loop);
	return bell;
}

void
bell_restart(void)
{
	if (bell == NULL)
		return;
	doorbell_free(bell);
	metrics_free(service.metrics);
	bell = NULL;
}

static void
on_done(enum doorbell_verdict verdict, const struct error *err, void *arg)
{
	struct answer *a = arg;

	assert_int_equal(err != NULL, verdict == DOORBELL_FAILED);
	counts[verdict]++;
	if (a == NULL)
		return;
	assert_false(a->told);
	a->told = true;
	a->verdict = verdict;
}

static void
ring(const struct says *s, const char *text, struct answer *a)
{
	char *id = s->message_id != NULL ? xstrdup(s->message_id)
					 : xasprintf("id-%u", ids++);
	struct doorbell_note note = {
	    .source = s->topic != NULL ? s->topic : BELL_TOPIC,
	    .message_id = id,
	    .text = text,
	    .len = strlen(text),
	    .sent_at = clock_wall_ms(),
	    .verified = !s->unverified,
	    .remember_ms = s->remember_ms,
	};

	doorbell_ring(the_bell(), &note, on_done, a);
	free(id);
}

static enum doorbell_verdict
ring_and_wait(const struct says *s, const char *text)
{
	struct answer a = {.told = false};

	ring(s, text, &a);
	assert_false(a.told);
	time_passes(0);
	assert_true(a.told);
	return a.verdict;
}

/* As SageMaker words it. The caller's. */
static char *
word(const struct says *s)
{
	char at[TIMEFMT_ISO_SIZE], id[JOBID_SIZE + 16];
	unsigned n = s->n != 0 ? s->n : 1;
	char *places, *text;

	timefmt_iso(s->event_at != 0 ? s->event_at : clock_wall_ms(), at);
	snprintf(id, sizeof(id), "%s-%u", flow.id, n);
	places = s->place == NULL
	    ? xstrdup("")
	    : xasprintf("\"responseParameters\":{\"%sLocation\":\"%s\"},",
		  s->failure != NULL ? "failure" : "output", s->place);
	text = xasprintf("{\"awsRegion\":\"us-east-1\",\"eventTime\":\"%s\","
			 "\"receivedTime\":\"%s\",\"invocationStatus\":\"%s\","
			 "%s%s%s\"requestParameters\":{\"endpointName\":\"%s\"}"
			 ",%s\"inferenceId\":\"%s\",\"eventVersion\":\"1.0\","
			 "\"eventSource\":\"aws:sagemaker\","
			 "\"eventName\":\"InferenceResult\"}",
	    at, at, s->failure != NULL ? "Failed" : "Completed",
	    s->failure != NULL ? "\"failureReason\":\"" : "",
	    s->failure != NULL ? s->failure : "",
	    s->failure != NULL ? "\"," : "",
	    s->endpoint != NULL ? s->endpoint : "ocr", places,
	    s->inference_id != NULL ? s->inference_id : id);
	free(places);
	return text;
}

enum doorbell_verdict
bell_says(struct says s)
{
	char *text = word(&s);
	enum doorbell_verdict verdict = ring_and_wait(&s, text);

	free(text);
	return verdict;
}

void
bell_begin(struct says s)
{
	char *text = word(&s);

	ring(&s, text, NULL);
	free(text);
}

bool
bell_expects_text(const char *text)
{
	struct doorbell_note note = {
	    .source = BELL_TOPIC,
	    .message_id = "id",
	    .text = text,
	    .len = strlen(text),
	};

	return doorbell_expects(the_bell(), &note);
}

bool
bell_expects(struct says s)
{
	char *text = word(&s);
	bool yes = bell_expects_text(text);

	free(text);
	return yes;
}

enum doorbell_verdict
bell_text(const char *message_id, const char *text)
{
	return ring_and_wait(&(struct says){.message_id = message_id}, text);
}

enum doorbell_verdict
bell_event(const char *bucket, const char *key)
{
	char *text = xasprintf("{\"Records\":[{\"eventVersion\":\"2.1\","
			       "\"eventSource\":\"aws:s3\","
			       "\"eventName\":\"ObjectCreated:Put\",\"s3\":{"
			       "\"bucket\":{\"name\":\"%s\"},"
			       "\"object\":{\"key\":\"%s\"}}}]}",
	    bucket, key);
	enum doorbell_verdict verdict = ring_and_wait(&(struct says){0}, text);

	free(text);
	return verdict;
}

unsigned
bell_count(enum doorbell_verdict verdict)
{
	return counts[verdict];
}
