/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses and networks are 16 bytes here, those of IPv4 as IPv6 maps them
 * (::ffff:a.b.c.d): so the mapped form is nothing of its own. A network of
 * IPv6 never holds one of them, however wide it is.
 */
#include "net/egress.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

#define ADDRESS_LEN 16
#define MAPPED_BITS 96
#define TEXT_LEN_MAX 64

struct network {
	uint8_t address[ADDRESS_LEN];
	unsigned bits;
	bool is_v4;
};

struct egress {
	struct network *v;
	size_t n;
};

struct rule {
	const char *text;
	const char *why;
	struct network network;
};

/* Where the address of IPv4 stands in one of IPv6. */
struct inner {
	unsigned at;
	uint8_t flip; /* turns its bits over */
};

/* Whatever is allowed. Of metadata services those are here that are not at a
 * link-local address. */
static struct rule never[] = {
    {.text = "169.254.0.0/16", .why = "link-local"},
    {.text = "fe80::/10", .why = "link-local"},
    {.text = "100.100.100.200", .why = "a metadata service (Alibaba)"},
    {.text = "168.63.129.16", .why = "a metadata service (Azure)"},
    {.text = "192.0.0.192", .why = "a metadata service (Oracle)"},
    {.text = "fd00:ec2::/32", .why = "a metadata service (AWS)"},
    {.text = "fd20:ce::254", .why = "a metadata service (Google)"},
    {.text = "fd00:c1::a9fe:a9fe", .why = "a metadata service (Oracle)"},
    {.text = "fd00:42::42", .why = "a metadata service (Scaleway)"},
    {.text = "fd00:a9fe:a9fe::1", .why = "a metadata service (Akamai)"},
    {.text = "fd00:100::100:200", .why = "a metadata service (Alibaba)"},
    /* Where in it the IPv4 address stands is its network's own affair. */
    {.text = "64:ff9b:1::/48", .why = "translated to IPv4 (RFC 8215)"},
};

/* Unless allowed. */
static struct rule special[] = {
    {.text = "0.0.0.0/8", .why = "this host"},
    {.text = "10.0.0.0/8", .why = "private"},
    {.text = "100.64.0.0/10", .why = "shared with a provider"},
    {.text = "127.0.0.0/8", .why = "loopback"},
    {.text = "172.16.0.0/12", .why = "private"},
    {.text = "192.0.0.0/24", .why = "reserved for protocols"},
    {.text = "192.0.2.0/24", .why = "for documentation"},
    {.text = "192.88.99.0/24", .why = "a relay of 6to4"},
    {.text = "192.168.0.0/16", .why = "private"},
    {.text = "198.18.0.0/15", .why = "for benchmarks"},
    {.text = "198.51.100.0/24", .why = "for documentation"},
    {.text = "203.0.113.0/24", .why = "for documentation"},
    {.text = "224.0.0.0/4", .why = "multicast"},
    {.text = "255.255.255.255", .why = "broadcast"},
    {.text = "240.0.0.0/4", .why = "reserved"},
    {.text = "::", .why = "this host"},
    {.text = "::1", .why = "loopback"},
    {.text = "fc00::/7", .why = "private"},
    {.text = "fec0::/10", .why = "private"},
    {.text = "ff00::/8", .why = "multicast"},
    {.text = "100::/64", .why = "discarded"},
    {.text = "2001::/23", .why = "reserved for protocols"},
    {.text = "2001:db8::/32", .why = "for documentation"},
    {.text = "3fff::/20", .why = "for documentation"},
    {.text = "5f00::/16", .why = "segment routing"},
};

/* Prefixes behind which an IPv4 address stands, which is where it goes. They
 * have to be allowed as such, and so has that address if it is not public. */
static struct {
	struct rule rule;
	struct inner inner;
} stand_ins[] = {
    {{.text = "::/96", .why = "stands for IPv4"}, {.at = 12}},
    {{.text = "::ffff:0:0:0/96", .why = "translated to IPv4"}, {.at = 12}},
    {{.text = "64:ff9b::/96", .why = "translated to IPv4 (NAT64)"}, {.at = 12}},
    {{.text = "2002::/16", .why = "tunnelled to IPv4 (6to4)"}, {.at = 2}},
    {{.text = "2001::/32", .why = "tunnelled to IPv4 (Teredo)"},
	{.at = 12, .flip = 0xff}},
    {{.text = "2001::/32", .why = "tunnelled by IPv4 (Teredo)"}, {.at = 4}},
};

