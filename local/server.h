/* SPDX-License-Identifier: Apache-2.0 */
/* awaitd-local as a whole: every part made, joined, run and taken apart. */
#ifndef LOCAL_SERVER_H
#define LOCAL_SERVER_H

#include "base/error.h"
#include "local/conf.h"

/* Until SIGTERM or SIGINT. `port_file` may be NULL. */
int server_run(
    const struct conf *conf, const char *port_file, struct error *err);

#endif
