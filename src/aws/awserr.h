/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An AWS answer that is not 2xx, made into one struct error: the class says
 * what to do, the text quotes the service. Everybody who has to decide by an
 * error of AWS asks awserr_class(), and nobody reads codes for himself.
 *
 * rest-json services name the error in x-amzn-ErrorType (up to a ':'), or in
 * the body's "__type" or "code"; query services and S3 send XML, and S3 nothing
 * at all for HEAD. What comes as HTML, or empty, is from something in between.
 */
#ifndef AWS_AWSERR_H
#define AWS_AWSERR_H

#include <stdbool.h>

#include "base/error.h"
#include "net/http_client.h"

enum awserr_class {
	AWSERR_THROTTLED, /* later: nothing was done */
	AWSERR_NO_CREDENTIALS, /* nothing was sent: there are none that are
				  valid, and may be later */
	AWSERR_EXPIRED, /* the credentials' time is over, or they are revoked */
	AWSERR_SKEW, /* the two clocks are too far apart */
	AWSERR_AUTH, /* known and not allowed, or not known */
	AWSERR_AMBIGUOUS, /* a bare 403: not allowed, or not there, or the
			     clock, or the signature */
	AWSERR_NOT_FOUND,
	AWSERR_REDIRECT, /* the bucket is in another region */
	AWSERR_TRANSIENT, /* the service's own trouble, or the way to it; a page
			     of HTML, which AWS does not send */
	AWSERR_PERMANENT, /* no, for good */
};

/*
 * Fill *err from the response. `what` begins the text, such as
 * "InvokeEndpointAsync". Returns -1.
 *
 * ERR_THROTTLED and ERR_REMOTE are retryable, and of ERR_AUTH what is EXPIRED
 * or SKEW: somebody may put that right. ERR_NOT_FOUND and ERR_REFUSED are not.
 * Where no code came the status stands in for it: a HEAD that is answered 403
 * has the remote code "403", and means "not there yet" as well as "not
 * allowed". The code of a redirect is there even where S3 sent none.
 */
int awserr_from_response(
    const char *what, const struct http_response *r, struct error *err);

/* Of any error that a call gave, answered by a service or not. */
enum awserr_class awserr_class(const struct error *err);

/* A service says that it does not know us: for want of credentials that are
 * good, or of the right time. Not what they may not do. */
bool awserr_is_identity(const struct error *err);

/* Is AWS's own code there? A status alone may be from something in between. */
bool awserr_has_code(const struct error *err);

const char *awserr_class_name(enum awserr_class class);

#endif
