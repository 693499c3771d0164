/* SPDX-License-Identifier: Apache-2.0 */
/* What lanes know of their receivers, for those outside. */
#include "engine/health.h"

#include <string.h>

#include "base/str.h"
#include "engine/core.h"
#include "engine/dispatch.h"

static bool
is_configured(const struct engine *e, const char *name)
{
	const struct engine_options *o = &e->o;
	struct target *t =
	    o->target != NULL ? o->target(name, o->target_arg) : NULL;

	target_unref(t);
	return t != NULL;
}

void
health_find(const struct engine *e, const char *target, struct health *out)
{
	const struct lane *l = lane_find(dispatch_lanes(e->dispatch), target);

	memset(out, 0, sizeof(*out));
	out->target = target;
	if (l != NULL)
		lane_health(l, out);
	else if (!is_configured(e, target))
		out->state = HEALTH_UNKNOWN;
}

struct each {
	health_fn *fn;
	void *arg;
};

static void
tell(const struct lane *l, void *arg)
{
	const struct each *each = arg;
	struct health h;

	lane_health(l, &h);
	each->fn(&h, each->arg);
}

void
health_each(const struct engine *e, health_fn *fn, void *arg)
{
	struct each each = {fn, arg};

	lanes_each(dispatch_lanes(e->dispatch), tell, &each);
}

void
health_switch(struct engine *e, const char *target, bool on,
    store_done_fn *done, void *arg)
{
	struct lanes *lanes = dispatch_lanes(e->dispatch);
	bool is_callback = str_starts(target, LANE_CALLBACK);
	struct error err;

	if (!is_configured(e, target) ||
	    (is_callback && lane_find(lanes, target) == NULL)) {
		err_set(&err, ERR_NOT_FOUND, "there is no target [%s]", target);
		done(&err, arg);
	} else if (!on && is_callback) {
		err_set(&err, ERR_USAGE, "a callback's host is not disabled");
		err_hint(
		    &err, "[callback] allow says which hosts may be named.");
		done(&err, arg);
	} else {
		lane_switch(lane_of(lanes, target), on, done, arg);
	}
}

const char *
health_state_name(enum health_state state)
{
	static const char *const names[] = {
	    [HEALTH_OK] = "ok",
	    [HEALTH_RESTING] = "resting",
	    [HEALTH_PROBING] = "probing",
	    [HEALTH_DISABLED] = "disabled",
	    [HEALTH_UNKNOWN] = "unknown",
	};

	return names[state];
}
