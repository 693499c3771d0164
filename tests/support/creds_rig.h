/* SPDX-License-Identifier: Apache-2.0 */
/* One cache of credentials in virtual time; fake_creds.h is its source. */
#ifndef TESTS_CREDS_RIG_H
#define TESTS_CREDS_RIG_H

#include "aws/creds_cache.h"

#define MINUTE ((int64_t)60 * 1000)
#define HOUR (60 * MINUTE)

struct creds_rig {
	struct loop *loop;
	struct creds_cache *cache; /* once it was begun */
	char config[64]; /* the shared file */
	unsigned troubles; /* that were told */
	unsigned reliefs;
	char trouble[600]; /* the last one */
};
extern struct creds_rig rig;

int creds_rig_setup(void **state);
int creds_rig_teardown(void **state);
#define RIG_TEST(f) \
	cmocka_unit_test_setup_teardown(f, creds_rig_setup, creds_rig_teardown)

void begin(void);
void pass(int64_t ms);
void touch_config(const char *text);

/* What would be signed with now; "-": nothing. */
const char *now(void);

struct heard {
	unsigned times;
	char key[32]; /* "" with an error */
	struct error err;
	struct creds_waiter *waiter;
};

/* Waits for a set: *h is filled then. */
void hear(struct heard *h);

#endif
