/* SPDX-License-Identifier: Apache-2.0 */
/* Which addresses are fit, whatever they are written like. */
#include "net/egress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "base/mem.h"
#include "base/str.h"

#define NETWORKS_MAX 4

static struct egress *
policy(const char *first, const char *second)
{
	const char *networks[NETWORKS_MAX] = {first, second};
	struct egress *e;
	struct error err;

	if (egress_new(networks, &e, &err) == -1)
		fail_msg("%s", err.text);
	return e;
}

static int
check(const struct egress *e, const char *text, bool is_http, struct error *err)
{
	struct sockaddr_storage sa = {0};
	struct sockaddr_in *v4 = (struct sockaddr_in *)&sa;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&sa;

	error_clear(err);
	if (strchr(text, ':') == NULL) {
		sa.ss_family = AF_INET;
		assert_int_equal(inet_pton(AF_INET, text, &v4->sin_addr), 1);
	} else {
		sa.ss_family = AF_INET6;
		assert_int_equal(inet_pton(AF_INET6, text, &v6->sin6_addr), 1);
	}
	return egress_check(e, (struct sockaddr *)&sa, is_http, err);
}

/* Each list ends in NULL. */
static void
must_be(const struct egress *e, const char *const *texts, int want)
{
	struct error err;

	for (; *texts != NULL; texts++) {
		if (check(e, *texts, false, &err) != want)
			fail_msg("%s: %d (%s)", *texts, -1 - want, err.text);
		if (want == 0)
			continue;
		assert_int_equal(err.code, ERR_REFUSED);
		assert_true(str_starts(err.text, "the address ") ||
		    strstr(err.text, " stands for IPv4: the address ") != NULL);
		assert_true(err.hint[0] != '\0');
		assert_false(err.sent);
	}
}

/* The first and the last of each, and what they are next to. */
static const char *const not_public[] = {"0.0.0.0", "0.0.0.1", "0.255.255.255",
    "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255", "127.0.0.0",
    "127.0.0.1", "127.255.255.255", "172.16.0.0", "172.31.255.255", "192.0.0.0",
    "192.0.0.255", "192.0.2.0", "192.0.2.255", "192.88.99.0", "192.88.99.255",
    "192.168.0.0", "192.168.255.255", "198.18.0.0", "198.19.255.255",
    "198.51.100.0", "198.51.100.255", "203.0.113.0", "203.0.113.255",
    "224.0.0.0", "239.255.255.255", "240.0.0.0", "255.255.255.254",
    "255.255.255.255", "::", "::1", "fc00::", "fdff:ffff::1", "fec0::1",
    "feff::1", "ff00::", "ff02::1", "ffff::1", "100::", "100::ffff:0:0:1",
    "2001:2::1", "2001:10::1", "2001:20::1", "2001:1ff::1",
    "2001:db8::", "2001:db8:ffff::1", "3fff::1", "3fff:fff::1", "5f00::1",
    "5f00:ffff::1", "4000::1", "1fff::1", "8000::1", "e000::1", "200::1", NULL};
static const char *const fit[] = {"1.0.0.0", "1.1.1.1", "8.8.8.8",
    "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0",
    "126.255.255.255", "128.0.0.0", "169.253.255.255", "169.255.0.0",
    "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.0.3.0", "192.88.98.255",
    "192.88.100.0", "192.167.255.255", "192.169.0.0", "198.17.255.255",
    "198.20.0.0", "198.51.99.255", "198.51.101.0", "203.0.112.255",
    "203.0.114.0", "223.255.255.255", "2000::", "2001:200::1", "2001:4860::1",
    "2001:db7:ffff::1", "2001:db9::1", "2001:ffff::1", "2003::1",
    "2606:4700::1", "2a00::1", "3ffe:ffff::1", "3fff:1000::1", NULL};
static const char *const never[] = {"169.254.0.0", "169.254.169.254",
    "169.254.170.2", "169.254.170.23", "169.254.255.255", "100.100.100.200",
    "168.63.129.16", "192.0.0.192", "fe80::", "fe80::1", "fe80::a9fe:a9fe",
    "febf:ffff::1", "fd00:ec2::254", "fd00:ec2::23", "fd00:ec2::253",
    "fd20:ce::254", "fd00:c1::a9fe:a9fe", "fd00:42::42", "fd00:a9fe:a9fe::1",
    "fd00:100::100:200", "64:ff9b:1::", "64:ff9b:1::808:808",
    "64:ff9b:1:ffff::1", NULL};

static void
without_networks_only_the_public_internet_is_fit(void **state)
{
	struct egress *e = policy(NULL, NULL);

	(void)state;
	must_be(e, not_public, -1);
	must_be(e, never, -1);
	must_be(e, fit, 0);
	egress_free(e);
}

