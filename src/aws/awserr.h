/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An AWS answer that is not 2xx, made into one struct error: the class says
 * what to do, the text quotes the service.
 *
 * rest-json services name the error in x-amzn-ErrorType (up to a ':'), or in
 * the body's "__type" or "code"; S3 sends XML, and nothing at all for HEAD.
 */
#ifndef AWS_AWSERR_H
#define AWS_AWSERR_H

#include "base/error.h"
#include "net/http_client.h"

/*
 * Fill *err from the response. `what` begins the text, such as
 * "InvokeEndpointAsync". Returns -1.
 *
 * ERR_THROTTLED and ERR_REMOTE are retryable; ERR_AUTH, ERR_NOT_FOUND and
 * ERR_REFUSED are not. A HEAD that is answered 403 has the remote code "403":
 * it means "not there yet" as well as "not allowed".
 */
int awserr_from_response(
    const char *what, const struct http_response *r, struct error *err);

/* The credentials' time is over: fetching them again may help. */
bool awserr_is_expired(const struct error *err);

#endif
