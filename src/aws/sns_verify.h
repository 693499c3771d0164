/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is a message really from SNS, and of a topic of ours? The certificate comes
 * from the host that follows from the configured topic alone, over HTTPS, and
 * is kept. One fetch at a time for a URL, ten new ones at once and then one a
 * minute: forgeries cost nobody anything. Those that have verified a message
 * are known, over restarts too, and no flood of other names holds them up; a
 * new one that comes with a likely message has an allowance of its own.
 *
 * Of a certificate is checked: it is one, RSA, 2,048 bits or more; its name is
 * the one that the topic's region has; its dates hold the message's Timestamp
 * (a message of a queue may be older than a certificate's end); its chain, as
 * far as it can be had: SNS serves no issuer, and none is fetched. So what the
 * system's roots cannot say is left to the HTTPS that it came by, and with
 * ca_file the chain must end there.
 *
 * SignatureVersion 1 (SHA-1) is taken until the topic has sent a valid 2.
 * Source: "Verifying the signatures of Amazon SNS messages", SNS developer
 * guide; the names of the certificates: SnsMessageManager, AWS SDK for Java 2.
 */
#ifndef AWS_SNS_VERIFY_H
#define AWS_SNS_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "aws/sns.h"
#include "base/error.h"
#include "base/loop.h"
#include "net/http_client.h"

struct sns_verifier;
struct sns_check;

/* What is to outlive us (store_keep), when it is first learned of a topic. */
struct sns_news {
	enum sns_news_kind {
		SNS_NEWS_VERSION_2, /* it has sent a valid version 2 */
		SNS_NEWS_CERTIFICATE, /* another one has verified a message */
	} kind;
	const char *topic;
	const char *url; /* of the certificate, else NULL */
	const char *name, *value; /* to be kept so */
};

struct sns_verifier_options {
	struct loop *loop; /* borrowed */
	struct http_client *http; /* borrowed; for certificates alone */
	const char *const *topics; /* ARNs, copied */
	size_t ntopics;
	const char *profile; /* for endpoints that were named; or NULL */
	bool require_v2;
	int64_t max_age_ms; /* 0: 75 minutes */
	/* Where AWS_ENDPOINT_URL_SNS or the like names another host: its
	 * certificates are taken from there, http too, and the chain is only
	 * checked where ca_file has its root. */
	const char *ca_file; /* roots of the chain; NULL: the system's */
	/* What others know; each may be NULL. None calls back. */
	int64_t (*now)(void *arg); /* better than clock_wall_ms() */
	/* Says it what strangers do not know? It is not verified. */
	bool (*likely)(const struct sns_message *m, void *arg);
	void (*keep)(const struct sns_news *news, void *arg);
	void *arg;
};

int sns_verifier_new(const struct sns_verifier_options *options,
    struct sns_verifier **out, struct error *err);
void sns_verifier_free(struct sns_verifier *v);

/*
 * err NULL: it is genuine. ERR_AUTH: a forgery, or not of our topics; never
 * to be sent again. ERR_LIMIT: genuine, but not fresh; retryable where it is
 * from the future, which a clock that is behind makes. ERR_NETWORK,
 * ERR_TIMEOUT, ERR_BUSY and the like (retryable): the certificate could not be
 * had now, it may be sent again.
 */
typedef void sns_verified_fn(const struct error *err, void *arg);

/*
 * `fresh`: Timestamp must be within max_age and 5 minutes of now; messages in
 * queues may be old. The message is borrowed until done. Never calls back
 * before it returns.
 */
int sns_verify(struct sns_verifier *v, const struct sns_message *m, bool fresh,
    sns_verified_fn *done, void *arg, struct sns_check **out,
    struct error *err);
void sns_verify_cancel(struct sns_check *c);

/* What was kept of earlier news, whosever it is: certificates are checked as
 * if a message had named them. */
void sns_verifier_recall(
    struct sns_verifier *v, const char *name, const char *value);

#endif
