/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One frame out, one line in. The frame goes in slices, as the reader takes
 * them, and what it says is read all the while: a refusal need not wait for the
 * end of a large body, but nobody can say OK to what he cannot have.
 */
#include "deliver/unixsock.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/crash.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "deliver/facts.h"

#define SLICE ((size_t)64 * 1024)
#define TURN_MS 5 /* of the loop, where the reader is as fast as we are */
/* Less than this within the time-out is as good as nothing. */
#define PROGRESS ((int64_t)256 * 1024)
#define LINE_MAX_LEN ((size_t)ATTEMPT_RESPONSE_MAX + 64)
#define SECONDS_MAX 1000000
#define FACTS_USUAL ((size_t)16 * 1024) /* no copy of a secret is left */

struct unixsock {
	struct loop *loop;
	char *path;
	int64_t timeout_ms;
};

struct call {
	const struct unixsock *target;
	deliver_done_fn *done;
	void *arg;
	int fd;
	struct loop_fd *readable, *writable;
	struct loop_timer *timer;
	struct buf head; /* line and facts */
	size_t head_sent;
	const char *body; /* or … */
	int body_fd; /* … or … */
	struct deliver_source *source; /* … or NULL */
	int64_t size, sent; /* of the body */
	int64_t marked; /* what was sent when the timer was set */
	char *slice; /* of what is not in memory … */
	size_t slice_at, slice_len; /* … what is not sent of it */
	struct buf said;
};

static void
call_free(struct call *c)
{
	if (c->source != NULL)
		c->source->ready = NULL;
	loop_fd_free(c->readable);
	loop_fd_free(c->writable);
	loop_timer_free(c->timer);
	if (c->fd != -1)
		close(c->fd);
	/* A presigned URL may be in it. */
	hash_wipe(c->head.data, c->head.len);
	buf_done(&c->head);
	buf_done(&c->said);
	free(c->slice);
	free(c);
}

/* --- the end -------------------------------------------------------- */

static void
end(struct call *c, struct deliver_result *r)
{
	r->status = ATTEMPT_NO_STATUS;
	c->done(r, c->arg);
	call_free(c);
}

/* Without a word of the reader's that could be believed; takes the note. */
static void
end_failed(struct call *c, enum deliver_class class, char *take_note)
{
	char *said = deliver_text(c->said.data, c->said.len);
	struct deliver_result r = {
	    .verdict = DELIVER_RETRY,
	    .error_class = class,
	    .note = take_note,
	    .response = said,
	};

	end(c, &r);
	free(said);
	free(take_note);
}

static bool
all_sent(const struct call *c)
{
	return c->head_sent == c->head.len && c->sent == c->size;
}

/* --- the answer ----------------------------------------------------- */

/* What stands behind the word, where the line begins with it; or NULL. */
static const char *
behind(const char *line, const char *word)
{
	size_t len = strlen(word);

	if (!str_starts(line, word) || (line[len] != '\0' && line[len] != ' '))
		return NULL;
	return line + len + (line[len] == ' ');
}

/* "5 text": a whole number of seconds, if the first word is one. */
static const char *
take_seconds(const char *text, int64_t *ms)
{
	size_t len = strspn(text, "0123456789");
	int64_t s = 0;
	size_t i;

	if (len == 0 || (text[len] != '\0' && text[len] != ' '))
		return text;
	for (i = 0; i < len && s < SECONDS_MAX; i++)
		s = s * 10 + (text[i] - '0');
	*ms = (s < SECONDS_MAX ? s : SECONDS_MAX) * 1000;
	return text + len + (text[len] == ' ');
}

static void
end_said(struct call *c, struct deliver_result *r, const char *text)
{
	char *said = deliver_text(text, strlen(text));

	r->response = said;
	end(c, r);
	free(said);
}

