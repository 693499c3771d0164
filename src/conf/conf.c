/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration: from files, environment and flags into one struct. */
#include "conf/conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ini.h"
#include "base/mem.h"
#include "base/str.h"
#include "conf/keys.h"

#define SYSTEM_FILE "/etc/awaitd/awaitd.conf"
#define VALUE_MAX 4096

/* --- one value ------------------------------------------------------ */

static int
set_choice(
    const struct conf_key *key, const char *value, int *out, struct error *err)
{
	const char *p = key->choices;
	size_t len;
	int i;

	for (i = 0; *p != '\0'; i++, p += len + (p[len] == '|')) {
		len = strcspn(p, "|");
		if (strlen(value) == len && memcmp(p, value, len) == 0) {
			*out = i;
			return 0;
		}
	}
	return err_set(err, ERR_CONFIG, "%s = %s: it must be one of %s",
	    key->name, value, key->choices);
}

static int
set_duration(const struct conf_key *key, const char *value, int64_t *out,
    struct error *err)
{
	int64_t ms;

	if (*value == '\0') {
		*out = 0;
		return 0;
	}
	if (str_to_duration_ms(value, &ms) == -1)
		return err_set(err, ERR_CONFIG,
		    "%s = %s: it must be a time such as 500ms, 5s, 2m or 6h",
		    key->name, value);
	if (key->max_ms == 0 && ms < key->min_ms)
		return err_set(err, ERR_CONFIG,
		    "%s = %s: it must be at least %g s", key->name, value,
		    (double)key->min_ms / 1000);
	if (key->max_ms != 0 && (ms < key->min_ms || ms > key->max_ms))
		return err_set(err, ERR_CONFIG,
		    "%s = %s: it must be from %g s to %g s", key->name, value,
		    (double)key->min_ms / 1000, (double)key->max_ms / 1000);
	/* Limits from above are the service's, which counts whole seconds. */
	if (key->max_ms != 0 && ms % 1000 != 0)
		return err_set(err, ERR_CONFIG,
		    "%s = %s: it must be whole seconds", key->name, value);
	*out = ms;
	return 0;
}

static int
check_s3_prefix(
    const struct conf_key *key, const char *value, struct error *err)
{
	if (*value == '\0')
		return 0;
	if (!str_starts(value, "s3://") || value[5] == '/' || value[5] == '\0')
		return err_set(err, ERR_CONFIG,
		    "%s = %s: it must be s3://bucket/path", key->name, value);
	return 0;
}

static int
set_value(const struct conf_key *key, void *section, const char *value,
    struct error *err)
{
	char *field = (char *)section + key->offset;

	if (strlen(value) > VALUE_MAX)
		return err_set(err, ERR_CONFIG, "%s is longer than %d bytes",
		    key->name, VALUE_MAX);
	if (*value == '\0')
		value = key->def;
	switch (key->type) {
	case CONF_S3_PREFIX:
		if (check_s3_prefix(key, value, err) == -1)
			return -1;
		__attribute__((fallthrough));
	case CONF_TEXT:
		free(*(char **)(void *)field);
		*(char **)(void *)field =
		    *value != '\0' ? xstrdup(value) : NULL;
		return 0;
	case CONF_DURATION:
		return set_duration(key, value, (int64_t *)(void *)field, err);
	case CONF_CHOICE:
		return set_choice(key, value, (int *)(void *)field, err);
	}
	abort();
}

static void
set_source(struct conf_sources *sources, size_t i, const char *source)
{
	free(sources->v[i]);
	sources->v[i] = xstrdup(source);
}

/* --- sections ------------------------------------------------------- */

static void
set_defaults(const char *section, void *base)
{
	struct error err;
	size_t i;

	for (i = 0; i < conf_keys_len; i++) {
		if (str_eq(conf_keys[i].section, section) &&
		    set_value(&conf_keys[i], base, conf_keys[i].def, &err) ==
			-1)
			abort();
	}
}

static struct conf_endpoint *
endpoint_new(const char *name)
{
	struct conf_endpoint *e = xcalloc(1, sizeof(*e));

	e->name = xstrdup(name);
	set_defaults("endpoint", e);
	return e;
}

static void
free_values(const char *section, void *base, struct conf_sources *sources)
{
	size_t i;

	for (i = 0; i < conf_keys_len; i++) {
		const struct conf_key *key = &conf_keys[i];

		free(sources->v[i]);
		sources->v[i] = NULL;
		if (str_eq(key->section, section) &&
		    (key->type == CONF_TEXT || key->type == CONF_S3_PREFIX))
			free(*(char **)(void *)((char *)base + key->offset));
	}
}

static void
endpoint_free(struct conf_endpoint *e)
{
	free_values("endpoint", e, &e->sources);
	free(e->name);
	free(e);
}

static struct conf_endpoint *
find_endpoint(const struct conf *conf, const char *name)
{
	size_t i;

	for (i = 0; i < conf->nendpoints; i++) {
		if (str_eq(conf->endpoints[i]->name, name))
			return conf->endpoints[i];
	}
	return NULL;
}

