/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked of a service, as parameters behind a path. */
#ifndef CMD_REMOTE_QUERY_H
#define CMD_REMOTE_QUERY_H

#include "base/buf.h"
#include "cmd/remote.h"
#include "store/store.h"

#define REMOTE_QUERY_MAX 4096

/* Percent-encoded; nothing where the value is NULL. */
void remote_parameter(struct buf *path, const char *name, const char *value);

/* The filters; not the page. */
void remote_job_query(struct buf *path, const struct store_query *q);
void remote_attempt_query(struct buf *path, const struct store_query *q);
void remote_delivery_query(struct buf *path, const struct remote_query *q);

#endif
