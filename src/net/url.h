/* SPDX-License-Identifier: Apache-2.0 */
/*
 * URLs of http and https taken apart, strictly (RFC 3986): what two readers
 * could understand differently is no URL here. No user name or password, no
 * fragment, no host that only looks like an address.
 */
#ifndef NET_URL_H
#define NET_URL_H

#include "base/error.h"

#define URL_LEN_MAX 8192

struct url {
	char *scheme; /* "http" or "https" */
	char *host; /* lower case; an IPv6 address in its brackets */
	int port; /* the scheme's own where none is named */
	char *path; /* as written, at least "/" */
	char *query; /* as written, without '?'; NULL where there is none */
};

/* *out is the caller's (url_done). ERR_USAGE; the text never holds the URL,
 * which may hold a password. */
int url_parse(const char *s, struct url *out, struct error *err);
void url_done(struct url *u);

/* What the Host header says: "host", or "host:port" for an unusual port. */
char *url_host_header(const struct url *u);

#endif
