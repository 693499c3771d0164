/* SPDX-License-Identifier: Apache-2.0 */
/* From S3 to a receiver, through a ring of bytes. */
#include "engine/stream.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

#define RING_SIZE ((size_t)256 * 1024)
/* S3 pauses while there is more than this: beyond it the piece that is being
 * given has to fit. */
#define RING_FULL (RING_SIZE - (size_t)64 * 1024)

struct stream {
	struct deliver_source source; /* first: a source is its stream */
	struct loop *loop;
	struct stream_options o;
	struct fetch *fetch;
	bool told; /* begun() was called */
	bool asked; /* it was read in vain: ready() is due */
	int64_t asked_at; /* monotonic */
	bool posted;
	bool paused;
	bool right; /* all came, and was checked */
	bool failed;
	bool over;
	struct error err;
	size_t at, len; /* of what is in the ring */
	unsigned char ring[RING_SIZE];
};

/* --- news for who reads --------------------------------------------- */

static size_t
readable(const struct stream *s)
{
	return s->right || s->len == 0 ? s->len : s->len - 1;
}

static bool
has_news(const struct stream *s)
{
	return s->failed || s->right || readable(s) > 0;
}

static void
tell(void *arg)
{
	struct stream *s = arg;
	void (*ready)(void *arg) = s->source.ready;

	s->posted = false;
	if (!s->told) {
		s->told = true;
		s->o.begun(s->failed ? &s->err : NULL, s->o.arg);
	} else if (s->asked) {
		s->asked = false;
		if (ready != NULL)
			ready(s->source.ready_arg);
	}
}

/* In a turn of its own: who is told may end all of this. */
static void
tell_soon(struct stream *s)
{
	if (s->posted || (s->told && !s->asked) || !has_news(s))
		return;
	s->posted = true;
	loop_post(s->loop, tell, s);
}

/* --- in ------------------------------------------------------------- */

static void
pause_fetch(struct stream *s, bool paused)
{
	if (s->paused == paused || s->fetch == NULL)
		return;
	s->paused = paused;
	fetch_pause(s->fetch, paused);
}

static int
take_piece(const void *data, size_t len, void *arg, struct error *err)
{
	struct stream *s = arg;
	size_t end = (s->at + s->len) % RING_SIZE, n = RING_SIZE - end;

	if (len > RING_SIZE - s->len)
		return err_set(
		    err, ERR_LIMIT, "a piece of %zu bytes is too large", len);
	if (n > len)
		n = len;
	memcpy(s->ring + end, data, n);
	memcpy(s->ring, (const unsigned char *)data + n, len - n);
	s->len += len;
	if (s->len > RING_FULL)
		pause_fetch(s, true);
	tell_soon(s);
	return 0;
}

static void
on_fetched(const struct error *err, void *arg)
{
	struct stream *s = arg;

	s->fetch = NULL;
	if (err != NULL)
		s->err = *err;
	s->failed = err != NULL || s->o.check(s->o.arg, &s->err) == -1;
	s->right = !s->failed;
	tell_soon(s);
}

/* --- out ------------------------------------------------------------ */

static size_t
take_out(struct stream *s, unsigned char *out, size_t len)
{
	size_t n = RING_SIZE - s->at;

	if (len > readable(s))
		len = readable(s);
	if (n > len)
		n = len;
	memcpy(out, s->ring + s->at, n);
	memcpy(out + n, s->ring, len - n);
	s->at = (s->at + len) % RING_SIZE;
	s->len -= len;
	return len;
}

static ssize_t
read_some(
    struct deliver_source *source, void *out, size_t len, struct error *err)
{
	struct stream *s = (struct stream *)source;
	size_t n;

	/* What is wrong is broken off at once. */
	if (s->failed) {
		*err = s->err;
		return -1;
	}
	n = take_out(s, out, len);
	if (s->len <= RING_FULL / 2)
		pause_fetch(s, false);
	s->over = s->right && s->len == 0;
	if (n > 0 || s->over)
		return (ssize_t)n;
	if (!s->asked)
		s->asked_at = clock_mono_ms();
	s->asked = true;
	return DELIVER_LATER;
}

/* --- public --------------------------------------------------------- */

int
stream_start(const struct stream_options *options, struct stream **out,
    struct error *err)
{
	struct stream *s = xmalloc(sizeof(*s));

	memset(s, 0, offsetof(struct stream, ring));
	s->o = *options;
	s->loop = options->fetch.loop;
	s->source.read = read_some;
	s->o.fetch.fd = -1;
	s->o.fetch.own_file = false;
	s->o.fetch.sink = take_piece;
	if (fetch_start(&s->o.fetch, on_fetched, s, &s->fetch, err) == -1) {
		stream_free(s);
		return -1;
	}
	*out = s;
	return 0;
}

void
stream_free(struct stream *s)
{
	if (s == NULL)
		return;
	fetch_cancel(s->fetch);
	loop_unpost(s->loop, s);
	free(s);
}

struct deliver_source *
stream_source(struct stream *s)
{
	return &s->source;
}

bool
stream_over(const struct stream *s)
{
	return s->over;
}

int64_t
stream_starved_ms(const struct stream *s)
{
	return s->asked && !has_news(s) ? clock_mono_ms() - s->asked_at : 0;
}

const struct error *
stream_error(const struct stream *s)
{
	return s->failed ? &s->err : NULL;
}
