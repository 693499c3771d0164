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
#include "base/schedule.h"

enum conf_inline { CONF_INLINE_AUTO, CONF_INLINE_NEVER };
enum conf_names { CONF_NAMES_AWAITD, CONF_NAMES_SERVICE };
enum conf_payload { CONF_PAYLOAD_RESULT, CONF_PAYLOAD_EVENT };

/* Indexed as the table of keys is; NULL stands for the default. */
#define CONF_KEYS_MAX 64
struct conf_sources {
	char *v[CONF_KEYS_MAX];
};

/* Words that stand in a list, such as "webhook a, exec b". */
struct conf_list {
	char **v;
	size_t n;
};

/* Every section's struct begins so. */
struct conf_head {
	char *name; /* of [endpoint NAME] and the like, else "" */
	struct conf_sources sources;
};

/* [awaitd] */
struct conf_global {
	struct conf_head head;
	char *deployment;
	char *state;
	int log_level;
	int log_format;
	int64_t retention_ms;
	int64_t stop_timeout_ms;
};

/* [api] */
struct conf_api {
	struct conf_head head;
	struct conf_list listen; /* unix:PATH, HOST:PORT; none: the default */
	char *token_file;
	struct conf_list users; /* names or numbers, besides our own and root */
};

/* [metrics] */
struct conf_metrics {
	struct conf_head head;
	char *listen; /* HOST:PORT, or NULL */
};

/* [endpoint NAME] */
struct conf_endpoint {
	struct conf_head head;
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
	struct conf_list deliver; /* sections of targets: "webhook hook" */
};

/* [webhook NAME] */
struct conf_webhook {
	struct conf_head head;
	char *url;
	char *secret_file;
	int64_t inline_max; /* bytes */
	int64_t timeout_ms;
	struct schedule schedule;
	int64_t max_in_flight;
};

/* [exec NAME] */
struct conf_exec {
	struct conf_head head;
	struct conf_list command; /* argv, split as a shell would without
				     doing anything else; v ends in NULL */
	int payload; /* enum conf_payload */
	int64_t timeout_ms;
	struct schedule schedule;
	int64_t max_in_flight;
};

struct conf {
	char *file; /* that was read, or NULL */
	struct conf_global global;
	struct conf_api api;
	struct conf_metrics metrics;
	struct conf_endpoint **endpoints;
	size_t nendpoints;
	struct conf_webhook **webhooks;
	size_t nwebhooks;
	struct conf_exec **execs;
	size_t nexecs;
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
 * line, ERR_USAGE the flag. What must hold between sections (a target that is
 * named but not there, a missing url) is checked, too.
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

/* Is there a section "webhook NAME" or "exec NAME" of this title? */
bool conf_has_target(const struct conf *conf, const char *title);

/* Where a value came from: "FILE:LINE", a variable, a flag; or "default". */
const char *conf_source(const struct conf_head *head, const char *kind,
    const char *key);

/* The first key that differs and that only a restart can change: 1 and
 * "[section] key" in out; or 0. */
int conf_needs_restart(
    const struct conf *was, const struct conf *is, char *out, size_t size);

/* One value as text, for `awaitd config`; what is not set is "". */
typedef void conf_show_fn(const char *section, const char *key,
    const char *value, const char *source, void *arg);
void conf_show(const struct conf *conf, conf_show_fn *fn, void *arg);

#endif