static void
no_network_opens_metadata_and_link_local(void **state)
{
	struct egress *all = policy("0.0.0.0/0", "::/0"), *copy;
	struct error err;

	(void)state;
	must_be(all, not_public, 0);
	must_be(all, fit, 0);
	must_be(all, never, -1);
	copy = egress_copy(all);
	egress_free(all);
	must_be(copy, never, -1);
	assert_int_equal(check(copy, "127.0.0.1", false, &err), 0);
	egress_free(copy);
}

static void
a_network_opens_itself_and_no_more(void **state)
{
	static const char *const in[] = {"10.1.2.0", "10.1.2.255",
	    "fd12:3400::", "fd12:34ff:ffff::1", "::ffff:10.1.2.3", NULL};
	static const char *const out[] = {"10.1.1.255", "10.1.3.0", "127.0.0.1",
	    "fd12:33ff::1", "fd12:3500::1", "::1", "::ffff:10.1.3.0",
	    "::10.1.2.3", "2002:a01:203::1", "64:ff9b::10.1.2.3", NULL};
	struct egress *e = policy("10.1.2.0/24", "fd12:3400::/24");
	struct egress *one = policy("127.0.0.1", "::1");

	(void)state;
	must_be(e, in, 0);
	must_be(e, out, -1);
	must_be(e, never, -1);
	egress_free(e);
	must_be(one, (const char *const[]){"127.0.0.1", "::1", NULL}, 0);
	must_be(one,
	    (const char *const[]){
		"127.0.0.2", "::", "::2", "::127.0.0.1", "0.0.0.0", NULL},
	    -1);
	egress_free(one);
}

/* Each of these is in one of the networks, and so is nothing of IPv4. */
static void
a_network_of_ipv6_opens_nothing_of_ipv4(void **state)
{
	static const char *const in[] = {"127.0.0.1", "10.0.0.1",
	    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1",
	    "2002:7f00:1::1", "64:ff9b::10.0.0.1", NULL};
	struct egress *e = policy("::/0", NULL);

	(void)state;
	must_be(e, in, -1);
	must_be(e, never, -1);
	must_be(e,
	    (const char *const[]){"::1", "fd00::1", "::ffff:8.8.8.8",
		"64:ff9b::8.8.8.8", "::8.8.8.8", NULL},
	    0);
	egress_free(e);
}

/* 127.0.0.1 and 169.254.169.254, in each form there is. */
static void
an_ipv4_address_is_judged_in_whatever_it_is_wrapped(void **state)
{
	static const char *const loopback[] = {"::ffff:127.0.0.1",
	    "::ffff:7f00:1", "::127.0.0.1", "::ffff:0:127.0.0.1",
	    "64:ff9b::127.0.0.1", "64:ff9b::7f00:1",
	    "2002:7f00:1::", "2002:7f00:1::8.8.8.8",
	    "2001:0:808:808::80ff:fffe", "2001:0:7f00:1::f7f7:f7f7",
	    "2a00::5efe:127.0.0.1", "2a00::200:5efe:7f00:1", NULL};
	static const char *const metadata[] = {"::ffff:169.254.169.254",
	    "::169.254.169.254", "::ffff:0:169.254.169.254",
	    "64:ff9b::169.254.169.254", "2002:a9fe:a9fe::1",
	    "2001:0:808:808::5601:5601", "2001:0:a9fe:a9fe::f7f7:f7f7",
	    "2a00::5efe:169.254.169.254", "::ffff:100.100.100.200",
	    "64:ff9b::100.100.100.200", NULL};
	/* A public one behind it is no reason to go by a translator. */
	static const char *const strangers[] = {"::8.8.8.8", "::ffff:0:8.8.8.8",
	    "64:ff9b::8.8.8.8", "2002:808:808::1", "2001:0:808:808::f7f7:f7f7",
	    NULL};
	struct egress *none = policy(NULL, NULL);
	struct egress *v6 = policy("::/0", NULL);
	struct egress *all = policy("::/0", "0.0.0.0/0");

	(void)state;
	must_be(none, loopback, -1);
	must_be(none, metadata, -1);
	must_be(none, strangers, -1);
	must_be(none,
	    (const char *const[]){"::ffff:8.8.8.8", "2a00::5efe:8.8.8.8", NULL},
	    0);
	must_be(v6, loopback, -1);
	must_be(v6, metadata, -1);
	must_be(v6, strangers, 0);
	must_be(all, loopback, 0);
	must_be(all, metadata, -1);
	egress_free(none);
	egress_free(v6);
	egress_free(all);
}

