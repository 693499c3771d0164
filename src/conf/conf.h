/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration: one file of sections, one table of keys (keys.c), into
 * one struct. A flag wins over the environment, the environment over the
 * file. Nothing below serve/ sees this header: options reach the layers in
 * small structs of their own.
 */
#ifndef CONF_CONF_H
#define CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum conf_inline { CONF_INLINE_AUTO, CONF_INLINE_NEVER };
enum conf_names { CONF_NAMES_AWAITD, CONF_NAMES_SERVICE };

/* Indexed as the table of keys is; NULL stands for the default. */
#define CONF_KEYS_MAX 32
struct conf_sources {
	char *v[CONF_KEYS_MAX];
};

/* [awaitd] */
struct conf_global {
	char *deployment;
	char *state;
	int log_level;
	int log_format;
	int64_t retention_ms;
	struct conf_sources sources;
};

/* [endpoint NAME] */
struct conf_endpoint {
	char *name;
	char *region;
	char *content_type;
	int inline_bodies; /* enum conf_inline */
	char *input_prefix;
	char *output_path;
	int output_names; /* enum conf_names */
	int64_t request_ttl_ms;
	int64_t invocation_timeout_ms;
	int64_t poll_start_ms;
	int64_t poll_max_ms;
	int64_t poll_interval_ms;
	int64_t doubt_grace_ms;
	struct conf_sources sources;
};

struct conf {
	char *file; /* that was read, or NULL */
	struct conf_global global;
	struct conf_endpoint **endpoints;
	size_t nendpoints;
	struct conf_endpoint *fallback; /* every default */
};

struct conf_options {
	const char *file; /* named by a flag, or NULL */
	const char *const *sets; /* "SECTION.KEY=VALUE" */
	size_t nsets;
};

/*
 * Reads what applies: the file named, else $AWAITD_CONFIG, else the user's,
 * else the system's; only a named one must exist. ERR_CONFIG names file and
 * line, ERR_USAGE the flag.
 */
int conf_load(
    const struct conf_options *options, struct conf **out, struct error *err);
void conf_free(struct conf *conf);

/* Set one key, as if the file had it; `source` names the flag. */
int conf_set(struct conf *conf, const char *section, const char *key,
    const char *value, const char *source, struct error *err);

/* The endpoint's section, or all defaults. Borrowed. */
const struct conf_endpoint *conf_endpoint(
    const struct conf *conf, const char *name);

/* One value as text, for `awaitd config`; what is not set is "". */
typedef void conf_show_fn(const char *section, const char *key,
    const char *value, const char *source, void *arg);
void conf_show(const struct conf *conf, conf_show_fn *fn, void *arg);

#endif
