/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who we are to a server that asks for a certificate, and by which roots a
 * server is believed: the files, read and proved before anything depends on
 * them. ERR_CONFIG says which file is wrong, and what to do.
 */
#ifndef NET_HTTP_IDENTITY_H
#define NET_HTTP_IDENTITY_H

#include "base/buf.h"
#include "base/error.h"

/* PEM, as it was when it was read: what takes its place later does not meet the
 * other half. */
struct http_identity {
	struct buf certificate; /* ours, and behind it those up to a root */
	struct buf key; /* not encrypted; secret */
};

/* The key: a file that nobody else may read. *out is the caller's. */
int http_identity_load(const char *certificate_file,
    const char *private_key_file, struct http_identity *out, struct error *err);
void http_identity_done(struct http_identity *id);

/* There is at least one certificate, and nothing in PEM that is none. */
int http_identity_check_roots(const char *ca_file, struct error *err);

#endif
