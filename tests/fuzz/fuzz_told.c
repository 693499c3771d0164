/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a submission says of who is to be told: routes, a URL to call back, a
 * trace. What is passed on is sound, and is taken again as it is.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "deliver/callback.h"
#include "job/route.h"
#include "job/trace.h"
#include "net/header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool ok)
{
	if (!ok)
		abort();
}

static void
check_routes(const char *s)
{
	const char *list = s;
	struct route route;
	size_t n = 0;

	while (route_next(&list, &route)) {
		must(strchr(route.target, ',') == NULL && n++ <= strlen(s));
		must(route_fits(&route, true) || route_fits(&route, false));
		must(route_same(route.target, route.target));
		route_done(&route);
	}
	if (route_parse(s, &route) == -1)
		return;
	must(str_starts(s, route.target) && route_same(s, route.target));
	route_done(&route);
}

static void
check_trace(char *(*read)(const char *), const char *s)
{
	char *sound = read(s), *again;

	if (sound == NULL)
		return;
	must(header_value_ok(sound) && *sound != '\0');
	must(strlen(sound) <= TRACE_STATE_MAX);
	again = read(sound);
	must(again != NULL && str_eq(again, sound));
	free(again);
	free(sound);
}

static void
check_callback(const char *s)
{
	static const char *const allow[] = {"*.a", "b", "127.0.0.1", NULL};
	static const char *const nets[] = {"127.0.0.0/9", NULL};
	const struct callback_rules rules = {allow, nets};
	struct error err;
	char *name;

	error_clear(&err);
	if (callback_check(s, &rules, &err) == -1) {
		must(err.code == ERR_USAGE && *err.text != '\0');
		return;
	}
	name = callback_target(s);
	must(name != NULL && callback_is_target(name));
	must(callback_lets(name, &rules));
	must(str_starts(name, "callback https://") ||
	    str_starts(name, "callback http://127.0.0.1:"));
	free(name);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *s = xstrndup((const char *)data, size);

	check_routes(s);
	check_trace(trace_parent, s);
	check_trace(trace_state, s);
	check_callback(s);
	free(s);
	return 0;
}
