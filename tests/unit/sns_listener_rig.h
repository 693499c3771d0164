/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The listener of [sns] with a real server and a real reader of messages. Who
 * checks signatures, what rings, and SNS itself are here: each says what it is
 * told to, at once or when it is let go. All on one loop.
 */
#ifndef TESTS_SNS_LISTENER_RIG_H
#define TESTS_SNS_LISTENER_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "serve/sns_listener.h"

#define TOPIC "arn:aws:sns:us-east-1:123456789012:good"
#define TOPIC2 "arn:aws:sns:us-east-1:123456789012:bad"
#define ID "00000000-0000-4000-8000-000000000001"

struct fake {
	/* The signature: NONE, AUTH, NET, … */
	enum error_code check;
	bool check_final; /* it is no use to send it again */
	bool check_held;
	int checks, checks_cancelled;
	bool was_fresh;

	/* The doorbell. */
	enum doorbell_verdict verdict;
	bool ring_held;
	int rings;
	struct doorbell_note note; /* the last one */
	char *source, *message_id, *text;

	/* ConfirmSubscription. */
	enum error_code confirm;
	bool confirm_held;
	int confirms, confirms_cancelled;
	char *token;
};
extern struct fake fake;

struct sns_rig {
	struct loop *loop;
	struct sns_listener *listener; /* NULL: stopped */
	struct service service;
	int port;
	char dir[64];
	struct buf log; /* all its lines */
	/* The last answer. */
	int status;
	struct buf head;
	struct buf body;
};
extern struct sns_rig sns;

int sns_rig_setup(void **state);
int sns_rig_teardown(void **state);
/* More lines of [sns]; listen, topic are there. */
void sns_start(const char *more);
/* It is not to start: the error has these words. */
void sns_start_fails(const char *more, const char *text, const char *hint);
void sns_stop(void);

void sns_turn(void); /* of the loop, for a millisecond */
void sns_let_go(void); /* what is held is told */

/* A file in the folder of the test; its path is borrowed till the next. */
const char *sns_file(const char *name, const char *text, unsigned mode);

/* --- messages ------------------------------------------------------- */

/* JSON of one; the caller's. NULL: a text that says nothing. */
char *sns_json(const char *type, const char *topic, const char *message);

/* --- a client ------------------------------------------------------- */

int sns_connect(void);
void sns_send(int fd, const void *data, size_t len);
/* Sets status, head and body; false where the connection ends. */
bool sns_reply(int fd);
bool sns_has_reply(int fd); /* something is there to be read */
/* A POST to /sns; `fields` are whole lines. */
void sns_post(int fd, const char *fields, const char *body);
/* The same on a connection of its own; its status. */
int sns_ask(const char *fields, const char *body);
/* A genuine-looking message of this type. */
int sns_ask_type(const char *type);

uint64_t sns_result(enum sns_result result); /* how many there were */
/* Lines of the log with these words. */
size_t sns_logged(const char *words);

#endif
