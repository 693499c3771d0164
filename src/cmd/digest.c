/* SPDX-License-Identifier: Apache-2.0 */
/* Digests of input files. */
#include "cmd/digest.h"

#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/encode.h"
#include "base/mem.h"
#include "cmd/input.h"

#define PIECE 65536

struct digest_call {
	struct offload_call *work;
	char *path;
	struct digest digest;
	struct error err;
	digest_fn *done;
	void *arg;
};

/* What was cancelled ends behind any piece; nobody looks at what it gives. */
static int
read_all(int fd, const struct offload_call *work, struct digest *out,
    struct error *err)
{
	struct hash *h = hash_new(HASH_SHA256);
	unsigned char digest[HASH_SHA256_SIZE];
	char *piece = xmalloc(PIECE);
	int64_t size = 0;
	ssize_t n;

	while ((n = read(fd, piece, PIECE)) > 0) {
		hash_update(h, piece, (size_t)n);
		size += n;
		if (work != NULL && offload_cancelled(work))
			break;
	}
	if (n == -1)
		err_set_errno(err, ERR_IO, "read the input");
	hash_final(h, digest);
	hash_free(h);
	free(piece);
	if (n == -1)
		return -1;
	out->size = size;
	encode_hex(digest, sizeof(digest), out->sha256);
	return 0;
}

int
digest_fd(int fd, struct digest *out, struct error *err)
{
	return read_all(fd, NULL, out, err);
}

/* --- beside the loop -------------------------------------------------- */

static void
run(struct offload_call *work, void *arg)
{
	struct digest_call *c = arg;
	int64_t size;
	int fd;

	if (input_open(c->path, &fd, &size, &c->err) == -1)
		return;
	read_all(fd, work, &c->digest, &c->err);
	close(fd);
}

static void
call_free(void *arg)
{
	struct digest_call *c = arg;

	free(c->path);
	free(c);
}

static void
on_read(void *arg)
{
	struct digest_call *c = arg;
	bool ok = c->err.code == ERR_NONE;

	c->done(ok ? &c->digest : NULL, ok ? NULL : &c->err, c->arg);
	call_free(c);
}

struct digest_call *
digest_start(struct offload *offload, struct loop *loop, const char *path,
    digest_fn *done, void *arg)
{
	static const struct offload_work work = {
	    .run = run,
	    .done = on_read,
	    .drop = call_free,
	};
	struct digest_call *c = xcalloc(1, sizeof(*c));

	c->path = xstrdup(path);
	c->done = done;
	c->arg = arg;
	c->work = offload_start(offload, loop, &work, c);
	return c;
}

void
digest_cancel(struct digest_call *c)
{
	offload_cancel(c->work);
}