/* A whole line, without its end. */
static void
judge(struct call *c, const char *line)
{
	struct deliver_result r = {.verdict = DELIVER_OK};
	const char *text;

	if ((text = behind(line, "OK")) != NULL) {
		if (all_sent(c))
			end_said(c, &r, text);
		else
			end_failed(c, CLASS_EARLY,
			    xstrdup("said OK before it had everything"));
	} else if ((text = behind(line, "RETRY")) != NULL) {
		r.verdict = DELIVER_RETRY;
		r.error_class = CLASS_STATUS;
		r.note = "said RETRY";
		text = take_seconds(text, &r.retry_after_ms);
		end_said(c, &r, text);
	} else if ((text = behind(line, "DEAD")) != NULL) {
		r.verdict = DELIVER_DEAD;
		r.error_class = CLASS_STATUS;
		r.note = "said DEAD: it wants no more of this";
		end_said(c, &r, text);
	} else {
		end_failed(c, CLASS_PROTOCOL,
		    xstrdup("said neither OK nor RETRY nor DEAD"));
	}
}

/* Did that end it? */
static bool
take_line(struct call *c)
{
	char *nl = memchr(c->said.data, '\n', c->said.len);

	if (nl == NULL && c->said.len < c->said.max)
		return false;
	if (nl == NULL) {
		end_failed(
		    c, CLASS_PROTOCOL, xstrdup("said a line without end"));
		return true;
	}
	crash_point("C11");
	buf_truncate(&c->said, (size_t)(nl - c->said.data));
	/* A zero byte would hide what stands behind it. */
	if (memchr(c->said.data, '\0', c->said.len) != NULL)
		end_failed(c, CLASS_PROTOCOL, xstrdup("said a zero byte"));
	else
		judge(c, c->said.data);
	return true;
}

/* What it has said by now. Did that end it? */
static bool
listen_to(struct call *c)
{
	char chunk[1024];
	size_t room;
	ssize_t n;

	for (;;) {
		n = read(c->fd, chunk, sizeof(chunk));
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && errno == EAGAIN)
			return false;
		if (n == -1) {
			end_failed(c, CLASS_RESET,
			    xasprintf("read its answer: %s", strerror(errno)));
			return true;
		}
		if (n == 0) {
			end_failed(c, CLASS_RESET,
			    xstrdup(all_sent(c) ? "hung up without an answer"
						: "hung up in the middle"));
			return true;
		}
		room = c->said.max - c->said.len;
		buf_append(
		    &c->said, chunk, (size_t)n < room ? (size_t)n : room);
		if (take_line(c))
			return true;
	}
}

static void
on_readable(void *arg)
{
	listen_to(arg);
}

/* --- the frame ------------------------------------------------------ */

static void wait_for_source(struct call *c);

/* Into the slice, of a file or while they come: how many; 0 where there are
 * none now; -1. */
static ssize_t
refill(struct call *c, size_t want, struct error *err)
{
	struct deliver_source *source = c->source;
	ssize_t n;

	if (source == NULL) {
		do {
			n = pread(c->body_fd, c->slice, want, c->sent);
		} while (n == -1 && errno == EINTR);
		if (n == -1)
			return err_set_errno(err, ERR_IO, "read the result");
	} else {
		n = source->read(source, c->slice, want, err);
		if (n == DELIVER_LATER) {
			wait_for_source(c);
			return 0;
		}
	}
	if (n == 0)
		return err_set(err, ERR_IO, "read the result: it is cut short");
	return n;
}

/* The next bytes of the body, at most a slice; else as above. */
static ssize_t
next_bytes(struct call *c, const char **out, struct error *err)
{
	int64_t left = c->size - c->sent;
	size_t want = left < (int64_t)SLICE ? (size_t)left : SLICE;
	ssize_t n;

	if (c->slice == NULL) {
		*out = c->body + c->sent;
		return (ssize_t)want;
	}
	if (c->slice_at == c->slice_len) {
		n = refill(c, want, err);
		if (n <= 0)
			return n;
		c->slice_at = 0;
		c->slice_len = (size_t)n;
	}
	*out = c->slice + c->slice_at;
	return (ssize_t)(c->slice_len - c->slice_at);
}

