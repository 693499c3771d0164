/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client remembers of each host: how far its clock is from ours, and how
 * much it may be asked again. Only for the files of the client.
 */
#ifndef AWS_PEER_H
#define AWS_PEER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "aws/retry.h"
#include "net/http_client.h"

struct peer {
	TAILQ_ENTRY(peer) entry;
	char *host;
	unsigned refs;
	int64_t skew_ms; /* its clock minus ours; 0: the same, or unknown */
	bool of_aws; /* partition_has_host */
	bool has_told;
	int64_t told_ms; /* its clock minus the monotonic one */
	struct retry retry;
};
TAILQ_HEAD(peer_list, peer);

struct peers {
	struct peer_list list; /* the last one used first */
	unsigned n;
};

/* Less is no skew: signatures hold for five minutes at least. */
#define PEER_SKEW_MS ((int64_t)4 * 60 * 1000)

void peers_init(struct peers *p);
void peers_done(struct peers *p);

/* Without a reference; NULL: it is not known. */
struct peer *peers_find(const struct peers *p, const char *host);

/* With a reference; made where it is not known. Of those that nobody refers to
 * a few hundred are kept. */
struct peer *peers_get(
    struct peers *p, const char *host, const struct retry_options *o);
void peers_put(struct peers *p, struct peer *peer);

/*
 * The time by the clocks of AWS's own hosts, as far as they have told; of
 * several the one that is nearest to ours: it is wrong only where all say so.
 * Setting our clock changes nothing of it. Less than PEER_SKEW_MS is no
 * difference.
 */
int64_t peers_now_ms(const struct peers *p);

/*
 * Learn its clock from an answer whose request left at sent_at (monotonic).
 * True where that changes what requests are signed with. What a cache kept
 * (Age), took a quarter of an hour, or is a page of HTML tells nothing.
 * Source: the AWS SDK for JavaScript, @aws-sdk/core.
 */
bool peer_learn_clock(
    struct peer *p, const struct http_response *r, int64_t sent_at);

#endif
