/* SPDX-License-Identifier: Apache-2.0 */
/* What of header fields is kept, and what never is. */
#include "deliver/whfields.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/str.h"
#include "job/attempt.h"

#define TOKEN "eyJhbGciOiJub25lIn0"
#define URL "https://h.example/in?key=0123456789abcdef"

struct world {
	struct headers h, extra;
};

static int
enter(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));

	headers_init(&w->h);
	headers_init(&w->extra);
	*state = w;
	return 0;
}

static int
leave(void **state)
{
	struct world *w = *state;

	headers_done(&w->h);
	headers_done(&w->extra);
	free(w);
	return 0;
}

static void
sent_is(struct world *w, const char *want)
{
	char *text = whfields_of_request(&w->h, &w->extra);

	assert_string_equal(text, want);
	free(text);
}

static void
heard_is(struct world *w, const char *want)
{
	static const char *const urls[] = {NULL, URL};
	char *text = whfields_of_answer(&w->h, &w->extra, urls, 2);

	assert_string_equal(text, want);
	free(text);
}

static void
fields_stand_in_their_order_each_as_often_as_it_came(void **state)
{
	struct world *w = *state;

	headers_add(&w->h, "Via", "a");
	headers_add(&w->h, "Date", "today: 12:00");
	headers_add(&w->h, "via", "b");
	headers_add(&w->h, "X-Empty", "");
	heard_is(w, "Via: a\nDate: today: 12:00\nvia: b\nX-Empty: \n");
}

static void
none_are_nothing(void **state)
{
	struct world *w = *state;

	assert_null(whfields_of_request(&w->h, &w->extra));
	headers_add(&w->h, "", "a field without a name");
	assert_null(whfields_of_answer(&w->h, &w->extra, NULL, 0));
}

static void
secrets_are_known_by_their_names(void **state)
{
	static const char *const secret[] = {"Authorization",
	    "proxy-authorization", "COOKIE", "Set-Cookie", "WWW-Authenticate",
	    "Proxy-Authenticate", "Authentication-Info", "webhook-signature",
	    "awaitd-result-url", "X-Api-Key", "ApiKey", "X-Amz-Security-Token",
	    "X-CSRF-Token", "X-Session-Id", "X-Hub-Signature-256", "x-sIG",
	    "X-JWT-Assertion", "X-Bearer", "X-DB-Pwd", "X-Passphrase",
	    "X-XSRF"};
	static const char *const plain[] = {"Content-Type", "webhook-id",
	    "webhook-timestamp", "awaitd-attempt", "traceparent", "Date",
	    "Server", "ce-id", "awaitd-output-location", "Retry-After"};
	struct world *w = *state;
	char *text, *line;
	size_t i;

	for (i = 0; i < ARRAY_LEN(secret); i++)
		headers_add(&w->h, secret[i], "0123");
	for (i = 0; i < ARRAY_LEN(plain); i++)
		headers_add(&w->h, plain[i], "4567");
	text = whfields_of_request(&w->h, &w->extra);
	assert_null(strstr(text, "0123"));
	for (i = 0; i < ARRAY_LEN(plain); i++) {
		line = xasprintf("\n%s: 4567\n", plain[i]);
		assert_non_null(strstr(text, line));
		free(line);
	}
	free(text);
}

static void
what_header_file_has_is_secret_whatever_its_name(void **state)
{
	struct world *w = *state;

	headers_add(&w->extra, "X-Tenant", "acme");
	headers_add(&w->h, "Content-Type", "text/plain");
	headers_add(&w->h, "x-tenant", "acme");
	sent_is(w, "Content-Type: text/plain\nx-tenant: ***\n");
}

static void
what_is_echoed_is_not_kept(void **state)
{
	struct world *w = *state;

	headers_add(&w->extra, "X-Tenant", "Bearer " TOKEN);
	headers_add(&w->h, "X-Echo", "got " TOKEN "!");
	headers_add(&w->h, "X-" TOKEN, "a");
	headers_add(&w->h, "Location", "/in?key=0123456789abcdef");
	heard_is(w,
	    "X-Echo: got *******************!\n"
	    "X-*******************: a\n"
	    "Location: /in*********************\n");
}

/* A redirect may carry what logs somebody in. */
static void
of_its_own_urls_only_the_places_are_kept(void **state)
{
	struct world *w = *state;

	headers_add(&w->h, "LOCATION", "https://me:pw@a.example/b@c?code=1#t");
	headers_add(&w->h, "Content-Location", "/b#access=2");
	headers_add(&w->h, "Location", "//me@a.example");
	headers_add(&w->h, "Refresh", "0; url=/in?ticket=3");
	headers_add(&w->h, "Link", "</a?b=4>; rel=\"next\", </c>");
	headers_add(&w->h, "X-Why", "what? me@a.example");
	heard_is(w,
	    "LOCATION: https://*****@a.example/b@c?********\n"
	    "Content-Location: /b#********\n"
	    "Location: //**@a.example\n"
	    "Refresh: 0; url=/in?********\n"
	    "Link: </a?***>; rel=\"next\", </c>\n"
	    "X-Why: what? me@a.example\n");
}