/* What one send takes: 0 where there is no room now, -1 where it broke. */
static ssize_t
send_some(struct call *c, const char *p, size_t len, struct error *err)
{
	ssize_t n;

	do {
		n = send(c->fd, p, len, MSG_NOSIGNAL);
	} while (n == -1 && errno == EINTR);
	if (n == -1 && errno == EAGAIN)
		return 0;
	return n != -1 ? n : err_set_errno(err, ERR_NET, "send");
}

static ssize_t
send_body(struct call *c, struct error *err)
{
	const char *p = NULL;
	ssize_t n = next_bytes(c, &p, err);

	if (n <= 0)
		return n;
	n = send_some(c, p, (size_t)n, err);
	if (n > 0) {
		c->sent += n;
		c->slice_at += (size_t)n;
	}
	return n;
}

static ssize_t
send_head(struct call *c, struct error *err)
{
	ssize_t n = send_some(
	    c, c->head.data + c->head_sent, c->head.len - c->head_sent, err);

	if (n > 0)
		c->head_sent += (size_t)n;
	return n;
}

static void
set_timer(struct call *c)
{
	c->marked = c->sent;
	loop_timer_set(c->timer, c->target->timeout_ms);
}

/* It has some time for each so many bytes, and for its answer. */
static void
note_progress(struct call *c)
{
	if (c->sent - c->marked >= PROGRESS || all_sent(c))
		set_timer(c);
}

/* It broke; what the reader said before says more. */
static void
on_broken(struct call *c, const struct error *err)
{
	if (err->code == ERR_NET && listen_to(c))
		return;
	end_failed(c, deliver_class_of(err), xstrdup(err->text));
}

static void
stop_writing(struct call *c)
{
	loop_fd_free(c->writable);
	c->writable = NULL;
}

static void
on_writable(void *arg)
{
	struct call *c = arg;
	int64_t until = clock_mono_ms() + TURN_MS;
	struct error err;
	ssize_t n = 1;

	while (n > 0 && !all_sent(c) && clock_mono_ms() < until)
		n = c->head_sent < c->head.len ? send_head(c, &err)
					       : send_body(c, &err);
	if (n == -1) {
		on_broken(c, &err);
		return;
	}
	if (c->writable == NULL)
		return;
	note_progress(c);
	if (all_sent(c))
		stop_writing(c);
}

static void
on_ready(void *arg)
{
	struct call *c = arg;

	c->source->ready = NULL;
	c->writable =
	    loop_fd_new_writable(c->target->loop, c->fd, on_writable, c);
	set_timer(c);
}

/* That nothing comes is not the reader's fault. */
static void
wait_for_source(struct call *c)
{
	c->source->ready_arg = c;
	c->source->ready = on_ready;
	stop_writing(c);
	loop_timer_clear(c->timer);
}

static void
on_timer(void *arg)
{
	struct call *c = arg;
	char span[TIMEFMT_SPAN_SIZE];

	timefmt_span(c->target->timeout_ms, span);
	end_failed(c, CLASS_TIMEOUT,
	    xasprintf(all_sent(c) ? "no answer within %s"
				  : "took too little within %s",
		span));
}

/* --- how it begins -------------------------------------------------- */

static void
fill_address(struct sockaddr_un *sa, const char *path)
{
	memset(sa, 0, sizeof(*sa));
	sa->sun_family = AF_UNIX;
	memcpy(sa->sun_path, path, strlen(path));
}

