/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which proxy a request goes through. libcurl finds that out by itself, and
 * does not say: who vets addresses has to know whose they are. So it is
 * decided here, by libcurl's rules (CURLOPT_PROXY(3), CURLOPT_NOPROXY(3)).
 */
#ifndef NET_PROXY_H
#define NET_PROXY_H

#include "base/error.h"
#include "net/url.h"

/*
 * What the environment says: https_proxy, HTTPS_PROXY, http_proxy (in lower
 * case alone), all_proxy, ALL_PROXY, less no_proxy, NO_PROXY; this host itself
 * is always asked directly. Borrowed from the environment; NULL: none.
 */
const char *proxy_of_environment(const struct url *url);

/* One that is configured: http:// or https:// and a host, with or without
 * user and password. ERR_CONFIG; the text never holds the URL. */
int proxy_check(const char *url, struct error *err);

/* "http://host:port", without user and password, fit to be shown. The
 * caller's. */
char *proxy_name(const char *proxy);

#endif
