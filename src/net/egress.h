/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which addresses a request may go to whose URL others had a say in: those of
 * the public internet, and the networks that the configuration allows. What
 * counts is the address that is connected to, so it is asked for each one.
 * Sources: IANA's registries of special-purpose addresses (RFC 6890 and what
 * has been added), the clouds' manuals for their metadata services.
 */
#ifndef NET_EGRESS_H
#define NET_EGRESS_H

#include <stdbool.h>
#include <sys/socket.h>

#include "base/error.h"
#include "net/url.h"

struct egress;

/*
 * The networks ("10.0.0.0/8", "fd12::/16", or one address) end in NULL; NULL:
 * none. ERR_CONFIG: one that is no network, has bits behind its prefix, or lies
 * where nothing is ever allowed.
 */
int egress_new(
    const char *const *networks, struct egress **out, struct error *err);
struct egress *egress_copy(const struct egress *e);
void egress_free(struct egress *e);

/*
 * May it be connected to? What is not public, only where a network allows it;
 * link-local addresses and those of metadata services never; unencrypted
 * (is_http) only within the networks. An IPv4 address that an IPv6 one stands
 * for has to be fit as well. ERR_REFUSED names the address and the reason.
 */
int egress_check(const struct egress *e, const struct sockaddr *sa,
    bool is_http, struct error *err);

/*
 * What can be told before a name is looked up: a literal address is judged,
 * and http:// where no network is allowed at all.
 */
int egress_check_url(
    const struct egress *e, const struct url *url, struct error *err);

/* The URL's host is an address, not a name. */
bool egress_is_literal(const struct url *url);

#endif