static int
connect_to(const char *path, int *out_fd, struct error *err)
{
	struct sockaddr_un sa;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd == -1)
		return err_set_errno(err, ERR_IO, "socket");
	fill_address(&sa, path);
	if (connect(fd, (const struct sockaddr *)&sa, sizeof(sa)) == 0) {
		*out_fd = fd;
		return 0;
	}
	/* There is no event for a place in its queue. */
	if (errno == EAGAIN)
		err_set(
		    err, ERR_NET, "connect to %s: too many wait there", path);
	else
		err_set_errno(err, ERR_NET, "connect to %s", path);
	close(fd);
	err->net = NET_CONNECT;
	return err_hint(err,
	    "Start the program that listens there, at a socket that awaitd "
	    "may write to; deliveries wait for it.");
}

static int
make_head(struct buf *head, const struct parcel *p, struct error *err)
{
	struct facts f = {.parcel = p, .attempt = true};
	struct buf facts;
	int rc;

	buf_init(&facts, FACTS_MAX);
	buf_reserve(&facts, FACTS_USUAL);
	buf_reserve(head, FACTS_USUAL);
	rc = facts_write(&facts, &f);
	if (rc == 0)
		rc = buf_printf(
		    head, "awaitd/1 %zu %lld\n", facts.len, (long long)p->size);
	if (rc == 0)
		rc = buf_append(head, facts.data, facts.len);
	hash_wipe(facts.data, facts.len);
	buf_done(&facts);
	return rc == 0 ? 0 : err_set(err, ERR_LIMIT, "its facts are too long");
}

static struct call *
call_new(const struct unixsock *u, const struct parcel *p)
{
	struct call *c = xcalloc(1, sizeof(*c));

	c->target = u;
	c->fd = -1;
	c->body = p->body;
	c->body_fd = p->fd;
	c->source = p->source;
	c->size = p->size;
	if (p->fd != -1 || p->source != NULL)
		c->slice = xmalloc(SLICE);
	buf_init(&c->head, FACTS_MAX + 64);
	buf_init(&c->said, LINE_MAX_LEN);
	return c;
}

static int
unixsock_start(void *self, const struct parcel *p, deliver_done_fn *done,
    void *arg, void **out, struct error *err)
{
	const struct unixsock *u = self;
	struct call *c = call_new(u, p);

	c->done = done;
	c->arg = arg;
	if (make_head(&c->head, p, err) == -1 ||
	    connect_to(u->path, &c->fd, err) == -1) {
		call_free(c);
		return -1;
	}
	c->readable = loop_fd_new(u->loop, c->fd, on_readable, c);
	c->writable = loop_fd_new_writable(u->loop, c->fd, on_writable, c);
	c->timer = loop_timer_new(u->loop, on_timer, c);
	set_timer(c);
	*out = c;
	return 0;
}

static void
unixsock_cancel(void *call)
{
	call_free(call);
}

static void
unixsock_free(void *self)
{
	struct unixsock *u = self;

	free(u->path);
	free(u);
}

/* The reader sees a connection that ends without a byte. */
static int
unixsock_probe(void *self, struct error *err)
{
	const struct unixsock *u = self;
	int fd;

	if (connect_to(u->path, &fd, err) == -1)
		return -1;
	close(fd);
	return 0;
}

static const struct deliver_driver unixsock_driver = {
    .start = unixsock_start,
    .cancel = unixsock_cancel,
    .free = unixsock_free,
    .probe = unixsock_probe,
};

int
unixsock_new(
    const struct unixsock_options *o, struct target **out, struct error *err)
{
	struct unixsock *u;

	if (*o->path == '\0' || strlen(o->path) > UNIXSOCK_PATH_MAX)
		return err_set(err, ERR_CONFIG,
		    "the path of a socket has 1 to %d bytes",
		    UNIXSOCK_PATH_MAX);
	u = xcalloc(1, sizeof(*u));
	u->loop = o->loop;
	u->path = xstrdup(o->path);
	u->timeout_ms = o->target.timeout_ms;
	*out = target_new(&o->target, &unixsock_driver, u);
	/* A frame that was not sent whole is none. */
	(*out)->streams = true;
	return 0;
}
