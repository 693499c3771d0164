/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is said of a delivery beside its bytes, as JSON: the head of a frame
 * (unixsock.c), the file beside another (dir.c).
 */
#ifndef DELIVER_FACTS_H
#define DELIVER_FACTS_H

#include <stdbool.h>

#include "base/buf.h"
#include "deliver/driver.h"

/* More than any job can have; the longest texts in it are bounded. */
#define FACTS_MAX ((size_t)1024 * 1024)

struct facts {
	const struct parcel *parcel;
	const char *sha256; /* of the bytes, or NULL: what is known of them */
	const char *file; /* that has the bytes, or NULL */
	bool attempt; /* with what differs from one attempt to the next */
};

/*
 * {"id", "type", "timestamp", "target", "about", "attempt", "replay",
 * "result_url", "payload", "content_type", "size", "sha256", "file", "data"},
 * each where there is one; data is that of the event, without the result.
 * Without `attempt` the same delivery always gives the same bytes, whatever
 * became of its job meanwhile. 0, or -1 where `out` is full.
 */
int facts_write(struct buf *out, const struct facts *f);

/* "event", "raw", "reference". */
const char *facts_payload_name(enum delivery_payload payload);

#endif
