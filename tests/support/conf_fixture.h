/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration file in a folder of its own, and no variable set. */
#ifndef TESTS_CONF_FIXTURE_H
#define TESTS_CONF_FIXTURE_H

#include "base/error.h"
#include "conf/conf.h"

extern char conf_dir[64];
extern char conf_file[96]; /* in it, once something was put there */

int conf_setup(void **state);
int conf_teardown(void **state);

void conf_put(const char *path, const char *text);

/* Load this text (NULL: no file) with this --set, or none. */
int conf_try(
    const char *text, const char *set, struct conf **out, struct error *err);
struct conf *conf_must_load(const char *text, const char *set);

/* Sections that lack nothing. */
#define WEBHOOK "[webhook w]\nurl = https://h/p\n"
#define EXEC "[exec x]\ncommand = a \"b c\"\n"

#endif
