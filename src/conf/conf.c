/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration: from files, environment and flags into one struct. */
#include "conf/conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/ini.h"
#include "base/mem.h"
#include "base/str.h"
#include "conf/section.h"
#include "conf/value.h"

#define SYSTEM_FILE "/etc/awaitd/awaitd.conf"

/* --- unknown names -------------------------------------------------- */

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
		if (str_near(key->name, name))
			return err_hint(err, "Did you mean \"%s\"?", key->name);
		if (len < sizeof(list))
			len += (size_t)snprintf(list + len, sizeof(list) - len,
			    "%s%s", len > 0 ? ", " : "", key->name);
	}
	return err_hint(err, "Known keys: %s.", list);
}

/* Who set a value: for the source, and for relative paths. */
struct origin {
	const char *source;
	const char *folder; /* of the file; NULL: no file said it */
};

static int
set_key(struct conf *conf, const char *section, const char *name,
    const char *value, const struct origin *from, struct error *err)
{
	const struct conf_kind *kind;
	const char *title_name;
	struct conf_head *head;
	size_t i;

	if (section_kind(section, &kind, &title_name, err) == -1)
		return -1;
	i = section_key(kind->name, name);
	if (i == conf_keys_len)
		return unknown_key(kind->name, name, err);
	head = section_make(conf, kind, title_name, from->source);
	if (value_set(&conf_keys[i], head, value, from->folder, err) == -1)
		return -1;
	free(head->sources.v[i]);
	head->sources.v[i] = xstrdup(from->source);
	return 0;
}

int
conf_set(struct conf *conf, const char *section, const char *key,
    const char *value, const char *source, struct error *err)
{
	struct origin from = {source, NULL};

	return set_key(conf, section, key, value, &from, err);
}

/* --- where values come from ----------------------------------------- */

static int
take_header(
    struct conf *conf, const char *title, const char *source, struct error *err)
{
	const struct conf_kind *kind;
	const char *name;

	if (section_kind(title, &kind, &name, err) == -1)
		return -1;
	section_make(conf, kind, name, source);
	return 0;
}

static int
take_entry(const struct ini_entry *e, void *arg, struct error *err)
{
	struct conf *conf = arg;
	char *source, *folder, *slash;
	struct origin from;
	int rc;

	if (*e->section == '\0')
		return err_set(err, ERR_CONFIG,
		    "\"%s\" stands before any section", e->key);
	source = xasprintf("%s:%d", e->file, e->line);
	/* "dir/a.conf" is in "dir/", "a.conf" in ".". */
	slash = strrchr(e->file, '/');
	folder = slash != NULL
	    ? xstrndup(e->file, (size_t)(slash - e->file) + 1)
	    : xstrdup(".");
	from.source = source;
	from.folder = folder;
	if (*e->key == '\0')
		rc = take_header(conf, e->section, source, err);
	else
		rc = set_key(conf, e->section, e->key, e->value, &from, err);
	free(source);
	free(folder);
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
			err_hint(err,
			    "Name another file with --config or AWAITD_CONFIG, "
			    "or make this one readable.");
		err->code = ERR_CONFIG;
		return -1;
	}
	return 0;
}

/* AWAITD_STATE is [awaitd] state, AWAITD_API_LISTEN is [api] listen. */
static char *
variable_of(const struct conf_key *key)
{
	bool own = str_eq(key->section, "awaitd");
	char *name = xasprintf("AWAITD_%s%s%s", own ? "" : key->section,
	    own ? "" : "_", key->name);
	char *p;

	for (p = name; *p != '\0'; p++) {
		if (*p >= 'a' && *p <= 'z')
			*p = (char)(*p - ('a' - 'A'));
	}
	return name;
}

static int
read_variable(struct conf *conf, const struct conf_key *key, struct error *err)
{
	char *name = variable_of(key);
	const char *value = getenv(name);
	int rc = 0;

	if (!str_empty(value) &&
	    conf_set(conf, key->section, key->name, value, name, err) == -1)
		rc = err_prefix(err, "%s", name);
	free(name);
	return rc;
}

