/* SPDX-License-Identifier: Apache-2.0 */
/* A file in slices. */
#include "aws/s3file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base/mem.h"

/* Of a turn, and of one file: 0.2 ms where the page cache has it, 3 from a slow
 * disk. Hundreds may be read at the same time, so many of them in a turn. */
#define SLICES_MAX 4
#define SLICE_BYTES ((int64_t)256 * 1024)
#define PIECE_BYTES ((size_t)64 * 1024)

struct s3file {
	TAILQ_ENTRY(s3file) entry;
	struct loop *loop;
	bool waits;
	int fd;
	int64_t at, len;
	s3file_piece_fn *piece;
	s3file_done_fn *done;
	void *arg;
};

/* Of all: the loop is one thread. */
static char piece_buf[PIECE_BYTES];
static TAILQ_HEAD(, s3file) waiting = TAILQ_HEAD_INITIALIZER(waiting);
static bool posted;

static int
read_piece(struct s3file *f, struct error *err)
{
	int64_t left = f->len - f->at;
	size_t want = left < (int64_t)PIECE_BYTES ? (size_t)left : PIECE_BYTES;
	ssize_t n;

	do {
		n = pread(f->fd, piece_buf, want, f->at);
	} while (n == -1 && errno == EINTR);
	if (n == -1)
		return err_set_errno(err, ERR_IO, "read the file");
	if (n == 0)
		return err_set(err, ERR_IO, "the file has %lld of %lld bytes",
		    (long long)f->at, (long long)f->len);
	f->at += n;
	f->piece(piece_buf, (size_t)n, f->arg);
	return 0;
}

static void on_turn(void *arg);

static void
post_turn(struct loop *loop)
{
	if (!posted)
		loop_post(loop, on_turn, &waiting);
	posted = true;
}

static void
wait_turn(struct s3file *f)
{
	TAILQ_INSERT_TAIL(&waiting, f, entry);
	f->waits = true;
	post_turn(f->loop);
}

static void
read_slice(struct s3file *f)
{
	int64_t end = f->at + SLICE_BYTES;
	struct error err;
	int rc = 0;

	while (rc == 0 && f->at < f->len && f->at < end)
		rc = read_piece(f, &err);
	if (rc == 0 && f->at < f->len) {
		wait_turn(f);
		return;
	}
	f->done(rc == -1 ? &err : NULL, f->arg);
	free(f);
}

static void
on_turn(void *arg)
{
	struct s3file *f;
	unsigned n = 0;

	(void)arg;
	posted = false;
	TAILQ_FOREACH (f, &waiting, entry) {
		if (++n == SLICES_MAX)
			break;
	}
	/* What is told may end others. */
	while (n-- > 0 && (f = TAILQ_FIRST(&waiting)) != NULL) {
		TAILQ_REMOVE(&waiting, f, entry);
		f->waits = false;
		read_slice(f);
	}
	if ((f = TAILQ_FIRST(&waiting)) != NULL)
		post_turn(f->loop);
}

struct s3file *
s3file_read(struct loop *loop, int fd, int64_t len, s3file_piece_fn *piece,
    s3file_done_fn *done, void *arg)
{
	struct s3file *f = xcalloc(1, sizeof(*f));

	f->loop = loop;
	f->fd = fd;
	f->len = len;
	f->piece = piece;
	f->done = done;
	f->arg = arg;
	posix_fadvise(fd, 0, len, POSIX_FADV_SEQUENTIAL);
	wait_turn(f);
	return f;
}

void
s3file_cancel(struct s3file *f)
{
	if (f == NULL)
		return;
	if (f->waits)
		TAILQ_REMOVE(&waiting, f, entry);
	if (posted && TAILQ_EMPTY(&waiting)) {
		loop_unpost(f->loop, &waiting);
		posted = false;
	}
	free(f);
}
