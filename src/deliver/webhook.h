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
	const char *url; /* NULL: the job's callback_url */
	const char *const *secret_files; /* ends in NULL, or NULL: not signed */
	const char *header_file; /* or NULL */
	const char *const *allow_networks; /* ends in NULL, or NULL */
	const char *ca_file; /* or NULL: the system's */
	const char *certificate_file; /* PEM, or NULL */
	const char *private_key_file; /* PEM, or NULL */
	const char *proxy; /* "environment", "none" or a URL */
};

/* ERR_CONFIG names what is wrong with the URL or the secret. */
int webhook_new(const struct webhook_options *options, struct target **out,
    struct error *err);

#endif
