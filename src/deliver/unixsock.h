/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Delivery to a program that listens at a unix socket (SOCK_STREAM). Each
 * attempt has a connection of its own, over which it sends one frame: the line
 * "awaitd/1 FACTS BODY\n", where both are lengths in bytes, so many bytes of
 * JSON (facts.h), and so many of the body. The reader answers with one line:
 * "OK [TEXT]", "RETRY [SECONDS] [TEXT]" or "DEAD [TEXT]"; all else, and no
 * answer in time, is tried again.
 */
#ifndef DELIVER_UNIXSOCK_H
#define DELIVER_UNIXSOCK_H

#include "base/error.h"
#include "base/loop.h"
#include "deliver/driver.h"

#define UNIXSOCK_PATH_MAX 107 /* of sun_path, less its NUL */

struct unixsock_options {
	struct target_options target;
	struct loop *loop;
	const char *path; /* copied; nobody need listen there yet */
};

/* ERR_CONFIG where the path is too long. */
int unixsock_new(const struct unixsock_options *options, struct target **out,
    struct error *err);

#endif
