/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A probe that connects to a URL's host and shakes hands with it, and sends
 * nothing. Only for check_*.c.
 */
#ifndef CMD_CHECK_CONNECT_H
#define CMD_CHECK_CONNECT_H

#include "cmd/check.h"

/* The client is borrowed; AWS's hosts get other remedies than receivers. */
void check_connect_init(struct check_probe *p, struct http_client *http,
    const char *url, bool is_aws);

/* Before the start: by this client, through the proxy of that name, or NULL. */
void check_connect_take(
    struct check_probe *p, struct http_client *take_http, char *take_proxy);

/* For the kind of such a probe. */
void check_connect_start(struct check_probe *p);
void check_connect_cancel(struct check_probe *p);
void check_connect_forget(struct check_probe *p);

#endif
