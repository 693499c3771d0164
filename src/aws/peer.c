/* SPDX-License-Identifier: Apache-2.0 */
/* Hosts, their clocks and quotas. */
#include "aws/peer.h"

#include <stdlib.h>

#include "aws/partition.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"

/* A host for each bucket, and whoever submits names buckets. */
#define PEERS_MAX 256
#define SLOW_MS ((int64_t)15 * 60 * 1000)
#define SETTLED_MS 60000

void
peers_init(struct peers *p)
{
	TAILQ_INIT(&p->list);
	p->n = 0;
}

static void
drop(struct peers *p, struct peer *peer)
{
	TAILQ_REMOVE(&p->list, peer, entry);
	p->n--;
	free(peer->host);
	free(peer);
}

void
peers_done(struct peers *p)
{
	struct peer *peer;

	while ((peer = TAILQ_FIRST(&p->list)) != NULL)
		drop(p, peer);
}

struct peer *
peers_find(const struct peers *p, const char *host)
{
	struct peer *peer;

	TAILQ_FOREACH (peer, &p->list, entry) {
		if (str_eq(peer->host, host))
			return peer;
	}
	return NULL;
}

static void
make_room(struct peers *p)
{
	struct peer *peer;

	if (p->n < PEERS_MAX)
		return;
	TAILQ_FOREACH_REVERSE(peer, &p->list, peer_list, entry)
	{
		if (peer->refs == 0) {
			drop(p, peer);
			return;
		}
	}
}

struct peer *
peers_get(struct peers *p, const char *host, const struct retry_options *o)
{
	struct peer *peer = peers_find(p, host);

	if (peer == NULL) {
		make_room(p);
		peer = xcalloc(1, sizeof(*peer));
		peer->host = xstrdup(host);
		peer->of_aws = partition_has_host(host);
		retry_init(&peer->retry, o, clock_mono_ms());
		p->n++;
	} else {
		TAILQ_REMOVE(&p->list, peer, entry);
	}
	TAILQ_INSERT_HEAD(&p->list, peer, entry);
	peer->refs++;
	return peer;
}

void
peers_put(struct peers *p, struct peer *peer)
{
	peer->refs--;
	if (peer->refs == 0 && p->n > PEERS_MAX)
		drop(p, peer);
}

static bool
tells_time(const struct http_response *r, int64_t sent_at)
{
	const char *type = headers_get(&r->headers, "content-type");

	return headers_get(&r->headers, "age") == NULL &&
	    clock_mono_ms() - sent_at <= SLOW_MS &&
	    (type == NULL || !str_starts(type, "text/html"));
}

static bool
is_skew(int64_t ms)
{
	return ms >= PEER_SKEW_MS || ms <= -PEER_SKEW_MS;
}

/* What was wrong is right again only well below that. */
static bool
is_right(const struct peer *p, int64_t ms)
{
	int64_t most = PEER_SKEW_MS - (p->skew_ms != 0 ? SETTLED_MS : 0);

	return ms < most && ms > -most;
}

/* The date was written some time after the request had left: a body may have
 * taken minutes to come since, which are nobody's fault. Of all that may be
 * true this is the nearest to what is known. */
static int64_t
nearest_skew(const struct peer *p, int64_t least, int64_t took_ms)
{
	if (p->skew_ms <= least)
		return least;
	return p->skew_ms < least + took_ms ? p->skew_ms : least + took_ms;
}

bool
peer_learn_clock(struct peer *p, const struct http_response *r, int64_t sent_at)
{
	int64_t date = http_response_date(r, "date"), skew;

	if (date == -1 || !tells_time(r, sent_at))
		return false;
	skew =
	    nearest_skew(p, date - clock_wall_ms(), clock_mono_ms() - sent_at);
	p->has_told = true;
	p->told_ms = clock_wall_ms() + skew - clock_mono_ms();
	if (is_right(p, skew))
		skew = 0;
	/* What signs well enough stays: no flutter. */
	else if (!is_skew(skew - p->skew_ms))
		return false;
	if (skew == p->skew_ms)
		return false;
	p->skew_ms = skew;
	return true;
}

int64_t
peers_now_ms(const struct peers *p)
{
	int64_t wall = clock_wall_ms(), mono = clock_mono_ms(), off, least = 0;
	const struct peer *peer;
	bool told = false;

	TAILQ_FOREACH (peer, &p->list, entry) {
		if (!peer->of_aws || !peer->has_told)
			continue;
		off = mono + peer->told_ms - wall;
		if (!told || llabs(off) < llabs(least))
			least = off;
		told = true;
	}
	return is_skew(least) ? wall + least : wall;
}
