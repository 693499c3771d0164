/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks: credentials, and what is remembered of those that were asked. */
#include "aws/client.h"

#include <stdlib.h>

#include "base/mem.h"

int
aws_client_new(const struct aws_client_options *options,
    struct aws_client **out, struct error *err)
{
	struct creds_cache_options co = {
	    .env = {.loop = options->loop, .http = options->http},
	    .profile = options->profile,
	    .news = options->news,
	    .news_arg = options->news_arg,
	};
	bool chain = options->fixed == NULL && !options->anonymous;
	struct creds_cache *creds = NULL;
	struct retry_options retry;
	struct aws_client *c;

	if (retry_options_load(options->profile, &retry, err) == -1 ||
	    (chain && creds_cache_new(&co, &creds, err) == -1))
		return -1;
	c = xcalloc(1, sizeof(*c));
	c->loop = options->loop;
	c->http = options->http;
	c->retry = retry;
	c->creds = creds;
	c->anonymous = options->anonymous;
	c->is_fixed = !chain && !c->anonymous;
	if (c->is_fixed)
		creds_copy(options->fixed, &c->fixed);
	c->news = options->news;
	c->news_arg = options->news_arg;
	peers_init(&c->peers);
	*out = c;
	return 0;
}

void
aws_client_free(struct aws_client *c)
{
	if (c == NULL)
		return;
	creds_cache_free(c->creds);
	if (c->is_fixed)
		creds_done(&c->fixed);
	peers_done(&c->peers);
	sigv4_forget_keys();
	free(c);
}

struct loop *
aws_client_loop(const struct aws_client *c)
{
	return c->loop;
}

struct creds_cache *
aws_client_creds(struct aws_client *c)
{
	return c->creds;
}

int64_t
aws_client_skew_ms(const struct aws_client *c, const char *host)
{
	const struct peer *peer = peers_find(&c->peers, host);

	return peer != NULL ? peer->skew_ms : 0;
}

int64_t
aws_client_now_ms(const struct aws_client *c)
{
	return peers_now_ms(&c->peers);
}

void
client_tell_clock(const struct aws_client *c, const struct peer *peer)
{
	int64_t s = peer->skew_ms / 1000;
	struct error err;
	char *text;

	if (c->news == NULL)
		return;
	if (s == 0) {
		text = xasprintf(
		    "the clock of %s agrees with this machine's", peer->host);
		c->news(NULL, text, c->news_arg);
		free(text);
		return;
	}
	err_set(&err, ERR_AUTH,
	    "the clock of %s is %lld s %s this machine's: requests to it are "
	    "signed with its time",
	    peer->host, (long long)(s > 0 ? s : -s),
	    s > 0 ? "ahead of" : "behind");
	err_hint(&err, "Set this machine's clock right.");
	c->news(&err, NULL, c->news_arg);
}
