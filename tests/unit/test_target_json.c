/* SPDX-License-Identifier: Apache-2.0 */
/* What a service tells of a target, and a command makes of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/mem.h"
#include "serve/target_json.h"

static const char whole[] =
    "{\"target\":\"webhook hook\",\"state\":\"resting\","
    "\"since_at\":\"2026-03-04T05:06:07.000Z\","
    "\"until_at\":\"2026-03-04T05:06:37.250Z\",\"reason\":\"on request\","
    "\"waiting\":12,\"under_way\":1,\"failures\":5,"
    "\"last_ok_at\":\"2026-03-04T05:00:00.000Z\","
    "\"last_error_at\":\"2026-03-04T05:06:07.000Z\","
    "\"last_error\":\"answered 503\"}";

static struct json *
parsed(const char *text)
{
	struct json *doc;
	struct error err;

	if (json_parse(text, strlen(text), &doc, &err) == -1)
		fail_msg("%s", err.text);
	return doc;
}

static void
what_is_written_is_read_again(void **state)
{
	struct json *doc = parsed(whole);
	struct health h;
	struct error err;
	struct jsonw w;
	struct buf b;

	(void)state;
	assert_int_equal(target_json_parse(doc, &h, &err), 0);
	assert_int_equal(h.state, HEALTH_RESTING);
	assert_int_equal(h.waiting, 12);
	assert_int_equal(h.until_at - h.since_at, 30250);
	buf_init(&b, 4096);
	jsonw_init(&w, &b);
	target_json_write(&w, &h);
	assert_string_equal(b.data, whole);
	buf_done(&b);
	json_free(doc);
}

static void
every_state_has_a_name_that_is_read(void **state)
{
	struct health h = {.target = "exec x"}, again;
	struct error err;
	struct json *doc;
	struct jsonw w;
	struct buf b;
	int i;

	(void)state;
	for (i = 0; i < HEALTH_STATES; i++) {
		h.state = (enum health_state)i;
		buf_init(&b, 4096);
		jsonw_init(&w, &b);
		target_json_write(&w, &h);
		doc = parsed(b.data);
		assert_int_equal(target_json_parse(doc, &again, &err), 0);
		assert_int_equal(again.state, i);
		json_free(doc);
		buf_done(&b);
	}
}

static void
what_makes_no_sense_is_refused(void **state)
{
	static const char *const bad[] = {"1", "{}", "[]", "null",
	    "{\"target\":\"x\"}",
	    "{\"target\":\"\",\"state\":\"ok\",\"waiting\":0,\"under_way\":0,"
	    "\"failures\":0}",
	    "{\"target\":\"x\",\"state\":\"odd\",\"waiting\":0,"
	    "\"under_way\":0,\"failures\":0}",
	    "{\"target\":\"x\",\"state\":\"ok\",\"waiting\":-1,"
	    "\"under_way\":0,\"failures\":0}",
	    "{\"target\":\"x\",\"state\":\"ok\",\"waiting\":0,"
	    "\"under_way\":0,\"failures\":0,\"until_at\":\"soon\"}",
	    "{\"target\":\"x\",\"state\":\"ok\",\"waiting\":0,"
	    "\"under_way\":0,\"failures\":0,\"since_at\":5}"};
	struct health h;
	struct error err;
	struct json *doc;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		doc = parsed(bad[i]);
		assert_int_equal(target_json_parse(doc, &h, &err), -1);
		assert_int_equal(err.code, ERR_PROTOCOL);
		json_free(doc);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_written_is_read_again),
	    cmocka_unit_test(every_state_has_a_name_that_is_read),
	    cmocka_unit_test(what_makes_no_sense_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
