/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A place with its database and files in a folder of its own, and the other
 * S3: a server in the same loop that notes what it is asked, checks the
 * signature and the digests, and answers by a script.
 */
#ifndef TESTS_LOCAL_PLACE_RIG_H
#define TESTS_LOCAL_PLACE_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/loop.h"
#include "local/db.h"
#include "local/objects.h"
#include "local/place.h"

#define RIG_ASKED_MAX 64

struct rig_asked {
	char method[8];
	char path[256];
	char host[64];
	char type[64]; /* Content-Type or "" */
	char body[64];
	int64_t at; /* monotonic */
};

extern struct rig {
	char *dir;
	struct loop *loop;
	struct db *db;
	struct seal *seal;
	struct objects *objects;
	struct http_client *http;
	struct place *place;
	int addressing;
	/* What came to the other S3. */
	struct rig_asked asked[RIG_ASKED_MAX];
	size_t asked_n;
	/* What came of the results. */
	unsigned done;
	enum error_code code; /* of the last */
	int also_fails; /* so many times */
	unsigned also_n;
	char *log; /* what was logged, a line each */
} rig;

int rig_setup(void **state);
int rig_teardown(void **state);

/* With our own store, or with the other one. */
void rig_open(bool remote);
/* As a stop does; rig_crash() as kill -9 would, as far as one can here. */
void rig_close(void);

/* The next answer; without one it is 200. Status 0 breaks the connection.
 * headers: "Name: value\n"... */
void rig_reply(int status, const char *headers, const char *body);
void rig_error(int status, const char *code);
/* A good one whose body breaks off behind these bytes. */
void rig_break(const char *part);

/* A request of this number in the queue, and its result on its way. */
void rig_result(int64_t seq, const char *location, const char *text);
void rig_resume(int64_t seq, const char *location);
/* Run until so many results were answered for, or requests came. */
void rig_wait_done(unsigned n);
void rig_wait_asked(size_t n);
void rig_wait_log(const char *text);

int rig_requests(void); /* in the queue */
int rig_staged(int64_t seq); /* -1: there is no such request */
bool rig_is_kept(int64_t seq);
unsigned rig_logged(const char *text); /* in how many lines */

#endif
