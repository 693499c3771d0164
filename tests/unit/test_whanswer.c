/* SPDX-License-Identifier: Apache-2.0 */
/* Verdicts of receivers without a network, and what is not kept of answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/mem.h"
#include "deliver/whanswer.h"

static struct deliver_result
judged(int status, bool unsent, const char *body)
{
	struct http_response r = {.status = status, .unsent = unsent};
	struct deliver_result out;

	headers_init(&r.headers);
	buf_init(&r.body, ATTEMPT_RESPONSE_MAX);
	buf_puts(&r.body, body);
	whanswer_judge(&r, NULL, &out);
	headers_done(&r.headers);
	buf_done(&r.body);
	return out;
}

static void
each_status_has_its_verdict(void **state)
{
	int status;

	(void)state;
	for (status = 100; status < 1000; status++) {
		struct deliver_result d = judged(status, false, "");

		assert_int_equal(d.verdict,
		    status >= 200 && status < 300 ? DELIVER_OK
			: status == 410           ? DELIVER_GONE
						  : DELIVER_RETRY);
		assert_int_equal(d.status, status);
		assert_int_equal(d.note == NULL, d.verdict == DELIVER_OK);
		assert_null(d.response);
		whanswer_done(&d);
	}
}

static void
success_needs_all_of_the_body(void **state)
{
	struct deliver_result d = judged(200, true, "");

	(void)state;
	assert_int_equal(d.verdict, DELIVER_RETRY);
	assert_int_equal(d.status, 200);
	assert_string_equal(
	    d.note, "answered 200 without taking all of the body");
	whanswer_done(&d);
	d = judged(410, true, "");
	assert_int_equal(d.verdict, DELIVER_GONE);
	whanswer_done(&d);
	d = judged(413, true, "");
	assert_int_equal(d.verdict, DELIVER_RETRY);
	assert_string_equal(d.note, "answered 413");
	whanswer_done(&d);
}

static void
an_error_is_tried_again(void **state)
{
	struct error err = {0};
	struct deliver_result d;

	(void)state;
	err_set(&err, ERR_NET, "connection reset");
	whanswer_judge(NULL, &err, &d);
	assert_int_equal(d.verdict, DELIVER_RETRY);
	assert_int_equal(d.status, ATTEMPT_NO_STATUS);
	assert_string_equal(d.note, "connection reset");
	assert_false(d.stale);
	whanswer_done(&d);
	err.stale = true;
	whanswer_judge(NULL, &err, &d);
	assert_int_equal(d.verdict, DELIVER_RETRY);
	assert_true(d.stale);
	whanswer_done(&d);
}

#define TOKEN "eyJhbGciOiJub25lIn0"

static void
masked(const char *body, const char *want)
{
	static const char *const url = "https://b.s3.amazonaws.com/k?"
				       "X-Amz-Expires=60&X-Amz-Signature="
				       "0123456789abcdef";
	struct deliver_result d = judged(500, false, body);
	struct headers h;

	headers_init(&h);
	headers_add(&h, "Authorization", "Bearer " TOKEN);
	headers_add(&h, "X-Short", "ab");
	headers_add(&h, "X-Part", "0ld-pass");
	headers_add(&h, "X-Whole", "0ld-pass/and-more");
	headers_add(&h, "X-Crumbs", "id=cr0mb-cake; a=\"b4ked-good\"");
	whanswer_mask(&d, &h, &url, 1);
	assert_string_equal(d.response, want);
	whanswer_done(&d);
	headers_done(&h);
}

static void
what_is_echoed_is_not_kept(void **state)
{
	(void)state;
	masked("ab is fine, Bearer is fine", "ab is fine, Bearer is fine");
	masked("{\"a\":\"Bearer " TOKEN "\"}",
	    "{\"a\":\"Bearer *******************\"}");
	masked(TOKEN TOKEN, "**************************************");
	masked("sig 0123456789abcdef.", "sig ****************.");
	masked("at https://b.s3.amazonaws.com/k?X-Amz-Expires=60&"
	       "X-Amz-Signature=0123456789abcdef",
	    "at https://b.s3.amazonaws.com/k?X-Amz-Expires=60&"
	    "X-Amz-Signature=****************");
	masked("at https://b.s3.amazonaws.com/k?X-Amz-Exp",
	    "at **************************************");
	/* What the cut of 4 kB may have left of one. */
	masked("x eyJhbGciO", "x *********");
	masked("x eyJhbGc", "x eyJhbGc");
}

static void
no_secret_hides_another_and_none_is_known_by_its_form_alone(void **state)
{
	(void)state;
	/* One is in the other. */
	masked("got 0ld-pass/and-more.", "got *****************.");
	masked("got 0ld-pass.", "got ********.");
	/* As PHP writes JSON. */
	masked("{\"t\":\"0ld-pass\\/and-more\"}",
	    "{\"t\":\"******************\"}");
	masked("no session cr0mb-cake", "no session **********");
	masked("no b4ked-good, sorry", "no **********, sorry");
}

static void
asked(const char *url, const char *body, const char *want)
{
	struct deliver_result d = judged(404, false, body);

	whanswer_mask(&d, NULL, &url, 1);
	assert_string_equal(d.response, want);
	whanswer_done(&d);
}

/* A callback's URL is shown without its query everywhere else, too. */
static void
what_a_url_asks_with_is_not_kept(void **state)
{
	(void)state;
	asked("https://a.example/hook?s3cret-word", "no /hook?s3cret-word!",
	    "no /hook************!");
	asked("https://a.example/hook?k=v&token=s3cret-word",
	    "{\"token\": \"s3cret-word\"}", "{\"token\": \"***********\"}");
	asked("https://a.example/hook?s3cret-word&a=b", "who is s3cret-word?",
	    "who is ***********?");
	asked("https://a.example/hook?k=s3cret%2Fword%21", "no s3cret/word!",
	    "no ************");
	asked("https://a.example/hook?k=s3cret%2Fword", "no s3cret\\/word",
	    "no ************");
	asked("https://a.example/hook", "no https://a.example/hook",
	    "no https://a.example/hook");
}

/* Who names a callback's URL may also be who answers there. */
static void
an_answer_made_of_what_is_masked_takes_no_time(void **state)
{
	char url[16000] = "https://a.example/hook?", body[4001];
	clock_t began;
	size_t i;

	(void)state;
	while (strlen(url) < sizeof(url) - 16)
		strcat(url, "&k=aaaaaaaaa");
	memset(body, 'a', sizeof(body) - 1);
	body[sizeof(body) - 1] = '\0';
	began = clock();
	for (i = 0; i < 2; i++) {
		struct deliver_result d = judged(404, false, body);
		const char *const at = url;

		whanswer_mask(&d, NULL, &at, 1);
		assert_int_equal(strspn(d.response, "*"), sizeof(body) - 1);
		whanswer_done(&d);
	}
	assert_true(clock() - began < CLOCKS_PER_SEC / 10);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_status_has_its_verdict),
	    cmocka_unit_test(success_needs_all_of_the_body),
	    cmocka_unit_test(an_error_is_tried_again),
	    cmocka_unit_test(what_is_echoed_is_not_kept),
	    cmocka_unit_test(
		no_secret_hides_another_and_none_is_known_by_its_form_alone),
	    cmocka_unit_test(what_a_url_asks_with_is_not_kept),
	    cmocka_unit_test(an_answer_made_of_what_is_masked_takes_no_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
