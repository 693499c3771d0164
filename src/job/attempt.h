/* SPDX-License-Identifier: Apache-2.0 */
/* One attempt at a delivery: written before it is made, closed behind it. */
#ifndef JOB_ATTEMPT_H
#define JOB_ATTEMPT_H

#include <stdbool.h>
#include <stdint.h>

enum attempt_outcome {
	ATTEMPT_OPEN, /* written before it was made; nobody knows more */
	ATTEMPT_OK,
	ATTEMPT_FAILED,
	ATTEMPT_INTERRUPTED, /* the process ended in it: it may have arrived */
};

#define ATTEMPT_NO_STATUS (-1)
#define ATTEMPT_RESPONSE_MAX 4096
#define ATTEMPT_HEADERS_MAX 2048

struct attempt {
	unsigned n; /* 1, 2, …; over replays, too */
	enum attempt_outcome outcome;
	bool replay; /* somebody asked for this copy */
	int64_t started_at;
	int64_t ended_at;
	int status; /* HTTP's or the exit code, or ATTEMPT_NO_STATUS */
	char *note; /* what went wrong, or NULL */
	char *response; /* the beginning of what the target said, or NULL */
	/* Of one that failed: in one word what kind of trouble that was ("dns",
	 * "status", "exit", …; deliver/driver.h has them all), or NULL. */
	char *error_class;
	/* Of HTTP, "Name: value\n" for each field, what is secret masked, at
	 * most ATTEMPT_HEADERS_MAX; or NULL. */
	char *request_headers;
	char *response_headers;
};

/* Releases and copies the strings. */
void attempt_done(struct attempt *a);
void attempt_copy(struct attempt *to, const struct attempt *from);

const char *attempt_outcome_name(enum attempt_outcome outcome);

/* By the name. 0, or -1 with *out untouched. */
int attempt_outcome_parse(const char *name, enum attempt_outcome *out);

#endif
