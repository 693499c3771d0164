/* SPDX-License-Identifier: Apache-2.0 */
/* A pipe cut into lines, of which so many a second are logged. */
#include "local/childlog.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"

#define LINE_MAX_BYTES ((size_t)1024)
#define CUT "..."
#define LINES_A_SECOND 50
#define KEPT 5
#define PIECE ((size_t)16 * 1024)
#define PIECES_A_TURN 4
/* Of what is taken at the end: a grandchild may write on for ever. */
#define PIECES_AT_END 64

struct childlog {
	char *endpoint;
	char *instance;
	int fd;
	struct loop_fd *watch;
	struct loop_timer *second;
	struct buf line; /* the one that is not complete */
	bool cut; /* more of it came than is kept */
	unsigned logged; /* in this second */
	int64_t left_out;
	char *kept[KEPT]; /* a ring; the next goes to kept[at] */
	size_t at;
};

static void
log_line(const struct childlog *l, const char *text)
{
	log_begin(LOG_INFO, "model");
	log_str("endpoint", l->endpoint);
	log_str("instance", l->instance);
	log_str("line", text);
	log_end();
}

/* A second without lines begins a new count with the next one. */
static void
on_second(void *arg)
{
	struct childlog *l = arg;

	if (l->left_out > 0) {
		log_begin(LOG_INFO, "model");
		log_str("endpoint", l->endpoint);
		log_str("instance", l->instance);
		log_int("lines_left_out", l->left_out);
		log_end();
	}
	l->left_out = 0;
	l->logged = 0;
}

static void
keep(struct childlog *l, const char *text)
{
	free(l->kept[l->at]);
	l->kept[l->at] = xstrdup(text);
	l->at = (l->at + 1) % KEPT;
}

static void
end_line(struct childlog *l)
{
	char *text;

	if (l->cut)
		buf_puts(&l->line, CUT);
	l->cut = false;
	/* NUL would end it: what stands behind one is not shown. */
	text = str_trim(l->line.data);
	if (*text != '\0') {
		keep(l, text);
		if (l->logged == 0)
			loop_timer_set(l->second, 1000);
		if (l->logged++ < LINES_A_SECOND)
			log_line(l, text);
		else
			l->left_out++;
	}
	buf_clear(&l->line);
}

static void
add(struct childlog *l, const char *text, size_t len)
{
	size_t room = LINE_MAX_BYTES - l->line.len;

	if (len > room) {
		l->cut = true;
		len = room;
	}
	buf_append(&l->line, text, len);
}

static void
take(struct childlog *l, const char *data, size_t len)
{
	const char *end = data + len, *nl;

	while (data < end) {
		nl = memchr(data, '\n', (size_t)(end - data));
		add(l, data, (size_t)((nl != NULL ? nl : end) - data));
		if (nl == NULL)
			break;
		end_line(l);
		data = nl + 1;
	}
}

/* false where nothing is there now, or ever again. */
static bool
read_piece(struct childlog *l)
{
	char piece[PIECE];
	ssize_t n;

	n = read(l->fd, piece, sizeof(piece));
	if (n > 0) {
		take(l, piece, (size_t)n);
		return true;
	}
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return false;
	/* All writers are gone; it would stay readable. */
	loop_fd_free(l->watch);
	l->watch = NULL;
	return false;
}

static void
on_readable(void *arg)
{
	struct childlog *l = arg;
	int i;

	for (i = 0; i < PIECES_A_TURN; i++) {
		if (!read_piece(l))
			break;
	}
}

int
childlog_new(const struct childlog_options *o, struct childlog **out,
    int *write_end, struct error *err)
{
	struct childlog *l;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) == -1)
		return err_set_errno(err, ERR_IO, "make a pipe");
	/* Ours alone: the container's end blocks as it expects. */
	if (fcntl(fds[0], F_SETFL, O_NONBLOCK) == -1) {
		err_set_errno(err, ERR_IO, "read a pipe");
		close(fds[0]);
		close(fds[1]);
		return -1;
	}
	l = xcalloc(1, sizeof(*l));
	l->endpoint = xstrdup(o->endpoint);
	l->instance = xstrdup(o->instance);
	l->fd = fds[0];
	buf_init(&l->line, LINE_MAX_BYTES + strlen(CUT));
	l->watch = loop_fd_new(o->loop, l->fd, on_readable, l);
	l->second = loop_timer_new(o->loop, on_second, l);
	*out = l;
	*write_end = fds[1];
	return 0;
}

void
childlog_free(struct childlog *l)
{
	size_t i;

	if (l == NULL)
		return;
	loop_fd_free(l->watch);
	loop_timer_free(l->second);
	close(l->fd);
	buf_done(&l->line);
	for (i = 0; i < KEPT; i++)
		free(l->kept[i]);
	free(l->endpoint);
	free(l->instance);
	free(l);
}

void
childlog_end(struct childlog *l)
{
	int i;

	for (i = 0; i < PIECES_AT_END && read_piece(l); i++)
		continue;
	if (l->line.len > 0)
		end_line(l);
	loop_timer_clear(l->second);
	on_second(l);
}

void
childlog_last(const struct childlog *l, struct buf *out)
{
	const char *between = "";
	size_t i;

	for (i = 0; i < KEPT; i++) {
		const char *text = l->kept[(l->at + i) % KEPT];

		if (text == NULL)
			continue;
		buf_puts(out, between);
		buf_puts(out, text);
		between = " | ";
	}
}
