/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of a running service share. server.c makes it, everybody
 * else in serve/ works with it. Only for files of this folder.
 */
#ifndef SERVE_SERVICE_H
#define SERVE_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/loop.h"
#include "conf/conf.h"
#include "engine/engine.h"
#include "engine/site.h"
#include "store/store.h"

struct doorbell;
struct gateway;
struct events;
struct metrics;
struct reload;
struct sns_listener;
struct sns_verifier;
struct spool;
struct targets;
struct waiters;

struct service {
	struct loop *loop;
	struct store *store;
	struct engine *engine;
	struct sites *sites;
	const struct conf *conf; /* of this moment: a reload replaces it */
	const struct targets *targets; /* of this moment, too */
	struct reload *reload; /* which replaces both; or NULL */
	const char *folder; /* of the state, and of inputs on their way */
	struct spool *spool; /* of results on their way; or NULL */
	const char *region; /* of a flag, or NULL */
	const char *profile; /* of a flag, or NULL */
	const char *ca_file; /* for hosts of AWS, or NULL: the system's */
	struct metrics *metrics;
	struct waiters *waiters;
	struct events *events;
	struct doorbell *doorbell;
	struct sns_verifier *verifier; /* of [sns] topic; or NULL */
	struct sns_listener *sns; /* or NULL */
	struct gateway *gateway; /* or NULL */
	struct aws_client *aws;
	bool stopping; /* nothing new is taken */
	struct error stalled; /* of the store; code NONE: it can write */
};

#endif
