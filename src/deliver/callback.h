/* SPDX-License-Identifier: Apache-2.0 */
/*
 * URLs that submissions bring along to be told at: which ones are taken, and
 * under what name their deliveries go. The host is asked after twice: when the
 * URL is taken, and before each attempt.
 */
#ifndef DELIVER_CALLBACK_H
#define DELIVER_CALLBACK_H

#include <stdbool.h>

#include "base/error.h"

/* Of the section [callback]. Both end in NULL, or are NULL. */
struct callback_rules {
	const char *const *allow; /* hosts, "*.example.com", "*" */
	const char *const *networks; /* that http:// may be spoken to */
};

/*
 * May a submission name this URL? https, without user name and fragment, to a
 * host that is allowed; http only to an address of the networks. ERR_USAGE,
 * with a hint; the text never holds more of the URL than its host.
 */
int callback_check(
    const char *url, const struct callback_rules *rules, struct error *err);

/* What its deliveries call their target: "callback https://host:port", in lower
 * case. The caller's; NULL where it is no URL. */
char *callback_target(const char *url);

/* Is this such a name? */
bool callback_is_target(const char *name);

/* … and may it be delivered to, as the rules are now? */
bool callback_lets(const char *name, const struct callback_rules *rules);

#endif
