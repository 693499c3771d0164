/* SPDX-License-Identifier: Apache-2.0 */
/* Callbacks: their rules, and their names. */
#include "deliver/callback.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "net/egress.h"
#include "net/url.h"

#define PREFIX "callback "

/* --- hosts ---------------------------------------------------------- */

/* "*.example.com" is every name below it, and not itself. */
static bool
fits(const char *host, const char *pattern)
{
	char *lower = xstrdup(pattern);
	bool ok;

	str_lower(lower);
	if (str_starts(lower, "*."))
		ok = str_ends(host, lower + 1) &&
		    strlen(host) > strlen(lower + 1);
	else
		ok = str_eq(lower, "*") || str_eq(lower, host);
	free(lower);
	return ok;
}

static bool
is_allowed(const char *host, const char *const *allow)
{
	for (; allow != NULL && *allow != NULL; allow++) {
		if (fits(host, *allow))
			return true;
	}
	return false;
}

/* --- one URL -------------------------------------------------------- */

/* An address is judged now, what a name leads to when it is connected to. */
static int
check_way(
    const struct url *u, const struct callback_rules *rules, struct error *err)
{
	struct egress *egress;
	int rc;

	if (str_eq(u->scheme, "http") && !egress_is_literal(u)) {
		err_set(err, ERR_USAGE, "a callback URL begins with https://");
		return err_hint(err,
		    "http:// is for addresses that allow_networks of the "
		    "section [callback] names.");
	}
	if (egress_new(rules->networks, &egress, err) == -1)
		return -1;
	rc = egress_check_url(egress, u, err);
	egress_free(egress);
	if (rc == -1 && err->hint[0] == '\0')
		err_hint(err,
		    "Addresses are allowed by the key allow_networks of the "
		    "section [callback].");
	return rc;
}

static int
check(
    const struct url *u, const struct callback_rules *rules, struct error *err)
{
	if (!is_allowed(u->host, rules->allow)) {
		err_set(err, ERR_USAGE,
		    "callbacks to the host %s are not allowed", u->host);
		return err_hint(err,
		    "Hosts are allowed by the key allow of the section "
		    "[callback].");
	}
	if (check_way(u, rules, err) == 0)
		return 0;
	err->code = ERR_USAGE;
	return -1;
}

int
callback_check(
    const char *url, const struct callback_rules *rules, struct error *err)
{
	struct url u;
	int rc;

	if (rules->allow == NULL || rules->allow[0] == NULL) {
		err_set(err, ERR_USAGE, "callback URLs are not taken here");
		return err_hint(err,
		    "Set allow in the section [callback] of the service's "
		    "configuration to the hosts that may be named.");
	}
	if (url_parse(url, &u, err) == -1) {
		err_prefix(err, "callback URL");
		return err_hint(
		    err, "Give a URL such as https://app.example.com/hook.");
	}
	rc = check(&u, rules, err);
	url_done(&u);
	return rc;
}

char *
callback_target(const char *url)
{
	struct error ignored;
	struct url u;
	char *name;

	if (url_parse(url, &u, &ignored) == -1)
		return NULL;
	name = xasprintf(PREFIX "%s://%s:%d", u.scheme, u.host, u.port);
	url_done(&u);
	return name;
}

bool
callback_is_target(const char *name)
{
	return str_starts(name, PREFIX);
}

bool
callback_lets(const char *name, const struct callback_rules *rules)
{
	struct error ignored;

	return callback_is_target(name) &&
	    callback_check(name + strlen(PREFIX), rules, &ignored) == 0;
}
