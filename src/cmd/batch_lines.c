/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of a file, one after the other. */
#include "cmd/batch_lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"

#define PIECE 65536

struct reading {
	struct batch_lines *l;
	struct buf line;
	size_t no; /* of the line that is being read */
};

static int
end_line(struct reading *r, struct error *err)
{
	struct batch_lines *l = r->l;
	int rc = l->fn(r->line.data, r->line.len, l->whole, r->no, l->arg, err);

	r->no++;
	buf_clear(&r->line);
	return rc;
}

static int
take_piece(struct reading *r, const char *p, size_t len, struct error *err)
{
	struct batch_lines *l = r->l;
	const char *end;
	size_t n;

	while (len > 0) {
		end = memchr(p, l->end, len);
		n = end != NULL ? (size_t)(end - p) : len;
		if (buf_append(&r->line, p, n) == -1)
			return err_set(err, ERR_LIMIT,
			    "line %zu has more than %zu bytes", r->no, l->max);
		if (end == NULL)
			return 0;
		n++;
		l->rest = (int64_t)r->line.len + 1;
		if (end_line(r, err) == -1)
			return -1;
		l->whole += l->rest;
		p += n;
		len -= n;
	}
	return 0;
}

int
batch_lines_read(struct batch_lines *l, bool last, struct error *err)
{
	struct reading r = {.l = l, .no = 1};
	char *piece = xmalloc(PIECE);
	ssize_t n = 0;
	int rc = 0;

	l->whole = 0;
	l->rest = 0;
	buf_init(&r.line, l->max);
	while (rc == 0 && (n = read(l->fd, piece, PIECE)) != 0) {
		if (n == -1 && errno == EINTR)
			continue;
		rc = n == -1 ? err_set_errno(err, ERR_IO, "read")
			     : take_piece(&r, piece, (size_t)n, err);
	}
	if (rc == 0) {
		l->rest = (int64_t)r.line.len;
		if (last && r.line.len > 0)
			rc = end_line(&r, err);
	}
	buf_done(&r.line);
	free(piece);
	return rc;
}