static const uint8_t mapped[MAPPED_BITS / 8] = {[10] = 0xff, 0xff};

/* --- networks ------------------------------------------------------- */

static bool
is_v4(const uint8_t *address)
{
	return memcmp(address, mapped, sizeof(mapped)) == 0;
}

static void
from_v4(const void *v4, uint8_t out[ADDRESS_LEN])
{
	memcpy(out, mapped, sizeof(mapped));
	memcpy(out + sizeof(mapped), v4, 4);
}

static void
write_address(const uint8_t *address, char out[TEXT_LEN_MAX])
{
	if (is_v4(address))
		inet_ntop(AF_INET, address + 12, out, TEXT_LEN_MAX);
	else
		inet_ntop(AF_INET6, address, out, TEXT_LEN_MAX);
}

static bool
has_bit(const uint8_t *address, unsigned i)
{
	return (address[i / 8] & (0x80 >> (i % 8))) != 0;
}

static bool
within(const struct network *n, const uint8_t *address)
{
	unsigned whole = n->bits / 8, rest = n->bits % 8;

	return n->is_v4 == is_v4(address) &&
	    memcmp(n->address, address, whole) == 0 &&
	    (rest == 0 ||
		((n->address[whole] ^ address[whole]) >> (8 - rest)) == 0);
}

/* inet_pton() knows no octal numbers, no short forms and no zones. */
static int
read_address(const char *s, struct network *n)
{
	uint8_t v4[4];

	n->is_v4 = inet_pton(AF_INET, s, v4) == 1;
	if (n->is_v4)
		from_v4(v4, n->address);
	else if (inet_pton(AF_INET6, s, n->address) != 1)
		return -1;
	return 0;
}

static int
read_bits(const char *s, unsigned max, unsigned *out)
{
	int64_t bits;

	if ((s[0] == '0' && s[1] != '\0') || str_to_i64(s, 0, max, &bits) == -1)
		return -1;
	*out = (unsigned)bits;
	return 0;
}

static int
split(const char *s, struct network *n)
{
	char text[TEXT_LEN_MAX];
	const char *slash = strchr(s, '/');
	size_t len = slash != NULL ? (size_t)(slash - s) : strlen(s);
	unsigned max;

	if (len >= sizeof(text))
		return -1;
	memcpy(text, s, len);
	text[len] = '\0';
	if (read_address(text, n) == -1)
		return -1;
	max = n->is_v4 ? 32 : 128;
	n->bits = max;
	if (slash != NULL && read_bits(slash + 1, max, &n->bits) == -1)
		return -1;
	if (n->is_v4)
		n->bits += MAPPED_BITS;
	return 0;
}

/* Whoever writes 10.1.2.3/8 may mean a host or a network. */
static int
refuse_rest(const struct network *n, const char *s, struct error *err)
{
	char text[TEXT_LEN_MAX];
	struct network base = *n;
	unsigned i;

	for (i = n->bits; i < 8 * ADDRESS_LEN; i++)
		base.address[i / 8] &= (uint8_t) ~(0x80 >> (i % 8));
	write_address(base.address, text);
	err_set(err, ERR_CONFIG, "%s has bits behind its prefix", s);
	return err_hint(err, "Write %s%s, or the address without a prefix.",
	    text, strchr(s, '/'));
}

static const struct rule *
find_rule(const struct rule *rules, size_t n, const uint8_t *address)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (within(&rules[i].network, address))
			return &rules[i];
	}
	return NULL;
}

/* All of it lies where nothing is allowed. */
static const struct rule *
find_never(const struct network *n)
{
	const struct rule *r = find_rule(never, ARRAY_LEN(never), n->address);

	return r != NULL && r->network.bits <= n->bits ? r : NULL;
}

