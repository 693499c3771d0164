/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A home directory of its own for each test, with no AWS variable set.
 * Whatever secret a test plants holds SECRET: it may be in no error.
 */
#ifndef TESTS_CREDS_RIG_H
#define TESTS_CREDS_RIG_H

#include <sys/types.h>

#include "aws/creds_plan.h"
#include "base/error.h"

#define SECRET "sesame"
#define KEYS(id) \
	"aws_access_key_id = " id "\naws_secret_access_key = " SECRET "\n"

int creds_rig_setup(void **state);
int creds_rig_teardown(void **state);

/* ~/.aws, and its parent. */
const char *creds_rig_dir(void);
const char *creds_rig_home(void);

/* A file below ~/.aws. */
void creds_rig_put(const char *name, const char *text, mode_t mode);
void creds_rig_config(const char *text);
void creds_rig_credentials(const char *text);

void creds_rig_set_keys(const char *id);

/* The caller's; the test fails where there is none. */
struct creds_plan *creds_rig_plan(const char *profile);

/* There is none, with this code, and these words in the text. */
struct error creds_rig_refused(
    const char *profile, enum error_code code, const char *words);

/* No text of the error holds a secret. */
void creds_rig_assert_discreet(const struct error *err);

#endif