const struct conf_endpoint *
conf_endpoint(const struct conf *conf, const char *name)
{
	const struct conf_endpoint *e = find_endpoint(conf, name);

	return e != NULL ? e : conf->fallback;
}

static struct conf_endpoint *
make_endpoint(struct conf *conf, const char *name)
{
	struct conf_endpoint *e = find_endpoint(conf, name);

	if (e != NULL)
		return e;
	e = endpoint_new(name);
	conf->endpoints = xreallocarray(conf->endpoints, conf->nendpoints + 1,
	    sizeof(struct conf_endpoint *));
	conf->endpoints[conf->nendpoints++] = e;
	return e;
}

/* --- unknown names -------------------------------------------------- */

/* Do two words differ by one letter, more, less, or changed? */
static bool
is_near(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b), head = 0, tail = 0;
	size_t shorter = la < lb ? la : lb, longer = la < lb ? lb : la;

	while (head < shorter && a[head] == b[head])
		head++;
	while (tail < shorter - head && a[la - 1 - tail] == b[lb - 1 - tail])
		tail++;
	return longer - head - tail <= 2;
}

static int
unknown_key(const char *section, const char *name, struct error *err)
{
	char list[sizeof(err->hint)] = "";
	size_t i, len = 0;

	err_set(err, ERR_CONFIG, "unknown key \"%s\" in [%s]", name, section);
	for (i = 0; i < conf_keys_len; i++) {
		const struct conf_key *key = &conf_keys[i];

		if (!str_eq(key->section, section))
			continue;
		if (is_near(key->name, name))
			return err_hint(err, "Did you mean \"%s\"?", key->name);
		if (len < sizeof(list))
			len += (size_t)snprintf(list + len, sizeof(list) - len,
			    "%s%s", len > 0 ? ", " : "", key->name);
	}
	return err_hint(err, "Known keys: %s.", list);
}

/* "awaitd", or "endpoint NAME": its struct, or an error. */
static int
section_of(struct conf *conf, const char *section, const char **kind,
    void **base, struct conf_sources **sources, struct error *err)
{
	struct conf_endpoint *e;

	if (str_eq(section, "awaitd")) {
		*kind = "awaitd";
		*base = &conf->global;
		*sources = &conf->global.sources;
		return 0;
	}
	if (str_starts(section, "endpoint ") && section[9] != ' ') {
		e = make_endpoint(conf, section + 9);
		*kind = "endpoint";
		*base = e;
		*sources = &e->sources;
		return 0;
	}
	err_set(err, ERR_CONFIG, "unknown section [%s]", section);
	return err_hint(err, "Known sections: [awaitd] and [endpoint NAME].");
}

int
conf_set(struct conf *conf, const char *section, const char *name,
    const char *value, const char *source, struct error *err)
{
	struct conf_sources *sources;
	const char *kind;
	void *base;
	size_t i;

	if (section_of(conf, section, &kind, &base, &sources, err) == -1)
		return -1;
	for (i = 0; i < conf_keys_len; i++) {
		if (!str_eq(conf_keys[i].section, kind) ||
		    !str_eq(conf_keys[i].name, name))
			continue;
		if (set_value(&conf_keys[i], base, value, err) == -1)
			return -1;
		set_source(sources, i, source);
		return 0;
	}
	return unknown_key(kind, name, err);
}

/* --- where values come from ----------------------------------------- */

static int
take_entry(const struct ini_entry *e, void *arg, struct error *err)
{
	struct conf *conf = arg;
	struct conf_sources *sources;
	const char *kind;
	void *base;
	char *source;
	int rc;

	if (*e->section == '\0')
		return err_set(err, ERR_CONFIG,
		    "\"%s\" stands before any section", e->key);
	if (*e->key == '\0')
		return section_of(
		    conf, e->section, &kind, &base, &sources, err);
	source = xasprintf("%s:%d", e->file, e->line);
	rc = conf_set(conf, e->section, e->key, e->value, source, err);
	free(source);
	return rc;
}

static char *
user_file(void)
{
	const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (!str_empty(xdg))
		return xasprintf("%s/awaitd/awaitd.conf", xdg);
	if (!str_empty(home))
		return xasprintf("%s/.config/awaitd/awaitd.conf", home);
	return NULL;
}

static char *
choose_file(const char *named, bool *must_exist)
{
	const char *env = getenv("AWAITD_CONFIG");
	char *file;

	*must_exist = true;
	if (named != NULL)
		return xstrdup(named);
	if (!str_empty(env))
		return xstrdup(env);
	*must_exist = false;
	file = user_file();
	if (file != NULL && access(file, F_OK) == 0)
		return file;
	free(file);
	return xstrdup(SYSTEM_FILE);
}

static int
read_file(struct conf *conf, const char *named, struct error *err)
{
	bool must_exist;
	char *file = choose_file(named, &must_exist);

	if (!must_exist && access(file, F_OK) == -1) {
		free(file);
		return 0;
	}
	conf->file = file;
	if (ini_parse_file(file, INI_PLAIN, take_entry, conf, err) == -1) {
		if (err->code != ERR_CONFIG)
			err->code = ERR_CONFIG;
		return -1;
	}
	return 0;
}

