/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The description of the API, held to what the API takes: in both directions,
 * so that neither can change alone. What the answers hold is checked with a
 * service that runs (tests/interop/openapi.mjs).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "serve/api_asked.h"
#include "serve/api_routes.h"
#include "serve/openapi.h"

#define PATH_MAX_LEN 200

static struct json *doc;

static int
setup(void **state)
{
	struct error err;

	(void)state;
	if (json_parse(openapi_openapi, sizeof(openapi_openapi) - 1, &doc,
		&err) == -1) {
		fprintf(stderr, "openapi.json: %s\n", err.text);
		return -1;
	}
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	json_free(doc);
	return 0;
}

/* What "#/components/parameters/X" stands for, or the thing itself. */
static const struct json *
resolve(const struct json *j)
{
	const char *ref = json_get_str(j, "$ref");
	char *copy, *rest, *part;
	const struct json *at = doc;

	if (ref == NULL)
		return j;
	assert_true(str_starts(ref, "#/"));
	copy = rest = xstrdup(ref + 2);
	while ((part = strsep(&rest, "/")) != NULL) {
		at = json_get(at, part);
		if (at == NULL)
			fail_msg("%s leads nowhere", ref);
	}
	free(copy);
	return at;
}

/* "/v1/jobs/{job}/result" as the table has it; {n} is a number. */
static void
pattern_of(const char *path, char out[PATH_MAX_LEN])
{
	size_t n = 0;

	while (*path != '\0') {
		assert_true(n < PATH_MAX_LEN - 1);
		if (*path != '{') {
			out[n++] = *path++;
			continue;
		}
		out[n++] = str_starts(path, "{n}") ? '#' : '*';
		path = strchr(path, '}') + 1;
	}
	out[n] = '\0';
}

static const struct json *
operation_of(const struct api_route *r)
{
	const struct json *p = json_first(json_get(doc, "paths"));
	char pattern[PATH_MAX_LEN];

	for (; p != NULL; p = json_next(p)) {
		pattern_of(json_name(p), pattern);
		if (str_eq(pattern, r->path))
			return json_get(
			    p, str_eq(r->method, "GET") ? "get" : "post");
	}
	return NULL;
}

static const struct api_route *
route_of(const char *method, const char *path)
{
	char pattern[PATH_MAX_LEN];
	size_t i;

	pattern_of(path, pattern);
	for (i = 0; i < api_routes_len; i++) {
		if (str_ieq(api_routes[i].method, method) &&
		    str_eq(api_routes[i].path, pattern))
			return &api_routes[i];
	}
	return NULL;
}

static const struct json *
parameter(const struct json *op, const char *in, const char *name)
{
	const struct json *p = json_first(json_get(op, "parameters"));

	for (; p != NULL; p = json_next(p)) {
		const struct json *q = resolve(p);

		if (str_eq(json_get_str(q, "in"), in) &&
		    str_eq(json_get_str(q, "name"), name))
			return q;
	}
	return NULL;
}

static bool
is_named(const struct api_route *r, const char *name)
{
	size_t i;

	for (i = 0; r->names[i] != NULL; i++) {
		if (str_eq(r->names[i], name))
			return true;
	}
	return false;
}

/* --- the routes ------------------------------------------------------ */

static void
each_route_is_described(void **state)
{
	size_t i, k;

	(void)state;
	for (i = 0; i < api_routes_len; i++) {
		const struct api_route *r = &api_routes[i];
		const struct json *op = operation_of(r);

		if (op == NULL)
			fail_msg("%s %s is not described", r->method, r->path);
		for (k = 0; r->names[k] != NULL; k++) {
			if (parameter(op, "query", r->names[k]) == NULL)
				fail_msg("%s %s: \"%s\" is not described",
				    r->method, r->path, r->names[k]);
		}
		/* Who needs no token is told so, and nobody else. */
		if (r->open != (json_get(op, "security") != NULL))
			fail_msg("%s %s: who may ask?", r->method, r->path);
	}
}

