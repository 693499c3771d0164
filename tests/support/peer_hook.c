/* SPDX-License-Identifier: Apache-2.0 */
/*
 * peer's receiver of webhooks. An event that arrived as a whole has its line,
 * with what it says, before anybody is answered.
 */
#include "tests/support/peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

static const char *
or_dash(const char *s)
{
	return str_empty(s) || str_has_control(s) ? "-" : s;
}

static void
speak(struct peer_call *c)
{
	if (c->status == 0)
		peer_reset(c);
	else
		peer_reply(c, c->status, NULL, "", 0);
}

static void
note(const struct peer_call *c, const struct json *event, const char *status)
{
	const struct headers *h = http_headers(c->x);
	const struct json *data = json_get(event, "data");
	const char *result = json_get_str(data, "result");
	char body[HASH_SHA256_HEX_SIZE], sha[HASH_SHA256_HEX_SIZE] = "-";

	hash_sha256_hex(c->body.data, c->body.len, body);
	if (result != NULL)
		hash_sha256_hex(result, strlen(result), sha);
	peer_note(peer.hooks, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s",
	    or_dash(headers_get(h, "webhook-id")),
	    or_dash(headers_get(h, "awaitd-attempt")), body, status,
	    or_dash(json_get_str(data, "job")),
	    or_dash(json_get_str(data, "inference_id")),
	    or_dash(json_get_str(event, "type")), sha);
}

static void
on_event(struct peer_call *c)
{
	/* A redirect is no yes. */
	static const int no[] = {500, 302, 429, 404};
	struct json *event = NULL;
	struct error ignored;
	char status[16];

	(void)json_parse(c->body.data, c->body.len, &event, &ignored);
	if (peer_chance(peer.k.hook_fail)) {
		c->status = no[peer.nfailed++ % ARRAY_LEN(no)];
		snprintf(status, sizeof(status), "%d", c->status);
		note(c, event, status);
	} else if (peer_chance(peer.k.hook_drop)) {
		c->status = 0;
		note(c, event, "dropped");
	} else {
		c->status = 200;
		note(c, event, "200");
	}
	json_free(event);
	peer_later(c, peer_between(0, peer.k.hook_max), speak);
}

void
hook_serve(struct http_exchange *x)
{
	if (str_eq(http_method(x), "POST"))
		peer_take(x, on_event);
	else
		http_reply(x, 405, NULL, "", 0);
}
