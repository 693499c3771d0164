/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Delivery by HTTP POST, signed as Standard Webhooks has it (deliver/whsign.h),
 * its header as in deliver/whrequest.h, its verdict as in deliver/whanswer.c.
 */
#ifndef DELIVER_WEBHOOK_H
#define DELIVER_WEBHOOK_H

#include "base/error.h"
#include "base/loop.h"
#include "deliver/driver.h"
#include "net/http_client.h"

struct webhook_options {
	struct target_options target;
	struct loop *loop; /* borrowed */
	const char *url; /* NULL: the job's callback_url */
	const char *const *secrets; /* ends in NULL, or NULL */
	const char *const *secret_files; /* the same; neither: not signed */
	const char *header_file; /* or NULL */
	const char *const *allow_networks; /* ends in NULL, or NULL */
	const char *ca_file; /* or NULL: the system's */
	const char *certificate_file; /* PEM, or NULL */
	const char *private_key_file; /* PEM, or NULL */
	const char *proxy; /* "environment", "none" or a URL */
	const char *proxy_file; /* holds the URL; or NULL */
};

/*
 * The HTTP client of such a webhook: its own, so that it shares connections,
 * sessions of TLS and whom it may reach with nobody. ERR_CONFIG.
 */
int webhook_client(const struct webhook_options *options,
    struct http_client **out, struct error *err);

/* The proxy that its requests go through, fit to be shown: "http://host:port".
 * The caller's; NULL: none. */
char *webhook_proxy(const struct webhook_options *options);

/* ERR_CONFIG names what is wrong with the URL, a file or a network. The loop
 * must outlive the target. */
int webhook_new(const struct webhook_options *options, struct target **out,
    struct error *err);

#endif