static int
read_network(const char *s, struct network *n, struct error *err)
{
	const struct rule *r;
	unsigned i;

	if (split(s, n) == -1) {
		err_set(err, ERR_CONFIG, "%.64s is no network", s);
		return err_hint(err,
		    "Write it as 10.0.0.0/8, fd12::/16, or a single address "
		    "of four decimal numbers.");
	}
	if (!n->is_v4 && is_v4(n->address)) {
		err_set(err, ERR_CONFIG, "%s stands for a network of IPv4", s);
		return err_hint(err, "Write it as one of IPv4.");
	}
	for (i = n->bits; i < 8 * ADDRESS_LEN; i++) {
		if (has_bit(n->address, i))
			return refuse_rest(n, s, err);
	}
	r = find_never(n);
	if (r == NULL)
		return 0;
	err_set(err, ERR_CONFIG, "%s cannot be allowed: %s", s, r->why);
	return err_hint(err, "Take it out: nothing is ever sent there.");
}

/* --- tables --------------------------------------------------------- */

static pthread_once_t tables_once = PTHREAD_ONCE_INIT;

static void
read_rule(struct rule *r)
{
	if (split(r->text, &r->network) == -1)
		abort();
}

static void
read_tables(void)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(never); i++)
		read_rule(&never[i]);
	for (i = 0; i < ARRAY_LEN(special); i++)
		read_rule(&special[i]);
	for (i = 0; i < ARRAY_LEN(stand_ins); i++)
		read_rule(&stand_ins[i].rule);
}

/* --- policies ------------------------------------------------------- */

int
egress_new(const char *const *networks, struct egress **out, struct error *err)
{
	struct egress *e = xcalloc(1, sizeof(*e));
	size_t n = 0;

	pthread_once(&tables_once, read_tables);
	while (networks != NULL && networks[n] != NULL)
		n++;
	e->v = xcalloc(n + 1, sizeof(*e->v));
	for (; e->n < n; e->n++) {
		if (read_network(networks[e->n], &e->v[e->n], err) == -1) {
			egress_free(e);
			return -1;
		}
	}
	*out = e;
	return 0;
}

struct egress *
egress_copy(const struct egress *e)
{
	struct egress *copy = xcalloc(1, sizeof(*copy));

	copy->n = e->n;
	copy->v = xcalloc(e->n + 1, sizeof(*e->v));
	memcpy(copy->v, e->v, e->n * sizeof(*e->v));
	return copy;
}

void
egress_free(struct egress *e)
{
	if (e == NULL)
		return;
	free(e->v);
	free(e);
}

static bool
is_allowed(const struct egress *e, const uint8_t *address)
{
	size_t i;

	for (i = 0; i < e->n; i++) {
		if (within(&e->v[i], address))
			return true;
	}
	return false;
}

/* --- judgement ------------------------------------------------------ */

static int
refuse(const uint8_t *address, const char *why, const char *but,
    const char *hint, struct error *err)
{
	char text[TEXT_LEN_MAX];

	write_address(address, text);
	err_set(err, ERR_REFUSED, "the address %s is refused: %s%s", text, why,
	    but);
	/* A name may have another one next time. */
	err->retryable = true;
	return err_hint(err, "%s", hint);
}

static int
refuse_never(const uint8_t *address, const struct rule *r, struct error *err)
{
	return refuse(address, r->why, ", whatever allow_networks says",
	    "Nothing is ever sent there; name another receiver.", err);
}

static int
refuse_special(const uint8_t *address, const char *why, struct error *err)
{
	return refuse(address, why, ", and not in allow_networks",
	    "If the receiver is meant to be there, name its network in "
	    "allow_networks.",
	    err);
}

static int
refuse_http(const uint8_t *address, struct error *err)
{
	return refuse(address, "http:// is spoken to allow_networks alone", "",
	    "Use https://; or name its network in allow_networks, where all "
	    "that is sent may be read on the way.",
	    err);
}

/* "0:5efe:a.b.c.d" behind any prefix (ISATAP, RFC 5214, 6.1). */
static bool
is_isatap(const uint8_t *a)
{
	return !is_v4(a) && (a[8] & ~2) == 0 && a[9] == 0 && a[10] == 0x5e &&
	    a[11] == 0xfe;
}

/* Of an address by itself, whatever may stand behind it. */
static int
judge_plain(const struct egress *e, const uint8_t *address, bool is_http,
    struct error *err)
{
	const struct rule *r = find_rule(never, ARRAY_LEN(never), address);

