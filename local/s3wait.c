/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for the disk. */
#include "local/s3wait.h"

#include <stdlib.h>

#include "base/mem.h"
#include "local/s3answer.h"

#define DOCUMENT_MAX ((size_t)32 * 1024 * 1024)

static void
on_gone(void *arg)
{
	struct s3wait *w = arg;

	w->call = NULL;
}

struct s3wait *
s3wait_new(struct call *c, int status)
{
	struct s3wait *w = xcalloc(1, sizeof(*w));

	w->call = c;
	w->status = status;
	buf_init(&w->document, DOCUMENT_MAX);
	call_on_gone(c, on_gone, w);
	return w;
}

static void
answer(struct s3wait *w)
{
	struct headers h;

	if (w->document.len > 0) {
		s3answer_xml(w->call, w->status, &w->document);
		return;
	}
	s3answer_headers(w->call, &h);
	if (w->location != NULL)
		headers_add(&h, "Location", w->location);
	call_reply(w->call, w->status, &h, NULL, 0);
	headers_done(&h);
}

void
s3wait_committed(const struct error *err, void *arg)
{
	struct s3wait *w = arg;

	if (w->call != NULL) {
		call_on_gone(w->call, NULL, NULL);
		if (err != NULL)
			s3answer_internal(w->call, err);
		else
			answer(w);
	}
	free(w->location);
	buf_done(&w->document);
	free(w);
}
