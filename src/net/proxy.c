/* SPDX-License-Identifier: Apache-2.0 */
/* Proxies, as the environment and configurations name them. */
#include "net/proxy.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

#define SEPARATORS ", \t"
#define HOST_SIZE 256

/* --- who needs none ------------------------------------------------- */

/* The first that is there decides, also where it is empty. */
static const char *
first_of(const char *const *names)
{
	const char *value = NULL;

	for (; value == NULL && *names != NULL; names++)
		value = getenv(*names);
	return str_empty(value) ? NULL : value;
}

static bool
same_bits(const uint8_t *a, const uint8_t *b, int64_t bits)
{
	size_t whole = (size_t)bits / 8;
	unsigned rest = (unsigned)bits % 8;

	return memcmp(a, b, whole) == 0 &&
	    (rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0);
}

/* An address in a network: "10.0.0.0/8", "fd00::/8". */
static bool
in_network(const char *host, char *network)
{
	char *slash = strchr(network, '/');
	int family = strchr(host, ':') != NULL ? AF_INET6 : AF_INET;
	int64_t bits = family == AF_INET6 ? 128 : 32;
	uint8_t a[16], b[16];

	if (slash != NULL) {
		*slash = '\0';
		if (str_to_i64(slash + 1, 0, bits, &bits) == -1)
			return false;
	}
	return inet_pton(family, host, a) == 1 &&
	    inet_pton(family, network, b) == 1 && same_bits(a, b, bits);
}

/* The name itself, or the end of one behind a dot. */
static bool
in_domain(const char *host, const char *domain)
{
	size_t len = strlen(host), n;

	if (*domain == '.')
		domain++;
	n = strlen(domain);
	if (n == 0 || n > len || !str_ieq(host + len - n, domain))
		return false;
	return n == len || host[len - n - 1] == '.';
}

static bool
is_excepted(const char *host, const char *list)
{
	char *copy, *rest, *item;
	bool found = false;

	if (str_eq(list, "*"))
		return true;
	copy = rest = xstrdup(list);
	while (!found && (item = strsep(&rest, SEPARATORS)) != NULL)
		found = *item != '\0' &&
		    (in_domain(host, item) || in_network(host, item));
	free(copy);
	return found;
}

static bool
is_this_host(const char *host)
{
	uint8_t v4[4];

	return str_eq(host, "localhost") || str_eq(host, "::1") ||
	    (inet_pton(AF_INET, host, v4) == 1 && v4[0] == 127);
}

/* --- which one ------------------------------------------------------ */

static const char *const for_https[] = {
    "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", NULL};
/* Not HTTP_PROXY: of a CGI program that is a header field of somebody's. */
static const char *const for_http[] = {
    "http_proxy", "all_proxy", "ALL_PROXY", NULL};
static const char *const exceptions[] = {"no_proxy", "NO_PROXY", NULL};

const char *
proxy_of_environment(const struct url *url)
{
	const char *proxy =
	    first_of(str_eq(url->scheme, "https") ? for_https : for_http);
	const char *list = first_of(exceptions);
	char host[HOST_SIZE];
	size_t len = strlen(url->host), skip = *url->host == '[' ? 1 : 0;

	if (proxy == NULL || len >= sizeof(host))
		return proxy;
	memcpy(host, url->host + skip, len - 2 * skip);
	host[len - 2 * skip] = '\0';
	if (is_this_host(host) || (list != NULL && is_excepted(host, list)))
		return NULL;
	return proxy;
}

/* Where the host begins: behind the scheme, user and password. */
static const char *
host_of(const char *proxy)
{
	const char *at, *begin = strstr(proxy, "://");

	begin = begin != NULL ? begin + 3 : proxy;
	at = memrchr(begin, '@', strcspn(begin, "/?#"));
	return at != NULL ? at + 1 : begin;
}

int
proxy_check(const char *proxy, struct error *err)
{
	const char *scheme =
	    str_starts(proxy, "https://") ? "https://" : "http://";
	char *bare = xasprintf("%s%s", scheme, host_of(proxy));
	struct url url;
	int rc = -1;

	if (!str_starts(proxy, scheme) || str_has_control(proxy)) {
		err_set(err, ERR_CONFIG, "it is no http:// or https:// URL");
	} else if (url_parse(bare, &url, err) == 0) {
		rc = 0;
		if (!str_eq(url.path, "/") || url.query != NULL)
			rc = err_set(err, ERR_CONFIG,
			    "a proxy is a host and a port, and no more");
		url_done(&url);
	}
	err->code = rc == -1 ? ERR_CONFIG : err->code;
	free(bare);
	return rc;
}

char *
proxy_name(const char *proxy)
{
	const char *scheme = strstr(proxy, "://"), *host = host_of(proxy);
	int scheme_len = scheme != NULL ? (int)(scheme - proxy) : 0;
	char *name = xasprintf("%.*s%s%.*s", scheme_len, proxy,
	    scheme != NULL ? "://" : "", (int)strcspn(host, "/?#"), host);

	str_defang(name);
	return name;
}