	if (r != NULL)
		return refuse_never(address, r, err);
	if (is_allowed(e, address))
		return 0;
	r = find_rule(special, ARRAY_LEN(special), address);
	if (r != NULL)
		return refuse_special(address, r->why, err);
	/* All that is given out so far is within 2000::/3. */
	if (!is_v4(address) && address[0] >> 5 != 1)
		return refuse_special(address, "not public", err);
	return is_http ? refuse_http(address, err) : 0;
}

static int
judge_inner(const struct egress *e, const uint8_t *address, struct inner where,
    bool is_http, struct error *err)
{
	uint8_t v4[4], inner[ADDRESS_LEN];
	char text[TEXT_LEN_MAX];
	unsigned i;

	for (i = 0; i < sizeof(v4); i++)
		v4[i] = address[where.at + i] ^ where.flip;
	from_v4(v4, inner);
	if (judge_plain(e, inner, is_http, err) == 0)
		return 0;
	write_address(address, text);
	return err_prefix(err, "%s stands for IPv4", text);
}

/* The two of "::/96" that are none. */
static bool
is_self(const uint8_t *address)
{
	static const uint8_t zeros[ADDRESS_LEN - 1];

	return memcmp(address, zeros, sizeof(zeros)) == 0 &&
	    address[ADDRESS_LEN - 1] <= 1;
}

static int
judge_stand_ins(const struct egress *e, const uint8_t *address, bool is_http,
    struct error *err)
{
	static const struct inner last = {.at = 12};
	size_t i;

	if (is_self(address))
		return 0;
	for (i = 0; i < ARRAY_LEN(stand_ins); i++) {
		const struct rule *r = &stand_ins[i].rule;

		if (!within(&r->network, address))
			continue;
		if (judge_inner(e, address, stand_ins[i].inner, is_http, err) ==
		    -1)
			return -1;
		if (!is_allowed(e, address))
			return refuse_special(address, r->why, err);
	}
	return is_isatap(address) ? judge_inner(e, address, last, is_http, err)
				  : 0;
}

static int
judge(const struct egress *e, const uint8_t *address, bool is_http,
    struct error *err)
{
	if (judge_stand_ins(e, address, is_http, err) == -1)
		return -1;
	return judge_plain(e, address, is_http, err);
}

int
egress_check(const struct egress *e, const struct sockaddr *sa, bool is_http,
    struct error *err)
{
	uint8_t address[ADDRESS_LEN];
	struct sockaddr_in6 v6;
	struct sockaddr_in v4;

	switch (sa->sa_family) {
	case AF_INET:
		memcpy(&v4, sa, sizeof(v4));
		from_v4(&v4.sin_addr, address);
		break;
	case AF_INET6:
		memcpy(&v6, sa, sizeof(v6));
		memcpy(address, &v6.sin6_addr, sizeof(address));
		if (v6.sin6_scope_id != 0)
			return refuse(address, "it is one of a single link", "",
			    "Name a receiver that has an address without a "
			    "zone.",
			    err);
		break;
	default:
		return err_set(err, ERR_REFUSED,
		    "an address that is none of the internet is refused");
	}
	return judge(e, address, is_http, err);
}

/* --- URLs ----------------------------------------------------------- */

static int
literal_of(const struct url *url, uint8_t out[ADDRESS_LEN])
{
	char text[TEXT_LEN_MAX];
	struct network n;
	size_t len = strlen(url->host), skip = *url->host == '[' ? 1 : 0;

	if (len >= sizeof(text))
		return -1;
	memcpy(text, url->host + skip, len - 2 * skip);
	text[len - 2 * skip] = '\0';
	if (read_address(text, &n) == -1)
		return -1;
	memcpy(out, n.address, ADDRESS_LEN);
	return 0;
}

bool
egress_is_literal(const struct url *url)
{
	uint8_t ignored[ADDRESS_LEN];

	return literal_of(url, ignored) == 0;
}

int
egress_check_url(
    const struct egress *e, const struct url *url, struct error *err)
{
	bool is_http = str_eq(url->scheme, "http");
	uint8_t address[ADDRESS_LEN];

	if (literal_of(url, address) == 0)
		return judge(e, address, is_http, err);
	if (!is_http || e->n > 0)
		return 0;
	err_set(err, ERR_REFUSED,
	    "http:// is spoken to allow_networks alone, and there are none");
	return err_hint(err,
	    "Use https://; or name the receiver's network in allow_networks, "
	    "such as 127.0.0.0/8 for one on this machine.");
}
