/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events as a stream of server-sent events has them (text/event-stream, WHATWG
 * HTML 9.2). Only for files of this folder.
 */
#ifndef SERVE_EVENT_TEXT_H
#define SERVE_EVENT_TEXT_H

#include <stdint.h>

#include "base/buf.h"
#include "job/job_event.h"

#define EVENT_STREAM_TYPE "text/event-stream"

void event_text(struct buf *b, const struct job_event *e);

/* Events behind `after` and before `first` will not come: "pruned",
 * "unknown", "damaged". */
void event_text_gap(
    struct buf *b, int64_t after, int64_t first, const char *reason);

/* No event, but where a client that comes back is to go on. */
void event_text_begin(struct buf *b, int64_t at);
void event_text_alive(struct buf *b, int64_t at);

#endif
