/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates of SNS by their URLs: fetched once, kept, few new ones in a
 * while. For files of this folder.
 */
#ifndef AWS_SNS_CERTS_H
#define AWS_SNS_CERTS_H

#include <stddef.h>
#include <sys/queue.h>

#include "aws/sns_cert.h"
#include "base/error.h"
#include "net/http_client.h"

struct sns_certs;

/* `hosts`: from how many they may come. */
struct sns_certs *sns_certs_new(struct http_client *http, size_t hosts);
void sns_certs_free(struct sns_certs *s); /* nobody waits any more */

/* The certificate, borrowed for the length of the call, or NULL and why. */
typedef void sns_certs_fn(
    struct sns_cert *cert, const struct error *err, void *arg);

/* Somebody who waits for a certificate; the memory is the caller's. */
struct sns_certs_waiter {
	sns_certs_fn *fn;
	void *arg;
	struct sns_certs_entry *entry; /* NULL: not waiting */
	TAILQ_ENTRY(sns_certs_waiter) link;
};

/* Whose word it is that there is such a certificate. Each kind has its own
 * allowance of fetches, so that none uses up another's. */
enum sns_certs_rank {
	SNS_CERTS_STRANGE, /* anybody's */
	SNS_CERTS_LIKELY, /* somebody's who knows what strangers do not */
	SNS_CERTS_KNOWN, /* our own: it has served before; always fetched */
};

/*
 * 1: *out is it, borrowed until the next turn of the loop. 0: the waiter is
 * called later. -1: ERR_AUTH: there is none that is good; ERR_BUSY: the rank's
 * allowance is used up; that and others (retryable): it cannot be had now. What
 * failed is not tried again for a while. The same URL comes with the same
 * wishes always; those must last.
 */
int sns_certs_get(struct sns_certs *s, const char *url,
    enum sns_certs_rank rank, const struct sns_cert_wanted *wanted,
    struct sns_certs_waiter *waiter, struct sns_cert **out, struct error *err);
void sns_certs_leave(struct sns_certs_waiter *waiter);

#endif
