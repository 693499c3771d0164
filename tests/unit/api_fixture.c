/* SPDX-License-Identifier: Apache-2.0 */
/* The fixture of what is tested against a scripted peer. */
#include "api_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "job/jobjson.h"

struct api_fixture fx;

static const struct said *script;
static size_t script_len;

static struct api_reply
play(const char *request, size_t len, unsigned n, void *arg)
{
	const struct said *s =
	    &script[n < script_len ? n : (unsigned)script_len - 1];
	struct api_reply r = {.end = true};

	(void)request;
	(void)len;
	(void)arg;
	if (s->status != 0)
		return api_reply(s->status, s->type, s->body);
	r.len = s->len;
	r.data =
	    s->len != 0 ? xmemdup(s->body, s->len) : xstrdup_or_null(s->body);
	return r;
}

void
fx_serve(const struct said *said, size_t n)
{
	script = said;
	script_len = n;
	fx.peer = api_peer_start(play, NULL);
	if (client_new(fx.app.loop, api_peer_path(fx.peer), NULL,
		&fx.app.client, &fx.err) == -1)
		fail_msg("%s", fx.err.text);
}

void
fx_stop(void)
{
	client_free(fx.app.client);
	fx.app.client = NULL;
	if (fx.peer != NULL)
		api_peer_stop(fx.peer);
	fx.peer = NULL;
}

int
fx_setup(void **state)
{
	(void)state;
	snprintf(fx.dir, sizeof(fx.dir), "/tmp/test-client-XXXXXX");
	if (mkdtemp(fx.dir) == NULL)
		return -1;
	snprintf(fx.file, sizeof(fx.file), "%s/file", fx.dir);
	memset(&fx.app, 0, sizeof(fx.app));
	fx.app.globals = &fx.globals;
	fx.app.loop = loop_new();
	error_clear(&fx.err);
	return 0;
}

int
fx_teardown(void **state)
{
	(void)state;
	fx_stop();
	loop_free(fx.app.loop);
	unlink(fx.file);
	return rmdir(fx.dir);
}

struct job *
fx_job(const char *id, enum job_state state, int64_t size)
{
	struct job *job = job_new();

	memcpy(job->id, id, JOBID_SIZE);
	job->spec.endpoint = xstrdup("ocr");
	job->spec.region = xstrdup("us-east-1");
	job->spec.input = INPUT_LOCATION;
	job->spec.input_location = xstrdup("s3://b/k");
	job->state = state;
	job->outcome = state == JOB_DONE ? OUTCOME_OK : OUTCOME_NONE;
	if (state == JOB_DONE) {
		job->completed_at = job->created_at;
		job->result_location = xstrdup("s3://b/o");
		job->result_etag = xstrdup("\"e\"");
		job->result_size = size;
	}
	return job;
}

char *
fx_job_json(const char *id, enum job_state state)
{
	struct job *job = fx_job(id, state, 5);
	struct jsonw w;
	struct buf b;

	buf_init(&b, 65536);
	jsonw_init(&w, &b);
	jobjson_write(&w, job, true);
	job_free(job);
	return buf_take(&b);
}

void
fx_serve_job(int status, enum job_state state)
{
	static char *json;
	static struct said said;

	free(json);
	json = fx_job_json(JOB, state);
	said = (struct said)SAY(status, JSON, json);
	fx_serve(&said, 1);
}

void
fx_must_have_asked(unsigned n, const char *line)
{
	char *request = api_peer_request(fx.peer, n);

	if (!str_starts(request, line))
		fail_msg("asked: %.200s", request);
	free(request);
}