/* The cut comes behind the mask, or half a secret would stay. */
static void
a_secret_at_the_cut_is_not_kept_either(void **state)
{
	char value[600], *text;
	struct world *w = *state;

	memset(value, 'x', 500);
	memcpy(value + 500, TOKEN, sizeof(TOKEN));
	headers_add(&w->extra, "X-Tenant", TOKEN);
	headers_add(&w->h, "X-Echo", value);
	text = whfields_of_answer(&w->h, &w->extra, NULL, 0);
	assert_null(strstr(text, "eyJ"));
	assert_true(str_ends(text, "x************...\n"));
	free(text);
}

/* One that begins where it is shown, and is longer than what is looked at. */
static void
a_long_secret_is_not_kept_either(void **state)
{
	char secret[4000], value[4600], *text;
	struct world *w = *state;
	size_t i;

	for (i = 0; i < sizeof(secret) - 1; i++)
		secret[i] = (char)('a' + i * i % 23);
	secret[i] = '\0';
	snprintf(value, sizeof(value), "%0500d%s", 0, secret);
	headers_add(&w->extra, "X-Tenant", secret);
	headers_add(&w->h, "X-Echo", value);
	text = whfields_of_answer(&w->h, &w->extra, NULL, 0);
	assert_true(str_ends(text, "0************...\n"));
	free(text);
}

/* A head of 64 KiB has room for so many, and this is the loop's own time. */
static void
thousands_of_fields_cost_no_more_than_those_that_are_kept(void **state)
{
	char url[2000] = URL "&token=", *text;
	const char *const urls[] = {url};
	struct world *w = *state;
	clock_t began;
	size_t i;

	memset(url + strlen(url), 'u', sizeof(url) - strlen(url) - 1);
	headers_add(&w->extra, "X-Tenant", TOKEN);
	for (i = 0; i < 5000; i++)
		headers_add(&w->h, "X-Number", "12345678");
	began = clock();
	text = whfields_of_answer(&w->h, &w->extra, urls, ARRAY_LEN(urls));
	assert_true(clock() - began < CLOCKS_PER_SEC / 20);
	assert_in_range(strlen(text), 2000, ATTEMPT_HEADERS_MAX);
	free(text);
}

static void
what_a_terminal_would_obey_is_escaped(void **state)
{
	struct world *w = *state;

	headers_add(&w->h, "X\033[2J", "a\tb\033[31m\x7f \\x41");
	headers_add(&w->h, "Latin", "gr\xfc\xdf");
	headers_add(&w->h, "C1",
	    "\xc2\x9b"
	    "1m \xc3\xa4");
	heard_is(w,
	    "X\\x1b[2J: a\\x09b\\x1b[31m\\x7f \\x41\n"
	    "Latin: gr\\xfc\\xdf\n"
	    "C1: \\xc2\\x9b1m \xc3\xa4\n");
}

static void
there_are_bounds_and_lines_stay_whole(void **state)
{
	char value[700], *text;
	struct world *w = *state;
	size_t lines = 0, i;

	memset(value, 'v', sizeof(value));
	value[699] = '\0';
	/* Of several bytes, none is cut in two. */
	for (i = 511; i < 697; i += 3)
		memcpy(value + i, "\xe2\x82\xac", 3);
	for (i = 0; i < 9; i++)
		headers_add(&w->h, "X-Long", value);
	headers_add(&w->h, "X-Last", "short");
	text = whfields_of_request(&w->h, &w->extra);
	assert_in_range(strlen(text), 1500, ATTEMPT_HEADERS_MAX);
	for (i = 0; text[i] != '\0'; i++)
		lines += text[i] == '\n';
	assert_int_equal(lines, 3);
	assert_true(str_ends(text, "v\xe2\x82\xac...\n"));
	assert_null(strstr(text, "X-Last"));
	assert_true(str_is_text(text, strlen(text)));
	free(text);
}

#define T(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(fields_stand_in_their_order_each_as_often_as_it_came),
	    T(none_are_nothing),
	    T(secrets_are_known_by_their_names),
	    T(what_header_file_has_is_secret_whatever_its_name),
	    T(what_is_echoed_is_not_kept),
	    T(of_its_own_urls_only_the_places_are_kept),
	    T(a_secret_at_the_cut_is_not_kept_either),
	    T(a_long_secret_is_not_kept_either),
	    T(thousands_of_fields_cost_no_more_than_those_that_are_kept),
	    T(what_a_terminal_would_obey_is_escaped),
	    T(there_are_bounds_and_lines_stay_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