static void
check_operation(const char *path, const struct json *op)
{
	const struct api_route *r = route_of(json_name(op), path);
	const struct json *p = json_first(json_get(op, "parameters"));
	const struct json *q;

	if (r == NULL)
		fail_msg("there is no %s %s", json_name(op), path);
	for (; p != NULL; p = json_next(p)) {
		q = resolve(p);
		if (str_eq(json_get_str(q, "in"), "query") &&
		    !is_named(r, json_get_str(q, "name")))
			fail_msg("%s %s takes no \"%s\"", r->method, path,
			    json_get_str(q, "name"));
		if (str_eq(json_get_str(q, "in"), "path")) {
			char *mark = xasprintf("{%s}", json_get_str(q, "name"));

			assert_non_null(strstr(path, mark));
			free(mark);
		}
	}
	assert_non_null(json_get(json_get(op, "responses"), "default"));
	assert_non_null(json_get_str(op, "operationId"));
}

static void
nothing_is_described_that_is_not_there(void **state)
{
	const struct json *p = json_first(json_get(doc, "paths"));
	const struct json *op;

	(void)state;
	assert_non_null(p);
	for (; p != NULL; p = json_next(p)) {
		for (op = json_first(p); op != NULL; op = json_next(op))
			check_operation(json_name(p), op);
	}
}

static void
whatever_is_referred_to_is_there(void **state)
{
	const struct json *p = json_first(json_get(doc, "paths"));
	const struct json *op, *r;

	(void)state;
	for (; p != NULL; p = json_next(p)) {
		for (op = json_first(p); op != NULL; op = json_next(op)) {
			r = json_first(json_get(op, "responses"));
			for (; r != NULL; r = json_next(r))
				assert_non_null(
				    json_get_str(resolve(r), "description"));
		}
	}
}

/* --- a new job ------------------------------------------------------- */

static void
both_forms_of_a_new_job_are_described(void **state)
{
	const struct api_route post = {"POST", "/v1/jobs", NULL, NULL, false};
	const struct json *op = operation_of(&post);
	const struct json *members =
	    json_get(json_get(json_get(json_get(doc, "components"), "schemas"),
			 "NewJob"),
		"properties");
	const struct json *j;
	const char *member, *field;
	size_t i, nfields = 0;

	(void)state;
	for (i = 0; api_asked_name(i, &member, &field); i++) {
		if (json_get(members, member) == NULL)
			fail_msg("the member \"%s\" is not described", member);
		/* What the body is a description leaves to its own place. */
		if (field == NULL || str_eq(field, "Content-Type"))
			continue;
		if (parameter(op, "header", field) == NULL)
			fail_msg("the field \"%s\" is not described", field);
		nfields++;
	}
	for (j = json_first(members); j != NULL; j = json_next(j))
		i--;
	assert_int_equal(i, 0);
	for (j = json_first(json_get(op, "parameters")); j != NULL;
	     j = json_next(j)) {
		const char *name = json_get_str(resolve(j), "name");

		if (str_starts(name, "Awaitd-"))
			nfields--;
	}
	assert_int_equal(nfields, 0);
}

/* The bodies of the bulk calls are the parameters of their routes. */
static void
what_stands_in_a_body_is_what_stands_behind_the_path(void **state)
{
	static const struct {
		const char *path, *schema;
	} bulk[] = {
	    {"/v1/jobs/retry", "Retry"},
	    {"/v1/jobs/cancel", "Cancel"},
	    {"/v1/deliveries/replay", "Replay"},
	};
	const struct json *schemas =
	    json_get(json_get(doc, "components"), "schemas");
	const struct json *j;
	size_t i, n;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bulk); i++) {
		const struct api_route *r = route_of("POST", bulk[i].path);

		n = 0;
		j = json_first(
		    json_get(json_get(schemas, bulk[i].schema), "properties"));
		for (; j != NULL; j = json_next(j), n++) {
			if (!is_named(r, json_name(j)))
				fail_msg("%s takes no \"%s\"", r->path,
				    json_name(j));
		}
		assert_null(r->names[n]);
	}
}

static void
its_version_is_ours(void **state)
{
	(void)state;
	assert_string_equal(
	    json_get_str(json_get(doc, "info"), "version"), PACKAGE_VERSION);
	assert_true(str_starts(json_get_str(doc, "openapi"), "3.1."));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_route_is_described),
	    cmocka_unit_test(nothing_is_described_that_is_not_there),
	    cmocka_unit_test(whatever_is_referred_to_is_there),
	    cmocka_unit_test(both_forms_of_a_new_job_are_described),
	    cmocka_unit_test(
		what_stands_in_a_body_is_what_stands_behind_the_path),
	    cmocka_unit_test(its_version_is_ours),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
