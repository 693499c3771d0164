/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The targets of a configuration, built. Part of the composition root: it
 * alone knows which drivers there are.
 */
#ifndef SERVE_TARGETS_H
#define SERVE_TARGETS_H

#include "base/error.h"
#include "base/loop.h"
#include "conf/conf.h"
#include "deliver/driver.h"
#include "net/http_client.h"

struct targets;

/* ERR_CONFIG names the section; which of them have a proxy is logged. The loop
 * is borrowed and must outlive every
 * target. */
int targets_new(const struct conf *conf, struct loop *loop,
    struct targets **out, struct error *err);

/* Just the one of this title, built and thrown away. */
int targets_try(const struct conf *conf, const char *title, struct loop *loop,
    struct error *err);

/* The client that this one's requests would go by, and the name of their proxy
 * or NULL. Both are the caller's. */
int targets_client(const struct conf_webhook *webhook, struct loop *loop,
    struct http_client **out, char **proxy, struct error *err);

/* A target that is in use lives on. */
void targets_free(struct targets *targets);

/* How many there are (of NULL: none), and how each is called. Borrowed. */
size_t targets_count(const struct targets *targets);
const char *targets_title(const struct targets *targets, size_t i);

/* The target of "[webhook NAME]" and the like, with a reference; or NULL. For
 * "callback https://host:port" it is that of [callback], where the host is
 * allowed now. */
struct target *targets_get(const struct targets *targets, const char *title);

#endif
