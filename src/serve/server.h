/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `awaitd serve`: the composition root. It alone knows every part: the store,
 * the engine over it, the targets of the configuration, the listeners.
 */
#ifndef SERVE_SERVER_H
#define SERVE_SERVER_H

#include "aws/call.h"
#include "base/error.h"
#include "base/loop.h"
#include "conf/conf.h"
#include "engine/site.h"

struct server_options {
	struct loop *loop;
	struct sites *sites;
	struct aws_client *aws; /* for SNS and SQS */
	struct conf *conf; /* taken: the server frees it */
	struct conf_options reload; /* how to read it again at SIGHUP */
	const char *folder; /* of the state, there and ours */
	const char *region; /* of a flag, or NULL */
	const char *profile;
	const char *ca_file; /* whom AWS is believed by; NULL: the system's */
	/* Called with what a reload has put in force, before its news. */
	void (*configured)(const struct conf *conf, void *arg);
	void *configured_arg;
};

/* The store's file in the folder, and the socket where no other is named. */
#define SERVER_STORE "serve.db"
#define SERVER_SOCKET "awaitd.sock"

/*
 * Serves until SIGTERM or SIGINT, then stops gracefully: 0. -1 where it could
 * not start (ERR_BUSY: another service has the folder), or the store failed
 * and somebody should look before it is started again (ERR_STORE).
 */
int server_run(const struct server_options *options, struct error *err);

#endif
