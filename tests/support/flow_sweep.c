/* SPDX-License-Identifier: Apache-2.0 */
/* What tests of listings have in common. */
#include "tests/support/flow_sweep.h"

#include "engine/engine.h"
#include "tests/support/flow.h"
#include "tests/support/flow_bucket.h"

#define LISTS "http://s3.test/out?*"
#define OBJECTS "http://s3.test/out/*"

int
sweep_setup(void **state)
{
	int rc = flow_setup(state);

	flow_bucket_setup();
	return rc;
}

int
sweep_teardown(void **state)
{
	int rc = flow_teardown(state);

	flow_bucket_done();
	return rc;
}

size_t
lists(void)
{
	return peer_count("GET", LISTS);
}

/* Looks, and the reading of what they find. */
size_t
looks(void)
{
	return peer_count("HEAD", OBJECTS) + peer_count("GET", OBJECTS);
}

size_t
waiting(void)
{
	struct engine_counts c;

	engine_count(flow.engine, &c);
	return c.pending + c.queued;
}

/* Between 20 and 40 s, all the same; the last of a hundred a minute more. */
int64_t
half_a_minute(size_t i)
{
	return 20000 + (int64_t)(i * 7919 % 20000);
}

int64_t
some_fail(size_t i)
{
	return i % 50 == 49 ? -half_a_minute(i) : half_a_minute(i);
}
