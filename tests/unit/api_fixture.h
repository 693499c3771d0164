/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command's view of a scripted peer: the app with a client, what the peer is
 * to say, and jobs as a service writes them.
 */
#ifndef TESTS_API_FIXTURE_H
#define TESTS_API_FIXTURE_H

#include <stddef.h>

#include "api_peer.h"
#include "cmd/app.h"
#include "job/job.h"

#define JOB "01jd2k3m4n5p6q7r8s9t0v1w2x"
#define JOB2 "01jd2k3m4n5p6q7r8s9t0v1w2y"
#define JOB3 "01jd2k3m4n5p6q7r8s9t0v1w2z"
#define JSON "application/json"
#define PROBLEM "application/problem+json"

struct api_fixture {
	struct app app; /* with a loop, and a client of the peer */
	struct cmd_globals globals;
	struct api_peer *peer;
	char dir[64];
	char file[96]; /* a name in it, at first of nothing */
	struct error err; /* of the last call */
};
extern struct api_fixture fx;

int fx_setup(void **state);
int fx_teardown(void **state);

/* What the peer says to request 0, 1, …; the last one again and again. */
struct said {
	int status; /* 0: `body` is all that is sent, and the end; NULL: only
		       the end */
	const char *type;
	const char *body;
	size_t len; /* of a body with status 0; 0: it is a string */
};
#define SAY(status, type, body)       \
	{                             \
		status, type, body, 0 \
	}

/* The peer, its client in fx.app; and their end, before the next. */
void fx_serve(const struct said *said, size_t n);
void fx_stop(void);
#define SERVE(...)                                                \
	do {                                                      \
		static const struct said said_[] = {__VA_ARGS__}; \
		fx_serve(said_, ARRAY_LEN(said_));                \
	} while (0)

/* Request n begins with this. */
void fx_must_have_asked(unsigned n, const char *line);

/* DONE is ok, with a result of this size. Both are the caller's. */
struct job *fx_job(const char *id, enum job_state state, int64_t size);
char *fx_job_json(const char *id, enum job_state state);

/* The peer says again and again how this job stands. */
void fx_serve_job(int status, enum job_state state);

#endif
