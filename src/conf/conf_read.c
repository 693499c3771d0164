/* SPDX-License-Identifier: Apache-2.0 */
/* Where values come from: a file, then variables, then flags. */
#include "conf/conf_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/ini.h"
#include "base/mem.h"
#include "base/str.h"
#include "conf/section.h"
#include "conf/value.h"

#define SYSTEM_FILE "/etc/awaitd/awaitd.conf"
/* More than 100,000 sections. */
#define FILE_BYTES_MAX ((size_t)16 << 20)

/* Who set a value. */
struct origin {
	const char *source;
	const char *folder; /* of the file, for relative paths; or NULL */
	bool file;
	bool flag; /* that everybody can read in the list of processes */
};

/* A file that is being read. */
struct reading {
	struct conf *conf;
	char *folder;
	char *secret_at; /* where the first one stands, or NULL */
	const char *secret_key;
};

/* --- unknown names -------------------------------------------------- */

static void
add_kind(struct buf *list, const struct conf_kind *kind)
{
	buf_printf(list, "%s[%s%s]", list->len > 0 ? ", " : "", kind->name,
	    kind->named ? " NAME" : "");
}

/* A key that is right, but somewhere else. */
static bool
hint_elsewhere(const char *name, struct error *err)
{
	struct buf list;
	bool found;
	size_t i;

	buf_init(&list, sizeof(err->hint) / 2);
	for (i = 0; i < conf_kinds_len; i++) {
		if (section_key(&conf_kinds[i], name) != NULL)
			add_kind(&list, &conf_kinds[i]);
	}
	found = list.len > 0;
	if (found)
		err_hint(err, "It is a key of %s.", list.data);
	buf_done(&list);
	return found;
}

static void
hint_keys(const struct conf_kind *kind, const char *name, struct error *err)
{
	struct section_keys k = section_keys(kind);
	struct buf list;

	buf_init(&list, sizeof(err->hint) - 32);
	for (; k.first < k.end; k.first++) {
		const char *known = conf_keys[k.first].name;

		if (str_near(known, name)) {
			buf_done(&list);
			err_hint(err, "Did you mean \"%s\"?", known);
			return;
		}
		buf_printf(&list, "%s%s", list.len > 0 ? ", " : "", known);
	}
	if (!hint_elsewhere(name, err))
		err_hint(err, "Known keys: %s%s.", list.data,
		    list.overflow ? ", and more" : "");
	buf_done(&list);
}

/*
 * Only the name is repeated: in "token abc=" somebody has forgotten the sign
 * before a secret, whose last character is that sign.
 */
static int
unknown_key(const struct conf_kind *kind, const char *text, struct error *err)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz_-."
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	char *name = xstrndup(text, strspn(text, letters));

	if (section_key(kind, name) != NULL) {
		err_set(err, ERR_CONFIG,
		    "[%s] %s: there is no '=' behind the key", kind->name,
		    name);
		err_hint(err, "Write '%s = VALUE'.", name);
	} else {
		err_set(err, ERR_CONFIG, "unknown key \"%s\" in [%s]", name,
		    kind->name);
		hint_keys(kind, name, err);
	}
	free(name);
	return -1;
}

/* --- secrets -------------------------------------------------------- */

static int
refuse_flag(const char *section, const struct conf_kind *kind,
    const struct conf_key *key, struct error *err)
{
	char *variable = conf_about_variable(kind, key);

	err_set(err, ERR_CONFIG,
	    "[%s] %s: everybody can read a secret in the list of processes",
	    section, key->name);
	err_hint(err, "Put it into a private file, and set %s_file%s%s.",
	    key->name, variable != NULL ? "; or set the variable " : "",
	    variable != NULL ? variable : "");
	free(variable);
	return -1;
}

static int
check_private(const struct reading *r, struct error *err)
{
	struct stat st;

	if (r->secret_at == NULL)
		return 0;
	if (stat(r->conf->file, &st) == 0 && file_is_private(&st))
		return 0;
	err_set(err, ERR_CONFIG,
	    "%s %s is a secret, and others can read the file", r->secret_at,
	    r->secret_key);
	return err_hint(err,
	    "Do 'chmod 600 %s', or put the secret into a private file and set "
	    "%s_file.",
	    r->conf->file, r->secret_key);
}

/* --- one value ------------------------------------------------------ */

static int
refuse_twice(
    const char *section, const char *key, const char *first, struct error *err)
{
	err_set(err, ERR_CONFIG, "[%s]%s%s is there already, at %s", section,
	    key != NULL ? " " : "", key != NULL ? key : "", first);
	return err_hint(err, "Keep one of them.");
}

static int
set_key(struct conf *conf, const char *section, const char *name,
    const char *value, const struct origin *from, struct error *err)
{
	const struct conf_kind *kind;
	const struct conf_key *key;
	const char *title_name;
	struct conf_head *head;
	char **source;

	if (section_kind(section, &kind, &title_name, err) == -1)
		return -1;
	key = section_key(kind, name);
	if (key == NULL)
		return unknown_key(kind, name, err);
	if (from->flag && value_text_is_secret(key, value))
		return refuse_flag(section, kind, key, err);
	head = section_make(conf, kind, title_name, from->source);
	source = section_source(head, kind, key);
	if (from->file && *source != NULL)
		return refuse_twice(section, name, *source, err);
	if (value_set(key, head, value, from->folder, err) == -1)
		return -1;
	free(*source);
	*source = xstrdup(from->source);
	return 0;
}

int
conf_set(struct conf *conf, const char *section, const char *key,
    const char *value, const char *source, struct error *err)
{
	struct origin from = {.source = source, .flag = true};

	return set_key(conf, section, key, value, &from, err);
}

/* --- the file ------------------------------------------------------- */