/* Only sections that are there once can be meant. */
static int
read_env(struct conf *conf, struct error *err)
{
	const struct conf_kind *kind;
	const char *name;
	struct error none;
	size_t i;

	for (i = 0; i < conf_keys_len; i++) {
		if (section_kind(conf_keys[i].section, &kind, &name, &none) ==
			0 &&
		    read_variable(conf, &conf_keys[i], err) == -1)
			return -1;
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

static int
read_all(
    struct conf *conf, const struct conf_options *options, struct error *err)
{
	size_t i;

	if (read_file(conf, options->file, err) == -1 ||
	    read_env(conf, err) == -1)
		return -1;
	for (i = 0; i < options->nsets; i++) {
		if (read_set(conf, options->sets[i], err) == -1)
			return -1;
	}
	return conf_check(conf, err);
}

static const struct conf_kind *
endpoint_kind(void)
{
	size_t i = 0;

	while (!str_eq(conf_kinds[i].name, "endpoint"))
		i++;
	return &conf_kinds[i];
}

static struct conf *
new_conf(void)
{
	struct conf *conf = xcalloc(1, sizeof(*conf));
	size_t i;

	for (i = 0; i < conf_kinds_len; i++) {
		struct conf_head *head;

		if (conf_kinds[i].named)
			continue;
		head = section_at(conf, &conf_kinds[i], 0);
		head->name = xstrdup("");
		section_init(&conf_kinds[i], head);
	}
	conf->fallback = (struct conf_endpoint *)(void *)section_new(
	    endpoint_kind(), "", "default");
	return conf;
}

int
conf_load(
    const struct conf_options *options, struct conf **out, struct error *err)
{
	struct conf *conf = new_conf();

	if (read_all(conf, options, err) == -1) {
		conf_free(conf);
		return -1;
	}
	*out = conf;
	return 0;
}

static void
free_kind(struct conf *conf, const struct conf_kind *kind)
{
	size_t i;

	for (i = 0; i < section_count(conf, kind); i++) {
		if (kind->named)
			section_free(kind, section_at(conf, kind, i));
		else
			section_done(kind, section_at(conf, kind, i));
	}
}

void
conf_free(struct conf *conf)
{
	size_t i;

	if (conf == NULL)
		return;
	for (i = 0; i < conf_kinds_len; i++)
		free_kind(conf, &conf_kinds[i]);
	free(conf->endpoints);
	free(conf->webhooks);
	free(conf->execs);
	free(conf->dirs);
	free(conf->unixes);
	section_free(endpoint_kind(), &conf->fallback->head);
	free(conf->file);
	free(conf);
}

/* --- asking --------------------------------------------------------- */

const struct conf_endpoint *
conf_endpoint(const struct conf *conf, const char *name)
{
	size_t i;

	for (i = 0; i < conf->nendpoints; i++) {
		if (str_eq(conf->endpoints[i]->head.name, name))
			return conf->endpoints[i];
	}
	return conf->fallback;
}

bool
conf_has_target(const struct conf *conf, const char *title)
{
	const struct conf_kind *kind;
	const char *name;
	struct error none;

	return section_kind(title, &kind, &name, &none) == 0 && kind->target &&
	    section_find(conf, kind, name) != NULL;
}

const char *
conf_source(const struct conf_head *head, const char *kind, const char *key)
{
	size_t i = section_key(kind, key);

	if (i == conf_keys_len || head->sources.v[i] == NULL)
		return "default";
	return head->sources.v[i];
}

/* --- showing and comparing ------------------------------------------ */

static void
show_section(const struct conf_kind *kind, const struct conf_head *head,
    conf_show_fn *fn, void *arg)
{
	char *title = section_title(kind, head);
	struct buf value;
	size_t i;

	buf_init(&value, VALUE_TEXT_MAX);
	for (i = 0; i < conf_keys_len; i++) {
		if (!str_eq(conf_keys[i].section, kind->name))
			continue;
		buf_clear(&value);
		value_format(&conf_keys[i], head, &value);
		fn(title, conf_keys[i].name, value.data,
		    conf_source(head, kind->name, conf_keys[i].name), arg);
	}
	buf_done(&value);
	free(title);
}

void
conf_show(const struct conf *conf, conf_show_fn *fn, void *arg)
{
	size_t i, j;

	for (i = 0; i < conf_kinds_len; i++) {
		for (j = 0; j < section_count(conf, &conf_kinds[i]); j++)
			show_section(&conf_kinds[i],
			    section_at(conf, &conf_kinds[i], j), fn, arg);
	}
}

static bool
is_same(const struct conf_key *key, const struct conf_head *a,
    const struct conf_head *b)
{
	struct buf one, other;
	bool same;

	buf_init(&one, VALUE_TEXT_MAX);
	buf_init(&other, VALUE_TEXT_MAX);
	value_format(key, a, &one);
	value_format(key, b, &other);
	same = str_eq(one.data, other.data);
	buf_done(&one);
	buf_done(&other);
	return same;
}

/* No key of a section with a name needs a restart. */
int
conf_needs_restart(
    const struct conf *was, const struct conf *is, char *out, size_t size)
{
	const struct conf_kind *kind;
	const char *name;
	struct error none;
	size_t i, len = 0;
	int n = 0;

	for (i = 0; i < conf_keys_len; i++) {
		const struct conf_key *key = &conf_keys[i];

		if ((key->flags & CONF_RESTART) == 0 ||
		    section_kind(key->section, &kind, &name, &none) == -1 ||
		    is_same(
			key, section_at(was, kind, 0), section_at(is, kind, 0)))
			continue;
		if (len < size)
			len +=
			    (size_t)snprintf(out + len, size - len, "%s[%s] %s",
				n > 0 ? ", " : "", key->section, key->name);
		n++;
	}
	return n;
}
