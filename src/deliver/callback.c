/* SPDX-License-Identifier: Apache-2.0 */
/* Callbacks: their rules, and their names. */
#include "deliver/callback.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "net/url.h"

#define PREFIX "callback "

/* --- networks ------------------------------------------------------- */

struct address {
	unsigned char bytes[sizeof(struct in6_addr)];
	size_t len;
};

/* With the brackets of a URL or without. */
static int
read_address(const char *s, size_t len, struct address *out)
{
	bool brackets = len > 2 && s[0] == '[' && s[len - 1] == ']';
	char *text = xstrndup(s + brackets, len - 2 * (size_t)brackets);
	int rc = 0;

	memset(out, 0, sizeof(*out));
	if (inet_pton(AF_INET, text, out->bytes) == 1)
		out->len = sizeof(struct in_addr);
	else if (inet_pton(AF_INET6, text, out->bytes) == 1)
		out->len = sizeof(struct in6_addr);
	else
		rc = -1;
	free(text);
	return rc;
}

static bool
is_within(const struct address *a, const char *network)
{
	size_t len = strcspn(network, "/"), i;
	struct address net;
	int64_t bits;

	if (read_address(network, len, &net) == -1 || net.len != a->len)
		return false;
	bits = (int64_t)net.len * 8;
	if (network[len] == '/' &&
	    str_to_i64(network + len + 1, 0, bits, &bits) == -1)
		return false;
	for (i = 0; i < (size_t)bits; i++) {
		unsigned mask = 0x80U >> i % 8;

		if (((a->bytes[i / 8] ^ net.bytes[i / 8]) & mask) != 0)
			return false;
	}
	return true;
}

static bool
is_covered(const char *host, const char *const *networks)
{
	struct address a;

	if (read_address(host, strlen(host), &a) == -1)
		return false;
	for (; networks != NULL && *networks != NULL; networks++) {
		if (is_within(&a, *networks))
			return true;
	}
	return false;
}

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

static bool
is_safe(const struct url *u, const struct callback_rules *rules)
{
	return str_eq(u->scheme, "https") ||
	    is_covered(u->host, rules->networks);
}

/* --- one URL -------------------------------------------------------- */

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
	if (!is_safe(u, rules)) {
		err_set(err, ERR_USAGE, "a callback URL begins with https://");
		return err_hint(err,
		    "http:// is for addresses that allow_networks of the "
		    "section [callback] names.");
	}
	return 0;
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