static void
plain_http_is_spoken_to_networks_alone(void **state)
{
	struct egress *none = policy(NULL, NULL);
	struct egress *e = policy("127.0.0.0/8", "8.8.8.0/24");
	struct egress *nat = policy("64:ff9b::/96", NULL);
	struct error err;

	(void)state;
	assert_int_equal(check(none, "1.1.1.1", true, &err), -1);
	assert_non_null(strstr(err.text, "http://"));
	assert_non_null(strstr(err.hint, "https://"));
	assert_int_equal(check(none, "2a00::1", true, &err), -1);
	assert_int_equal(check(e, "1.1.1.1", true, &err), -1);
	assert_int_equal(check(e, "8.8.8.8", true, &err), 0);
	assert_int_equal(check(e, "::ffff:8.8.8.8", true, &err), 0);
	assert_int_equal(check(e, "127.1.2.3", true, &err), 0);
	assert_int_equal(check(e, "::1", true, &err), -1);
	assert_int_equal(check(nat, "64:ff9b::8.8.8.8", false, &err), 0);
	assert_int_equal(check(nat, "64:ff9b::8.8.8.8", true, &err), -1);
	egress_free(none);
	egress_free(e);
	egress_free(nat);
}

static void
what_is_no_address_of_the_internet_is_refused(void **state)
{
	struct egress *e = policy("0.0.0.0/0", "::/0");
	struct sockaddr_un un = {.sun_family = AF_UNIX, .sun_path = "/x"};
	struct sockaddr none = {.sa_family = AF_UNSPEC};
	struct sockaddr_in6 zone = {
	    .sin6_family = AF_INET6, .sin6_scope_id = 1};
	struct error err;

	(void)state;
	zone.sin6_addr.s6_addr[0] = 0x2a;
	assert_int_equal(
	    egress_check(e, (struct sockaddr *)&un, false, &err), -1);
	assert_int_equal(err.code, ERR_REFUSED);
	assert_int_equal(egress_check(e, &none, false, &err), -1);
	assert_int_equal(
	    egress_check(e, (struct sockaddr *)&zone, false, &err), -1);
	assert_int_equal(err.code, ERR_REFUSED);
	zone.sin6_scope_id = 0;
	assert_int_equal(
	    egress_check(e, (struct sockaddr *)&zone, false, &err), 0);
	egress_free(e);
}

static void
an_error_says_which_address_and_why(void **state)
{
	struct egress *e = policy("127.0.0.0/8", NULL);
	struct error err;

	(void)state;
	check(e, "10.0.0.7", false, &err);
	assert_string_equal(err.text,
	    "the address 10.0.0.7 is refused: private, and not in "
	    "allow_networks");
	assert_non_null(strstr(err.hint, "allow_networks"));
	check(e, "169.254.169.254", false, &err);
	assert_string_equal(err.text,
	    "the address 169.254.169.254 is refused: link-local, whatever "
	    "allow_networks says");
	check(e, "2002:a00:7::1", false, &err);
	assert_string_equal(err.text,
	    "2002:a00:7::1 stands for IPv4: the address 10.0.0.7 is refused: "
	    "private, and not in allow_networks");
	check(e, "::ffff:10.0.0.7", false, &err);
	assert_non_null(strstr(err.text, "the address 10.0.0.7 is refused"));
	egress_free(e);
}