static int
take_header(
    struct conf *conf, const char *title, const char *source, struct error *err)
{
	const struct conf_kind *kind;
	const char *name;
	struct conf_head *head;

	if (section_kind(title, &kind, &name, err) == -1)
		return -1;
	head = section_find(conf, kind, name);
	if (head != NULL && head->place != NULL)
		return refuse_twice(title, NULL, head->place, err);
	head = section_make(conf, kind, name, source);
	if (head->place == NULL)
		head->place = xstrdup(source);
	return 0;
}

/* The first one, for whom the file must be private. */
static void
note_secret(struct reading *r, const struct ini_entry *e, const char *source)
{
	const struct conf_kind *kind;
	const struct conf_key *key;
	const char *name;
	struct error none;

	if (r->secret_at != NULL ||
	    section_kind(e->section, &kind, &name, &none) == -1)
		return;
	key = section_key(kind, e->key);
	if (key == NULL || !value_text_is_secret(key, e->value))
		return;
	r->secret_at = xasprintf("%s: [%s]", source, e->section);
	r->secret_key = key->name;
}

static int
take_entry(const struct ini_entry *e, void *arg, struct error *err)
{
	struct reading *r = arg;
	char *source;
	struct origin from = {.folder = r->folder, .file = true};
	int rc;

	if (*e->section == '\0') {
		err_set(err, ERR_CONFIG, "\"%.*s\" stands before any section",
		    (int)strcspn(e->key, " \t:"), e->key);
		return err_hint(
		    err, "Write the section above it, such as [awaitd].");
	}
	source = xasprintf("%s:%d", e->file, e->line);
	from.source = source;
	if (*e->key == '\0')
		rc = take_header(r->conf, e->section, source, err);
	else
		rc = set_key(r->conf, e->section, e->key, e->value, &from, err);
	if (rc == 0 && *e->key != '\0')
		note_secret(r, e, source);
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

void
conf_places(const char *named, conf_place_fn *fn, void *arg)
{
	const char *env = getenv("AWAITD_CONFIG");
	char *user = user_file();
	struct conf_place v[] = {
	    {.by = "--config", .file = named, .must_exist = true},
	    {.by = "AWAITD_CONFIG", .must_exist = true},
	    {.by = "the user's", .file = user},
	    {.by = "the system's", .file = SYSTEM_FILE},
	};
	bool taken = false;
	size_t i;

	if (!str_empty(env))
		v[1].file = env;
	for (i = 0; i < ARRAY_LEN(v); i++) {
		if (v[i].file == NULL)
			continue;
		v[i].there = access(v[i].file, F_OK) == 0;
		v[i].read = !taken && (v[i].there || v[i].must_exist);
		taken |= v[i].read;
		fn(&v[i], arg);
	}
	free(user);
}

static void
take_place(const struct conf_place *place, void *arg)
{
	char **file = arg;

	if (place->read)
		*file = xstrdup(place->file);
}

/* As ini_parse_file(), but larger. */
static int
parse_file(struct reading *r, const char *file, struct error *err)
{
	struct buf b;
	int rc;

	buf_init(&b, FILE_BYTES_MAX);
	rc = file_read(file, &b, err);
	if (rc == 0)
		rc = ini_parse(
		    file, b.data, b.len, INI_PLAIN, take_entry, r, err);
	hash_wipe(b.data, b.len);
	buf_done(&b);
	return rc;
}

static int
read_file(struct conf *conf, const char *named, struct error *err)
{
	struct reading r = {.conf = conf};
	int rc;

	conf_places(named, take_place, &conf->file);
	if (conf->file == NULL)
		return 0;
	r.folder = file_folder(conf->file);
	rc = parse_file(&r, conf->file, err);
	if (rc == -1 && err->code != ERR_CONFIG)
		err_hint(err,
		    "Name another file with --config or AWAITD_CONFIG, or make "
		    "this one readable.");
	if (rc == 0)
		rc = check_private(&r, err);
	if (rc == -1)
		err->code = ERR_CONFIG;
	free(r.folder);
	free(r.secret_at);
	return rc;
}

/* --- the environment ------------------------------------------------ */

static int
read_variable(struct conf *conf, const struct conf_kind *kind,
    const struct conf_key *key, struct error *err)
{
	char *name = conf_about_variable(kind, key);
	const char *value = getenv(name);
	struct origin from = {.source = name};
	int rc = 0;

	if (!str_empty(value) &&
	    set_key(conf, kind->name, key->name, value, &from, err) == -1)
		rc = err_prefix(err, "%s", name);
	free(name);
	return rc;
}

/* Only sections that are there once can be meant. */
static int
read_env(struct conf *conf, struct error *err)
{
	size_t i;

	for (i = 0; i < conf_kinds_len; i++) {
		struct section_keys k = section_keys(&conf_kinds[i]);

		for (; k.first < k.end && !conf_kinds[i].named; k.first++) {
			if (read_variable(conf, &conf_kinds[i],
				&conf_keys[k.first], err) == -1)
				return -1;
		}
	}
	return 0;
}

/* --- flags ---------------------------------------------------------- */

/* What stands behind the first '=' may be a secret. */
static int
refuse_set(const char *text, struct error *err)
{
	err_set(err, ERR_USAGE, "--set %.*s: it must be 'SECTION.KEY=VALUE'",
	    (int)strcspn(text, "="), text);
	return err_hint(err, "Write it as in 'endpoint ocr.poll_max=5s'.");
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
		free(left);
		return refuse_set(text, err);
	}
	*dot = '\0';
	rc = conf_set(
	    conf, str_trim(left), str_trim(dot + 1), eq + 1, "--set", err);
	free(left);
	return rc == 0 ? 0 : err_prefix(err, "--set");
}

int
conf_read(
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
	return 0;
}
