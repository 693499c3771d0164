/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where SNS keeps the certificates that sign a topic's messages, and whose name
 * they have: both follow from what is configured, never from a message.
 * For files of this folder.
 */
#ifndef AWS_SNS_HOST_H
#define AWS_SNS_HOST_H

#include <stdbool.h>

#include "aws/sns.h"
#include "base/error.h"

#define SNS_CERT_NAMES_MAX 2

struct sns_host {
	/* "https://sns.us-east-1.amazonaws.com", without a port; or that of the
	 * endpoint that was named, as it was, with its base path. */
	char *base;
	bool named;
	/* A certificate has one of these; NULL behind the last one. None for an
	 * endpoint that was named. */
	char *names[SNS_CERT_NAMES_MAX + 1];
};

/* ERR_CONFIG. *out is the caller's (sns_host_done). */
int sns_host_of(const struct sns_topic *topic, const char *profile,
    struct sns_host *out, struct error *err);
void sns_host_done(struct sns_host *h);

/*
 * The URL of the certificate that a message names, made anew from the host and
 * the 32 hexadecimal digits of its file, which are all that is taken from the
 * message. It must be that URL letter by letter, but that ":443" may stand
 * behind AWS's own host. The caller's, or NULL: it is another place.
 */
char *sns_host_cert_url(const struct sns_host *h, const char *cert_url);

#endif
