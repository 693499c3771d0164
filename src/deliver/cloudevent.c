/* SPDX-License-Identifier: Apache-2.0 */
/* Deliveries as CloudEvents. */
#include "deliver/cloudevent.h"

#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/mem.h"
#include "base/str.h"

/* Regions and endpoints are far shorter. */
#define SOURCE_MAX 4096

static void
add_segment(struct buf *out, const char *s)
{
	buf_puts(out, "/");
	if (str_empty(s))
		s = "-";
	encode_uri(out, s, strlen(s), false);
}

void
cloudevent_init(struct cloudevent *ce, const struct delivery *delivery,
    const struct job *job)
{
	struct buf source;

	buf_init(&source, SOURCE_MAX);
	buf_puts(&source, "/awaitd");
	add_segment(&source, job->spec.region);
	add_segment(&source, job->spec.endpoint);
	*ce = (struct cloudevent){
	    .id = delivery->id,
	    .source = xstrdup(source.data),
	    .type = delivery->event,
	    .subject = job->id,
	};
	buf_done(&source);
	/* It was made with what it tells of. */
	timefmt_iso(delivery->created_at, ce->time);
}

void
cloudevent_done(struct cloudevent *ce)
{
	xfree(&ce->source);
}

int
cloudevent_encode(struct buf *out, const char *value)
{
	static const char digits[] = "0123456789ABCDEF";
	const char *p;

	for (p = value; *p != '\0'; p++) {
		unsigned char c = (unsigned char)*p;
		char coded[3] = {'%', digits[c >> 4], digits[c & 15]};
		bool bare = c > ' ' && c < 0x7f && c != '"' && c != '%';

		if (buf_append(out, bare ? p : coded, bare ? 1 : 3) == -1)
			return -1;
	}
	return 0;
}
