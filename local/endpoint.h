/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runtime's API: InvokeEndpointAsync, checked as SageMaker checks it and
 * answered when the request is durable. Source: SageMaker Runtime's service
 * model, 2017-05-13; errors as the rest-json protocol carries them.
 */
#ifndef LOCAL_ENDPOINT_H
#define LOCAL_ENDPOINT_H

#include "aws/sigv4_verify.h"
#include "local/call.h"
#include "local/conf.h"
#include "local/queue.h"

/* All borrowed for the life of the program. */
struct endpoint {
	const struct sigv4_clients *auth;
	const struct conf *conf;
	struct queue *queue;
};

/* Takes the call, whose claim has been read; answers it. */
void endpoint_request(struct endpoint *e, struct call *c);

/* The answer to a signature that was not accepted. */
void endpoint_refuse(struct call *c, enum sigv4_verdict verdict);

/* "/endpoints/NAME/what": the caller's name, or NULL. */
char *endpoint_name_in(const char *path, const char *what);

#endif
