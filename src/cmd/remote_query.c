/* SPDX-License-Identifier: Apache-2.0 */
/* Questions as parameters, under the names that the API gives them. */
#include "cmd/remote_query.h"

#include <stdio.h>
#include <string.h>

#include "base/encode.h"
#include "base/timefmt.h"

void
remote_parameter(struct buf *b, const char *name, const char *value)
{
	if (value == NULL)
		return;
	buf_printf(b, "%c%s=", strchr(b->data, '?') == NULL ? '?' : '&', name);
	encode_uri(b, value, strlen(value), false);
}

static void
add_time(struct buf *path, const char *name, int64_t at)
{
	char text[TIMEFMT_ISO_SIZE];

	if (at == 0)
		return;
	timefmt_iso(at, text);
	remote_parameter(path, name, text);
}

void
remote_job_query(struct buf *path, const struct store_query *q)
{
	remote_parameter(path, "state", q->state);
	remote_parameter(path, "outcome", q->outcome);
	remote_parameter(path, "endpoint", q->endpoint);
	remote_parameter(path, "tag", q->tag);
	add_time(path, "since", q->since_at);
	add_time(path, "until", q->until_at);
	remote_parameter(path, "error", q->note);
}

void
remote_delivery_query(struct buf *path, const struct remote_query *q)
{
	remote_parameter(path, "state", q->state);
	remote_parameter(path, "target", q->target);
	remote_parameter(path, "job", q->job);
	remote_parameter(path, "event", q->event);
	remote_parameter(path, "since", q->since);
	remote_parameter(path, "until", q->until);
	remote_parameter(path, "error", q->error);
	remote_parameter(path, "status", q->status);
}

void
remote_attempt_query(struct buf *path, const struct store_query *q)
{
	char status[16];

	snprintf(status, sizeof(status), "%d", q->status);
	remote_parameter(path, "delivery", q->delivery);
	remote_parameter(path, "job", q->job);
	remote_parameter(path, "target", q->target);
	remote_parameter(path, "outcome", q->outcome);
	remote_parameter(path, "class", q->error_class);
	remote_parameter(path, "status", q->by_status ? status : NULL);
	add_time(path, "since", q->since_at);
	add_time(path, "until", q->until_at);
}
