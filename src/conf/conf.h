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

#include "base/error.h"
#include "conf/types.h"

struct conf_key;

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

/* A file that would be read where no other comes before it. */
struct conf_place {
	const char *by; /* "--config", "AWAITD_CONFIG", "the user's" … */
	const char *file;
	bool must_exist;
	bool there;
	bool read; /* it is the one */
};
typedef void conf_place_fn(const struct conf_place *place, void *arg);
void conf_places(const char *named, conf_place_fn *fn, void *arg);

/* Set one key, as if the file had it; `source` names the flag. */
int conf_set(struct conf *conf, const char *section, const char *key,
    const char *value, const char *source, struct error *err);

/* What must hold between sections: conf_load has done it; again behind
 * conf_set. ERR_CONFIG names the place and the remedy. */
int conf_check(const struct conf *conf, struct error *err);

/* What only a service has need of: files that systemd hands over to it. */
int conf_check_service(const struct conf *conf, struct error *err);

/* What is allowed and yet hardly meant: keys that have no effect, variables
 * that look like one of ours. The text of a finding names its place. */
typedef void conf_warn_fn(const struct error *finding, void *arg);
void conf_warn(const struct conf *conf, conf_warn_fn *fn, void *arg);

/* Each of these is a route (job/route.h) to a target that there is, and no
 * target stands there twice. ERR_CONFIG names the one, and in its hint the
 * known ones. */
int conf_check_targets(const struct conf *conf, const char *const *routes,
    size_t n, struct error *err);

/* Say which target is meant, where one is near the name; else, and for NULL,
 * which ones there are. */
void conf_hint_targets(
    const struct conf *conf, const char *name, struct error *err);

/* The endpoint's section, or all defaults. Borrowed. */
const struct conf_endpoint *conf_endpoint(
    const struct conf *conf, const char *name);

/* Is there a target's section of this title, such as "webhook NAME"? */
bool conf_has_target(const struct conf *conf, const char *title);

/* Where a value came from: "FILE:LINE", a variable, a flag; or "default". */
const char *conf_source(
    const struct conf_head *head, const char *kind, const char *key);

/* How many keys differ that only a restart can change; out has them as
 * "[section] key, [section] key", as far as there is room. */
int conf_needs_restart(
    const struct conf *was, const struct conf *is, char *out, size_t size);

/* One value as text, for `awaitd config`. */
struct conf_value {
	const char *section; /* "webhook hook" */
	const struct conf_key *key;
	const char *value; /* "": not set; a secret is masked */
	const char *source;
	bool secret; /* something is masked */
	bool is_default;
};
typedef void conf_show_fn(const struct conf_value *v, void *arg);

/* All of `section`: "webhook hook", or "webhook" for each of the kind; NULL: of
 * all sections. */
void conf_show(
    const struct conf *conf, const char *section, conf_show_fn *fn, void *arg);

/* The same of one key of a section that is there once. */
void conf_show_key(const struct conf *conf, const struct conf_key *key,
    conf_show_fn *fn, void *arg);

/* Has such a key the same value in both? */
bool conf_same_key(
    const struct conf *a, const struct conf *b, const struct conf_key *key);

/* ERR_NOT_FOUND where conf_show() would find no such section, with those that
 * are near. */
int conf_need_section(
    const struct conf *conf, const char *section, struct error *err);

enum conf_what { CONF_ADDED, CONF_REMOVED, CONF_CHANGED };

/* What one configuration has otherwise than another. */
struct conf_change {
	enum conf_what what; /* of a whole section; or of one key */
	const char *section;
	const struct conf_key *key; /* CHANGED; else NULL */
	const char *was; /* masked as values are; NULL without a key */
	const char *value;
	bool secret;
};
typedef void conf_change_fn(const struct conf_change *c, void *arg);
void conf_compare(const struct conf *was, const struct conf *is,
    conf_change_fn *fn, void *arg);

#endif
