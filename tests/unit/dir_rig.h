/* SPDX-License-Identifier: Apache-2.0 */
/* What lies in the folder of a driver's test. Names are relative to it. */
#ifndef DIR_RIG_H
#define DIR_RIG_H

#include <sys/stat.h>

#include "base/json.h"
#include "driver_rig.h"

/* These are the caller's. */
char *path_of(const struct driver_rig *r, const char *name);
char *text_of(const struct driver_rig *r, const char *name);
struct json *json_of(const struct driver_rig *r, const char *name);

void put(const struct driver_rig *r, const char *name, const char *text);
void unlink_in(const struct driver_rig *r, const char *name);
struct stat stat_of(const struct driver_rig *r, const char *name);

void assert_text(
    const struct driver_rig *r, const char *name, const char *want);
/* So many, hidden ones too, and so many of those temporary. */
void assert_files(
    const struct driver_rig *r, unsigned want, unsigned temporary);

#endif
