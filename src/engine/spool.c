/* SPDX-License-Identifier: Apache-2.0 */
/* Room on disk for large results, and who waits for it. */
#include "engine/spool.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"

/* How much is left to the store, which may be on the same disk. */
#define LEAVE_BYTES ((int64_t)8 << 20)
/* While the disk is full it is tried so often, and ever less. */
#define FULL_MS 10000
#define FULL_MAX_MS 320000

TAILQ_HEAD(claims, spool_claim);

struct spool {
	struct loop *loop;
	char *folder;
	int64_t max;
	int64_t bytes;
	uint64_t turns; /* that were given out */
	struct claims having;
	struct claims waiting; /* by their turns */
	size_t nwaiting;
	struct loop_timer *timer; /* while the disk is full */
	bool full; /* until a file was written whole */
	int64_t rest_ms;
	bool resting; /* … until the timer; nothing is reserved */
};

/* --- the disk ------------------------------------------------------- */

/* Of what is reserved, the part that is not on the disk yet. */
static int64_t
to_come(const struct spool *s)
{
	const struct spool_claim *c;
	int64_t sum = 0, there;
	struct stat st;

	TAILQ_FOREACH (c, &s->having, entry) {
		there = c->fd != -1 && fstat(c->fd, &st) == 0
		    ? (int64_t)st.st_blocks * 512
		    : 0;
		sum += c->bytes > there ? c->bytes - there : 0;
	}
	return sum;
}

/* A disk that does not tell is tried. */
static bool
disk_has(const struct spool *s, int64_t bytes)
{
	struct statvfs v;
	uint64_t want = (uint64_t)(bytes + to_come(s) + LEAVE_BYTES);

	return statvfs(s->folder, &v) == -1 || v.f_frsize == 0 ||
	    v.f_bavail >= want / v.f_frsize;
}

/* Its file is whole: what the disk says of itself need not be true, of a share
 * of it that is used up for one. */
static void
note_whole(struct spool *s, const struct spool_claim *c)
{
	struct stat st;

	if (!s->full || c->fd == -1 || fstat(c->fd, &st) == -1 ||
	    st.st_size == 0 || st.st_size != c->bytes)
		return;
	s->full = false;
	log_info("engine",
	    "there is room on the disk of %s again: large results go on",
	    s->folder);
}

/* --- those who wait ------------------------------------------------- */

static bool
has_room(const struct spool *s, int64_t bytes)
{
	return !s->resting && bytes <= s->max - s->bytes;
}

/* Of whoever wants more than there could be it is told when it asks. */
static void
wake(void *arg)
{
	struct spool *s = arg;
	struct spool_claim *c, *last = TAILQ_LAST(&s->waiting, claims);
	bool more = last != NULL;
	uint64_t end = more ? last->turn : 0;

	/* Nobody twice: who asks again in vain waits at its old place. */
	while (more && (c = TAILQ_FIRST(&s->waiting)) != NULL &&
	    (has_room(s, c->bytes) || !spool_could_hold(s, c->bytes))) {
		more = c->turn != end;
		TAILQ_REMOVE(&s->waiting, c, entry);
		s->nwaiting--;
		c->waits = false;
		c->again(c->arg);
		if (c->waits)
			break;
	}
}

static void
wake_soon(struct spool *s)
{
	loop_unpost(s->loop, s);
	if (!TAILQ_EMPTY(&s->waiting))
		loop_post(s->loop, wake, s);
}

static void
on_timer(void *arg)
{
	struct spool *s = arg;

	s->resting = false;
	wake(s);
}

static void
wait_in_turn(struct spool *s, struct spool_claim *c)
{
	struct spool_claim *before;

	if (c->turn == 0)
		c->turn = ++s->turns;
	/* There may be many, and most come last. */
	TAILQ_FOREACH_REVERSE(before, &s->waiting, claims, entry)
	{
		if (before->turn < c->turn)
			break;
	}
	if (before != NULL)
		TAILQ_INSERT_AFTER(&s->waiting, before, c, entry);
	else
		TAILQ_INSERT_HEAD(&s->waiting, c, entry);
	c->waits = true;
	s->nwaiting++;
}

static bool
is_next(const struct spool *s, const struct spool_claim *c)
{
	const struct spool_claim *first = TAILQ_FIRST(&s->waiting);

	return first == NULL || (c->turn != 0 && c->turn < first->turn);
}

/* --- public --------------------------------------------------------- */

struct spool *
spool_new(struct loop *loop, const char *folder)
{
	struct spool *s = xcalloc(1, sizeof(*s));

	s->loop = loop;
	s->folder = xstrdup(folder);
	s->max = INT64_MAX;
	s->timer = loop_timer_new(loop, on_timer, s);
	TAILQ_INIT(&s->having);
	TAILQ_INIT(&s->waiting);
	return s;
}

void
spool_free(struct spool *s)
{
	if (s == NULL)
		return;
	loop_unpost(s->loop, s);
	loop_timer_free(s->timer);
	free(s->folder);
	free(s);
}

void
spool_set_max(struct spool *s, int64_t bytes)
{
	s->max = bytes;
	wake_soon(s);
}

bool
spool_could_hold(const struct spool *s, int64_t bytes)
{
	return bytes <= s->max;
}

bool
spool_reserve(struct spool *s, struct spool_claim *c, int64_t bytes)
{
	int fd = c->has ? c->fd : -1;

	spool_release(s, c);
	if (!spool_could_hold(s, bytes))
		return false;
	c->bytes = bytes;
	if (!has_room(s, bytes) || !is_next(s, c)) {
		wait_in_turn(s, c);
		return false;
	}
	if (!disk_has(s, bytes)) {
		spool_disk_full(s);
		wait_in_turn(s, c);
		return false;
	}
	c->fd = fd;
	c->has = true;
	c->turn = 0;
	s->bytes += bytes;
	TAILQ_INSERT_TAIL(&s->having, c, entry);
	return true;
}

int
spool_open(struct spool *s, struct spool_claim *c, struct error *err)
{
	if (file_open_nameless(s->folder, false, &c->fd, err) == -1)
		return -1;
	return c->fd;
}

void
spool_disk_full(struct spool *s)
{
	if (!s->full) {
		s->rest_ms = FULL_MS;
		log_warn("engine",
		    "no room on the disk of %s: large results wait until "
		    "there is",
		    s->folder);
	} else if (!s->resting && s->rest_ms < FULL_MAX_MS) {
		s->rest_ms *= 2;
	}
	s->full = s->resting = true;
	loop_timer_set(s->timer, s->rest_ms);
}

void
spool_release(struct spool *s, struct spool_claim *c)
{
	if (c->waits) {
		TAILQ_REMOVE(&s->waiting, c, entry);
		s->nwaiting--;
	} else if (c->has) {
		note_whole(s, c);
		TAILQ_REMOVE(&s->having, c, entry);
		s->bytes -= c->bytes;
	} else {
		return;
	}
	c->has = c->waits = false;
	wake_soon(s);
}

void
spool_count(const struct spool *s, struct spool_counts *out)
{
	*out = (struct spool_counts){
	    .bytes = s->bytes,
	    .max = s->max,
	    .waiting = s->nwaiting,
	};
}
