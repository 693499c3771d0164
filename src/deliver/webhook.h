/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Delivery by HTTP POST, signed as Standard Webhooks has it. Only 2xx is
 * success, redirects are not followed, 410 ends the delivery, Retry-After is
 * passed on.
 */
#ifndef DELIVER_WEBHOOK_H
#define DELIVER_WEBHOOK_H

#include "base/error.h"
#include "deliver/driver.h"
#include "net/http_client.h"

struct webhook_options {
	struct target_options target;
	struct http_client *http; /* borrowed; another one than AWS's */
	const char *url;
	const char *secret_file; /* or NULL: not signed */
};

/* ERR_CONFIG names what is wrong with the URL or the secret. */
int webhook_new(const struct webhook_options *options, struct target **out,
    struct error *err);

#endif
