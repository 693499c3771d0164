/* SPDX-License-Identifier: Apache-2.0 */
/* How much of a reply may go, and when. Sending is http_server_reply's. */
#include "net/http_server_shape.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "net/http_server_conn.h"

void
http_reply_shape(struct http_exchange *x, const struct http_shape *shape)
{
	x->shaped.want = *shape;
	x->shaped.set = true;
}

void
http_hang(struct http_exchange *x, int64_t ms)
{
	if (x->replied)
		return;
	x->replied = true;
	x->keep = false;
	x->shaped.hang_until = clock_mono_ms() + ms;
	http_body_replied(x);
	http_conn_kick(x->conn);
}

int
http_shape_file(const void *body, size_t len)
{
	int fd = memfd_create("reply", MFD_CLOEXEC);
	struct error err;

	if (fd != -1 && file_write_all(fd, body, len, &err) == -1) {
		close(fd);
		return -1;
	}
	return fd;
}

int64_t
http_shape_begin(struct http_exchange *x, int64_t len)
{
	const struct http_shape *want = &x->shaped.want;

	if (!want->cut || len <= want->cut_at)
		return len;
	x->shaped.cuts = true;
	x->keep = false;
	return want->cut_at;
}

int64_t
http_shape_room(struct http_exchange *x)
{
	struct http_shaped *s = &x->shaped;
	int64_t now;

	if (s->want.drip == 0)
		return INT64_MAX;
	now = clock_mono_ms();
	if (now >= s->next_at) {
		s->room = s->want.drip;
		s->next_at = now + s->want.drip_ms;
	}
	return s->room;
}

void
http_shape_sent(struct http_exchange *x, int64_t n)
{
	if (x->shaped.want.drip > 0)
		x->shaped.room -= n;
}

/* Where that time has come already, it is the peer that is waited for. */
int64_t
http_shape_next(const struct http_exchange *x, int64_t at, int64_t now)
{
	int64_t next_at = x->shaped.next_at;

	return x->fd != -1 && next_at > now && next_at < at ? next_at : at;
}
