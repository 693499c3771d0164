/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many connections there may be in all and of one source, and which one
 * goes where another would find no place.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "net/http_server_conn.h"

static struct http_source *
find(const struct http_server *s, uint64_t id)
{
	struct http_source *source;

	LIST_FOREACH(source, &s->sources, entry)
	{
		if (source->id == id)
			return source;
	}
	return NULL;
}

void
http_source_join(struct http_conn *c)
{
	struct http_server *s = c->server;

	c->source = find(s, c->peer.source);
	if (c->source == NULL) {
		c->source = xcalloc(1, sizeof(*c->source));
		c->source->id = c->peer.source;
		LIST_INSERT_HEAD(&s->sources, c->source, entry);
	}
	c->source->n_conns++;
	c->source->n_served += !c->refused;
	c->source->n_strange += !c->refused;
}

void
http_source_leave(struct http_conn *c)
{
	struct http_source *source = c->source;

	source->n_served -= !c->refused;
	source->n_strange -= !c->refused && !c->proven;
	if (--source->n_conns > 0)
		return;
	LIST_REMOVE(source, entry);
	free(source);
}

void
http_source_prove(struct http_conn *c)
{
	if (c->proven || c->refused)
		return;
	c->proven = true;
	c->source->n_strange--;
}

/* Of two that are equal the first is the older one. */
static bool
goes_before(const struct http_conn *a, const struct http_conn *b)
{
	if (a->proven != b->proven)
		return b->proven;
	return !a->proven && a->source->n_strange > b->source->n_strange;
}

/* True where a place is free now; `of`: one of this source. */
static bool
evict(struct http_server *s, const struct http_source *of)
{
	struct http_conn *c, *least = NULL;

	if (!s->opt.evict)
		return false;
	TAILQ_FOREACH (c, &s->conns, entry) {
		if (c->refused || (of != NULL && c->source != of) ||
		    !http_conn_waits(c))
			continue;
		if (least == NULL || goes_before(c, least))
			least = c;
	}
	if (least == NULL)
		return false;
	s->n_evicted++;
	http_conn_lost(least);
	return true;
}

const char *
http_source_no_place(struct http_server *s, const struct http_peer *peer)
{
	unsigned max = s->opt.max_per_source;
	const struct http_source *source;

	source = max > 0 && peer->source != 0 ? find(s, peer->source) : NULL;
	if (source != NULL && source->n_served >= max)
		return evict(s, source)
		    ? NULL
		    : "too many connections from this address";
	if (s->n_conns - s->n_refused >= s->opt.max_connections &&
	    !evict(s, NULL))
		return "too many connections";
	return NULL;
}