/* AWAITD_STATE is [awaitd] state, and so on. */
static int
read_env(struct conf *conf, struct error *err)
{
	char name[64], *p;
	const char *value;
	size_t i;

	for (i = 0; i < conf_keys_len; i++) {
		if (!str_eq(conf_keys[i].section, "awaitd"))
			continue;
		snprintf(name, sizeof(name), "AWAITD_%s", conf_keys[i].name);
		for (p = name; *p != '\0'; p++) {
			if (*p >= 'a' && *p <= 'z')
				*p = (char)(*p - ('a' - 'A'));
		}
		value = getenv(name);
		if (str_empty(value))
			continue;
		if (conf_set(conf, "awaitd", conf_keys[i].name, value, name,
			err) == -1)
			return err_prefix(err, "%s", name);
	}
	return 0;
}

/* "SECTION.KEY=VALUE"; a section's name may hold dots, a key does not. */
static int
read_set(struct conf *conf, const char *text, struct error *err)
{
	const char *eq = strchr(text, '=');
	char *left, *dot;
	int rc;

	left = eq != NULL ? xstrndup(text, (size_t)(eq - text)) : NULL;
	dot = left != NULL ? strrchr(left, '.') : NULL;
	if (dot == NULL) {
		err_set(err, ERR_USAGE,
		    "--set %s: it must be "
		    "'SECTION.KEY=VALUE', such as "
		    "'endpoint ocr.poll_max=5s'",
		    text);
		free(left);
		return -1;
	}
	*dot = '\0';
	rc = conf_set(
	    conf, str_trim(left), str_trim(dot + 1), eq + 1, "--set", err);
	free(left);
	return rc == 0 ? 0 : err_prefix(err, "--set");
}

int
conf_load(
    const struct conf_options *options, struct conf **out, struct error *err)
{
	struct conf *conf = xcalloc(1, sizeof(*conf));
	size_t i;

	set_defaults("awaitd", &conf->global);
	conf->fallback = endpoint_new("");
	if (read_file(conf, options->file, err) == -1 ||
	    read_env(conf, err) == -1)
		goto fail;
	for (i = 0; i < options->nsets; i++) {
		if (read_set(conf, options->sets[i], err) == -1)
			goto fail;
	}
	*out = conf;
	return 0;
fail:
	conf_free(conf);
	return -1;
}

void
conf_free(struct conf *conf)
{
	size_t i;

	if (conf == NULL)
		return;
	free_values("awaitd", &conf->global, &conf->global.sources);
	for (i = 0; i < conf->nendpoints; i++)
		endpoint_free(conf->endpoints[i]);
	free(conf->endpoints);
	endpoint_free(conf->fallback);
	free(conf->file);
	free(conf);
}

/* --- showing -------------------------------------------------------- */

static void
format_value(
    const struct conf_key *key, const void *base, char *out, size_t size)
{
	const char *field = (const char *)base + key->offset;
	const char *text, *p = key->choices;
	int64_t ms;
	int n;

	switch (key->type) {
	case CONF_TEXT:
	case CONF_S3_PREFIX:
		text = *(char *const *)(const void *)field;
		snprintf(out, size, "%s", text != NULL ? text : "");
		return;
	case CONF_DURATION:
		ms = *(const int64_t *)(const void *)field;
		if (ms == 0)
			snprintf(out, size, "%s", "");
		else if (ms % 1000 == 0)
			snprintf(out, size, "%llds", (long long)ms / 1000);
		else
			snprintf(out, size, "%lldms", (long long)ms);
		return;
	case CONF_CHOICE:
		for (n = *(const int *)(const void *)field; n > 0; n--)
			p = strchr(p, '|') + 1;
		snprintf(out, size, "%.*s", (int)strcspn(p, "|"), p);
		return;
	}
	abort();
}

static void
show_section(const char *kind, const char *title, const void *base,
    const struct conf_sources *sources, conf_show_fn *fn, void *arg)
{
	char value[VALUE_MAX + 1];
	size_t i;

	for (i = 0; i < conf_keys_len; i++) {
		if (!str_eq(conf_keys[i].section, kind))
			continue;
		format_value(&conf_keys[i], base, value, sizeof(value));
		fn(title, conf_keys[i].name, value,
		    sources->v[i] != NULL ? sources->v[i] : "default", arg);
	}
}

void
conf_show(const struct conf *conf, conf_show_fn *fn, void *arg)
{
	size_t i;
	char *title;

	show_section(
	    "awaitd", "awaitd", &conf->global, &conf->global.sources, fn, arg);
	for (i = 0; i < conf->nendpoints; i++) {
		const struct conf_endpoint *e = conf->endpoints[i];

		title = xasprintf("endpoint %s", e->name);
		show_section("endpoint", title, e, &e->sources, fn, arg);
		free(title);
	}
}
