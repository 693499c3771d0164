/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The admin address: GET /metrics and /healthz, and the faults of fault.h
 * (GET, POST and DELETE /faults, DELETE /faults/ID). Off until it is set; on
 * a UNIX socket, on loopback, or elsewhere with a bearer token. Not for
 * browsers: what carries an Origin, or names a host that is not ours, is
 * refused.
 */
#ifndef LOCAL_ADMIN_H
#define LOCAL_ADMIN_H

#include "base/error.h"
#include "base/loop.h"
#include "local/conf.h"
#include "local/fault.h"
#include "local/queue.h"

struct admin;

/* All borrowed for its life. */
struct admin_options {
	struct loop *loop;
	const struct conf_admin *conf;
	struct faults *faults;
	struct queue *queue; /* queue_metrics */
};

int admin_new(
    const struct admin_options *options, struct admin **out, struct error *err);
void admin_free(struct admin *a);
int admin_port(const struct admin *a); /* 0: a UNIX socket */

#endif
