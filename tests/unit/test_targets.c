/* SPDX-License-Identifier: Apache-2.0 */
/* Targets by their names: those of sections, and those of callbacks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/loop.h"
#include "base/mem.h"
#include "serve/targets.h"
#include "tests/support/conf_fixture.h"
#include "tests/support/keeper_here.h"

static struct loop *loop;
static struct conf *conf;
static struct targets *targets;

static void
configure(const char *text)
{
	struct error err;

	conf = conf_must_load(text, NULL);
	loop = loop_new();
	if (targets_new(conf, loop, &targets, &err) == -1)
		fail_msg("%s", err.text);
	/* Nothing of the configuration is needed any more. */
	conf_free(conf);
}

static void
end(void)
{
	targets_free(targets);
	loop_free(loop);
}

static bool
is_there(const char *name)
{
	struct target *t = targets_get(targets, name);

	target_unref(t);
	return t != NULL;
}

static void
a_section_is_found_by_its_title(void **state)
{
	(void)state;
	configure(WEBHOOK "[webhook v]\nurl = https://h/\n");
	assert_true(is_there("webhook w"));
	assert_true(is_there("webhook v"));
	assert_false(is_there("exec w"));
	assert_false(is_there("callback"));
	assert_false(is_there("callback https://h:443"));
	end();
}

static void
a_callback_is_found_where_its_host_is_allowed(void **state)
{
	struct target *t;

	(void)state;
	configure("[callback]\nallow = app.example.com, *.hooks.example, "
		  "127.0.0.1\nallow_networks = 127.0.0.0/8\n"
		  "payload = reference\ncloudevents = binary\n"
		  "url_valid = 2h\nmax_in_flight = 3\n");
	assert_true(is_there("callback https://app.example.com:443"));
	assert_true(is_there("callback https://a.hooks.example:8443"));
	assert_true(is_there("callback http://127.0.0.1:80"));
	assert_false(is_there("callback https://127.0.0.2:443"));
	assert_false(is_there("callback http://app.example.com:80"));
	assert_false(is_there("callback https://evil.example.com:443"));
	assert_false(is_there("callback"));
	t = targets_get(targets, "callback https://app.example.com:443");
	assert_int_equal(t->payload, DELIVERY_REFERENCE);
	assert_int_equal(t->format, DELIVERY_CE_BINARY);
	assert_int_equal(t->url_valid_s, 7200);
	assert_int_equal(t->max_in_flight, 3);
	target_unref(t);
	end();
}

/* Its deliveries wait then, and go on with the next one that lets them. */
static void
after_a_reload_it_is_asked_anew(void **state)
{
	(void)state;
	configure("[callback]\nallow = app.example.com\n");
	assert_true(is_there("callback https://app.example.com:443"));
	end();
	configure("[callback]\nallow = other.example.com\n");
	assert_false(is_there("callback https://app.example.com:443"));
	end();
	configure("[callback]\npayload = event\n");
	assert_false(is_there("callback https://app.example.com:443"));
	end();
}

static void
what_is_wrong_with_it_is_found_at_once(void **state)
{
	struct error err;

	(void)state;
	conf = conf_must_load(
	    "[callback]\nallow = *\nsecret_file = /nonexistent/key\n", NULL);
	loop = loop_new();
	assert_int_equal(targets_new(conf, loop, &targets, &err), -1);
	assert_int_equal(err.code, ERR_CONFIG);
	assert_non_null(strstr(err.text, ":2: [callback]: secret_file"));
	assert_int_equal(targets_try(conf, "callback", loop, &err), -1);
	assert_int_equal(targets_try(conf, "webhook w", loop, &err), 0);
	conf_free(conf);
	loop_free(loop);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_section_is_found_by_its_title),
	    cmocka_unit_test(a_callback_is_found_where_its_host_is_allowed),
	    cmocka_unit_test(after_a_reload_it_is_asked_anew),
	    cmocka_unit_test(what_is_wrong_with_it_is_found_at_once),
	};

	keeper_here();
	return cmocka_run_group_tests(tests, conf_setup, conf_teardown);
}
