/* SPDX-License-Identifier: Apache-2.0 */
/* A strict parser of http and https URLs. */
#include "net/url.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

#define HOST_LEN_MAX 253
#define LABEL_LEN_MAX 63

static int
default_port(const char *scheme)
{
	return str_eq(scheme, "https") ? 443 : 80;
}

/* The length of "http://" or "https://" in whatever case, or 0. */
static size_t
scheme_len(const char *s)
{
	if (strncasecmp(s, "http://", 7) == 0)
		return 7;
	return strncasecmp(s, "https://", 8) == 0 ? 8 : 0;
}

/* --- characters ----------------------------------------------------- */

static bool
is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
	    (c >= 'A' && c <= 'F');
}

/* pchar, '/' and, in a query, '?' (RFC 3986, 3.3 and 3.4). */
static bool
all_allowed(const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s == '%') {
			if (!is_hex(s[1]) || !is_hex(s[2]))
				return false;
			s += 2;
			continue;
		}
		if (!str_is_alnum((unsigned char)*s) &&
		    strchr("-._~!$&'()*+,;=:@/?", *s) == NULL)
			return false;
	}
	return true;
}

/* --- host ----------------------------------------------------------- */

static bool
is_label(const char *s, size_t len)
{
	size_t i;

	if (len == 0 || len > LABEL_LEN_MAX || s[0] == '-' || s[len - 1] == '-')
		return false;
	for (i = 0; i < len; i++) {
		/* Names of containers have underscores. */
		if (!str_is_alnum((unsigned char)s[i]) && s[i] != '-' &&
		    s[i] != '_')
			return false;
	}
	return true;
}

static bool
is_number(const char *s)
{
	bool hex = s[0] == '0' && (s[1] == 'x' || s[1] == 'X');

	if (hex)
		s += 2;
	while (hex ? is_hex(*s) : *s >= '0' && *s <= '9')
		s++;
	return *s == '\0' || *s == '.';
}

/*
 * Resolvers take "127.1", "127.0.0.0x1" and "2130706433" for addresses. A
 * name that ends in a number has to be an address of four plain parts.
 */
static bool
is_name_or_v4(const char *host)
{
	const char *label = host, *last = host;
	struct in_addr v4;

	while (*label != '\0') {
		size_t n = strcspn(label, ".");

		if (!is_label(label, n))
			return false;
		last = label;
		label += n;
		if (*label == '.')
			label++;
	}
	if (!is_number(last))
		return true;
	return inet_pton(AF_INET, host, &v4) == 1;
}

static bool
is_v6(const char *host)
{
	struct in6_addr v6;
	size_t len = strlen(host);
	char *inner;
	bool ok;

	if (len < 4 || host[len - 1] != ']')
		return false;
	inner = xstrndup(host + 1, len - 2);
	ok = inet_pton(AF_INET6, inner, &v6) == 1;
	free(inner);
	return ok;
}

static bool
is_host(const char *host)
{
	size_t len = strlen(host);

	if (len == 0 || len > HOST_LEN_MAX)
		return false;
	return *host == '[' ? is_v6(host) : is_name_or_v4(host);
}

/* "host", "host:port"; no port leaves *port as it is. */
static int
take_authority(
    const char *s, size_t len, char **host, int *port, struct error *err)
{
	const char *colon = NULL, *end;
	int64_t n;

	if (memchr(s, '@', len) != NULL)
		return err_set(err, ERR_USAGE,
		    "a user name or password in a URL is not supported");
	*host = xstrndup(s, len);
	end = **host == '[' ? strchr(*host, ']') : *host;
	if (end != NULL)
		colon = strchr(end, ':');
	if (colon != NULL) {
		/* A leading zero is refused: some read it as octal. */
		if (colon[1] == '0' || strlen(colon + 1) > 5 ||
		    str_to_i64(colon + 1, 1, 65535, &n) == -1)
			return err_set(err, ERR_USAGE,
			    "the port of the URL is no number from 1 to 65535");
		*port = (int)n;
		(*host)[colon - *host] = '\0';
	}
	str_lower(*host);
	if (is_host(*host))
		return 0;
	err_set(err, ERR_USAGE, "the URL has no valid host name or address");
	return err_hint(err,
	    "A name is ASCII (xn--... for other letters), an IPv4 address four "
	    "decimal numbers.");
}

static int
take_rest(const char *s, struct url *u, struct error *err)
{
	size_t n = strcspn(s, "?");

	if (strchr(s, '#') != NULL)
		return err_set(
		    err, ERR_USAGE, "a URL with '#' means nothing to a server");
	if (!all_allowed(s))
		return err_set(err, ERR_USAGE,
		    "the URL holds a character that has to be "
		    "percent-encoded, or a '%%' without two digits");
	u->path = n > 0 ? xstrndup(s, n) : xstrdup("/");
	u->query = s[n] == '?' ? xstrdup(s + n + 1) : NULL;
	return 0;
}

int
url_parse(const char *s, struct url *out, struct error *err)
{
	size_t skip = scheme_len(s), n;
	struct url u = {0};

	if (strlen(s) > URL_LEN_MAX)
		return err_set(err, ERR_USAGE,
		    "the URL is longer than %d bytes", URL_LEN_MAX);
	if (skip == 0)
		return err_set(
		    err, ERR_USAGE, "a URL begins with http:// or https://");
	u.scheme = xstrndup(s, skip - 3);
	str_lower(u.scheme);
	u.port = default_port(u.scheme);
	s += skip;
	n = strcspn(s, "/?#");
	if (take_authority(s, n, &u.host, &u.port, err) == -1 ||
	    take_rest(s + n, &u, err) == -1) {
		url_done(&u);
		return -1;
	}
	*out = u;
	return 0;
}

void
url_done(struct url *u)
{
	free(u->scheme);
	free(u->host);
	free(u->path);
	free(u->query);
	memset(u, 0, sizeof(*u));
}

char *
url_host_header(const struct url *u)
{
	return u->port == default_port(u->scheme)
	    ? xstrdup(u->host)
	    : xasprintf("%s:%d", u->host, u->port);
}
