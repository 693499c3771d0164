/* SPDX-License-Identifier: Apache-2.0 */
/* From a job that is DONE to the bytes that tell of it. */
#include "deliver/freeze.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "deliver/cloudevent.h"

/* Of an event: the result as base64, the error's words, names and places. */
#define EVENT_MAX ((size_t)4 * 1024 * 1024)
#define RESULT_TYPE "application/octet-stream"
#define ACCOUNT_TYPE "application/json"

void
freeze_account(
    struct delivery *d, const struct job *job, const struct payload *p)
{
	struct buf b;
	int rc;

	buf_init(&b, EVENT_MAX);
	if (d->format == DELIVERY_CE_STRUCTURED)
		rc = payload_cloudevent(&b, job, d, p);
	else if (d->format == DELIVERY_CE_BINARY)
		rc = payload_data(&b, job, p);
	else
		rc = payload_event(&b, job, p);
	/* Everything in it has a cap well below. */
	if (rc == -1)
		abort();
	d->content_type =
	    xstrdup(d->format == DELIVERY_CE_STRUCTURED ? CLOUDEVENT_TYPE
							: ACCOUNT_TYPE);
	delivery_set_body(d, b.data, b.len);
	hash_wipe(b.data, b.len);
	buf_done(&b);
}

void
freeze_raw(
    struct delivery *d, const struct job *job, const void *result, size_t len)
{
	bool late = job->late_at != 0;
	const char *type = late ? job->late_type : job->result_type;
	int64_t size = late ? job->late_size : job->result_size;
	const char *words;

	if (!payload_has_result(job)) {
		words = payload_words(job);
		d->content_type = xstrdup("text/plain; charset=utf-8");
		delivery_set_body(d, words, strlen(words));
		return;
	}
	d->content_type = xstrdup(str_empty(type) ? RESULT_TYPE : type);
	if (result != NULL && len <= FREEZE_RESULT_MAX) {
		delivery_set_body(d, result, len);
		return;
	}
	d->by_reference = true;
	d->body_size = size > 0 ? size : 0;
}