static void
what_is_no_network_is_refused(void **state)
{
	static const struct {
		const char *text, *says, *hint;
	} bad[] = {
	    {"", "no network", "Write it"},
	    {"/", "no network", ""},
	    {"10.0.0.0/", "no network", ""},
	    {"10.0.0.0/33", "no network", ""},
	    {"10.0.0.0/-1", "no network", ""},
	    {"10.0.0.0/+8", "no network", ""},
	    {"10.0.0.0/08", "no network", ""},
	    {"10.0.0.0/8/8", "no network", ""},
	    {"10.0.0.0/8 ", "no network", ""},
	    {" 10.0.0.0/8", "no network", ""},
	    {"10.0.0.0/0x8", "no network", ""},
	    {"10.0.0.0/255.0.0.0", "no network", ""},
	    {"10/8", "no network", ""},
	    {"10.0.0/24", "no network", ""},
	    {"010.0.0.0/8", "no network", ""},
	    {"0x0a.0.0.0/8", "no network", ""},
	    {"167772160/8", "no network", ""},
	    {"10.0.0.256", "no network", ""},
	    {"10.0.0.0.0", "no network", ""},
	    {"localhost", "no network", ""},
	    {"*", "no network", ""},
	    {"fe80::1%lo", "no network", ""},
	    {"[::1]", "no network", ""},
	    {"::1/129", "no network", ""},
	    {":::/0", "no network", ""},
	    {"fd00::/8/", "no network", ""},
	    {"10.1.2.3/8", "bits behind its prefix", "Write 10.0.0.0/8"},
	    {"10.0.0.1/31", "bits behind its prefix", "Write 10.0.0.0/31"},
	    {"128.0.0.0/0", "bits behind its prefix", "Write 0.0.0.0/0"},
	    {"fd12::1/16", "bits behind its prefix", "Write fd12::/16"},
	    {"::1/127", "bits behind its prefix", "Write ::/127"},
	    {"::ffff:10.0.0.0/104", "a network of IPv4", "one of IPv4"},
	    {"::ffff:127.0.0.1", "a network of IPv4", ""},
	    {"169.254.0.0/16", "cannot be allowed: link-local", "Take it out"},
	    {"169.254.169.254", "cannot be allowed: link-local", ""},
	    {"fe80::/10", "cannot be allowed: link-local", ""},
	    {"fd00:ec2::254", "cannot be allowed: a metadata", ""},
	    {"100.100.100.200/32", "cannot be allowed: a metadata", ""},
	};
	static const char *const good[] = {"0.0.0.0/0", "10.0.0.0/8",
	    "10.0.0.0/31", "10.0.0.1", "10.0.0.1/32", "::/0", "::1", "fd00::/8",
	    "fd12:3456::/33", "64:ff9b::/96", "100.64.0.0/10", "169.0.0.0/8",
	    "::1/128", NULL};
	struct egress *e;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		const char *const list[] = {"10.0.0.0/8", bad[i].text, NULL};
		struct error err = {0};

		if (egress_new(list, &e, &err) != -1)
			fail_msg("'%s' is taken", bad[i].text);
		assert_int_equal(err.code, ERR_CONFIG);
		if (strstr(err.text, bad[i].says) == NULL ||
		    strstr(err.hint, bad[i].hint) == NULL)
			fail_msg(
			    "'%s': %s (%s)", bad[i].text, err.text, err.hint);
	}
	for (i = 0; good[i] != NULL; i++) {
		e = policy(good[i], NULL);
		egress_free(e);
	}
	egress_free(NULL);
}

static void
a_literal_address_is_judged_before_anything_is_sent(void **state)
{
	static const struct {
		const char *url;
		int rc;
	} cases[] = {
	    {"https://8.8.8.8/", 0},
	    {"http://8.8.8.8/", -1},
	    {"https://10.0.0.1/", -1},
	    {"https://[::1]/", -1},
	    {"https://[::ffff:10.0.0.1]/", -1},
	    {"https://[2a00::1]/", 0},
	    {"https://127.0.0.1:8443/x", 0},
	    {"http://127.0.0.1/", 0},
	    {"http://[::ffff:127.0.0.1]/", 0},
	    /* Names are looked up when they are connected to. */
	    {"https://localhost/", 0},
	    {"http://localhost/", 0},
	    {"https://169.254.169.254/", -1},
	};
	struct egress *e = policy("127.0.0.0/8", NULL);
	struct egress *none = policy(NULL, NULL);
	struct error err;
	struct url url;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(url_parse(cases[i].url, &url, &err), 0);
		if (egress_check_url(e, &url, &err) != cases[i].rc)
			fail_msg("%s", cases[i].url);
		assert_true(
		    egress_is_literal(&url) == (strchr(url.host, 'l') == NULL));
		url_done(&url);
	}
	/* http:// that can go nowhere is told at once. */
	assert_int_equal(url_parse("http://example.com/", &url, &err), 0);
	assert_int_equal(egress_check_url(none, &url, &err), -1);
	assert_int_equal(err.code, ERR_REFUSED);
	assert_non_null(strstr(err.hint, "allow_networks"));
	url_done(&url);
	egress_free(e);
	egress_free(none);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(without_networks_only_the_public_internet_is_fit),
	    cmocka_unit_test(no_network_opens_metadata_and_link_local),
	    cmocka_unit_test(a_network_opens_itself_and_no_more),
	    cmocka_unit_test(a_network_of_ipv6_opens_nothing_of_ipv4),
	    cmocka_unit_test(
		an_ipv4_address_is_judged_in_whatever_it_is_wrapped),
	    cmocka_unit_test(plain_http_is_spoken_to_networks_alone),
	    cmocka_unit_test(what_is_no_address_of_the_internet_is_refused),
	    cmocka_unit_test(an_error_says_which_address_and_why),
	    cmocka_unit_test(what_is_no_network_is_refused),
	    cmocka_unit_test(
		a_literal_address_is_judged_before_anything_is_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
