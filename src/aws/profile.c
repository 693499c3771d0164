/* SPDX-License-Identifier: Apache-2.0 */
/* Sections of AWS's shared files, read anew each time: keys are rotated. */
#include "aws/profile.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/ini.h"
#include "base/mem.h"
#include "base/str.h"

/* Far above what anybody has; a search is linear. */
#define SECTION_MAX_KEYS 1000

/* --- where the files are -------------------------------------------- */

const char *
profile_home(void)
{
	const char *home = getenv("HOME");
	const struct passwd *pw;

	if (!str_empty(home))
		return home;
	pw = getpwuid(getuid());
	return pw != NULL && !str_empty(pw->pw_dir) ? pw->pw_dir : NULL;
}

char *
profile_path(enum profile_kind kind)
{
	bool keys = kind == PROFILE_CREDENTIALS;
	const char *path =
	    getenv(keys ? "AWS_SHARED_CREDENTIALS_FILE" : "AWS_CONFIG_FILE");
	const char *home = profile_home();

	if (str_empty(path))
		path = keys ? "~/.aws/credentials" : "~/.aws/config";
	if (!str_starts(path, "~/"))
		return xstrdup(path);
	return home != NULL ? xasprintf("%s%s", home, path + 1) : NULL;
}

/* --- one section ---------------------------------------------------- */

struct reader {
	const char *prefix; /* "profile", "services", "sso-session" or "" */
	const char *name;
	struct profile_section *out;
};

/* The header may say "profile x", "profile  x" or "profile 'x y'". */
static bool
matches(const struct reader *r, const char *section)
{
	size_t n = strlen(r->prefix), len;

	if (strncmp(section, r->prefix, n) != 0)
		return false;
	section += n;
	if (n > 0) {
		if (*section != ' ' && *section != '\t')
			return false;
		section += strspn(section, " \t");
	}
	len = strlen(section);
	if (len >= 2 && (*section == '"' || *section == '\'') &&
	    section[len - 1] == *section) {
		section++;
		len -= 2;
	}
	return len == strlen(r->name) && memcmp(section, r->name, len) == 0;
}

static struct profile_pair *
find(const struct profile_section *s, const char *key)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		if (str_ieq(s->v[i].key, key))
			return &s->v[i];
	}
	return NULL;
}

/* Of two lines with one key the later counts, as in the SDKs. */
static int
set(struct profile_section *s, char *key, const char *value, struct error *err)
{
	struct profile_pair *pair = find(s, key);

	if (pair != NULL) {
		free(key);
		hash_wipe_free(&pair->value);
	} else if (s->n == SECTION_MAX_KEYS) {
		free(key);
		return err_set(err, ERR_CONFIG,
		    "a section of more than %d keys", SECTION_MAX_KEYS);
	} else {
		s->v = xreallocarray(s->v, s->n + 1, sizeof(*s->v));
		pair = &s->v[s->n++];
		pair->key = key;
	}
	pair->value = xstrdup(value);
	return 0;
}

static int
take_entry(const struct ini_entry *e, void *arg, struct error *err)
{
	struct reader *r = arg;

	if (!matches(r, e->section))
		return 0;
	r->out->found = true;
	if (*e->key == '\0')
		return 0;
	return set(r->out,
	    e->parent != NULL ? xasprintf("%s.%s", e->parent, e->key)
			      : xstrdup(e->key),
	    e->value, err);
}

/* A daemon's home may be /dev/null: nothing is below it. */
static bool
is_missing(const char *path, const struct error *e)
{
	struct stat st;

	return e->code == ERR_NOT_FOUND ||
	    (stat(path, &st) == -1 && errno == ENOTDIR);
}

/* A pipe has its bytes but once, and keeps everybody waiting then. */
static int
read_file(const char *path, struct reader *r, struct error *err)
{
	struct stat st;

	if (stat(path, &st) == -1 || !S_ISFIFO(st.st_mode))
		return ini_parse_file(path, INI_NESTED, take_entry, r, err);
	err_set(err, ERR_CONFIG, "%s is a pipe", path);
	return err_hint(
	    err, "It is read again and again: name a regular file.");
}

static int
read_section(const char *path, const char *prefix, const char *name,
    struct profile_section *out, struct error *err)
{
	struct reader r = {.prefix = prefix, .name = name, .out = out};
	struct error e;

	memset(out, 0, sizeof(*out));
	if (path == NULL || read_file(path, &r, &e) == 0)
		return 0;
	profile_section_done(out);
	if (is_missing(path, &e))
		return 0;
	*err = e;
	return -1;
}

int
profile_read(enum profile_kind kind, const char *name,
    struct profile_section *out, struct error *err)
{
	static const char *const prefixes[] = {
	    [PROFILE_CREDENTIALS] = "",
	    [PROFILE_CONFIG] = "profile",
	    [PROFILE_SERVICES] = "services",
	    [PROFILE_SSO_SESSION] = "sso-session",
	};
	struct profile_section found = {0};
	char *path = profile_path(kind);
	int rc;

	rc = read_section(path, prefixes[kind], name, &found, err);
	/* Of [profile default] and [default] the first counts. */
	if (rc == 0 && !found.found && kind == PROFILE_CONFIG &&
	    str_eq(name, "default"))
		rc = read_section(path, "", name, &found, err);
	free(path);
	if (rc == 0)
		*out = found;
	return rc;
}

void
profile_section_done(struct profile_section *s)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		free(s->v[i].key);
		hash_wipe_free(&s->v[i].value);
	}
	free(s->v);
	memset(s, 0, sizeof(*s));
}

const char *
profile_get(const struct profile_section *s, const char *key)
{
	const struct profile_pair *pair = find(s, key);

	return pair != NULL && *pair->value != '\0' ? pair->value : NULL;
}

/* --- the profile in use --------------------------------------------- */

static const char *
named_profile(const char *explicit_name)
{
	const char *name = explicit_name;

	if (str_empty(name))
		name = getenv("AWS_PROFILE");
	if (str_empty(name))
		name = getenv("AWS_DEFAULT_PROFILE");
	return str_empty(name) ? NULL : name;
}

const char *
profile_name(const char *explicit_name)
{
	const char *name = named_profile(explicit_name);

	return name != NULL ? name : "default";
}

static int
complain_missing(const char *name, bool by_flag, struct error *err)
{
	char *config = profile_path(PROFILE_CONFIG);
	char *credentials = profile_path(PROFILE_CREDENTIALS);

	err_set(err, ERR_CONFIG,
	    "there is no profile '%s': neither [%s%s] in %s nor [%s] in %s",
	    name, str_eq(name, "default") ? "" : "profile ", name,
	    config != NULL ? config : "~/.aws/config", name,
	    credentials != NULL ? credentials : "~/.aws/credentials");
	err_hint(err,
	    "Add one of these sections, or name another profile with %s.",
	    by_flag ? "--profile" : "AWS_PROFILE or --profile");
	free(credentials);
	free(config);
	return -1;
}

int
profile_check(const char *explicit_name, struct error *err)
{
	static const enum profile_kind kinds[] = {
	    PROFILE_CONFIG, PROFILE_CREDENTIALS};
	const char *name = named_profile(explicit_name);
	struct profile_section s = {0};
	bool found = name == NULL;
	size_t i;

	for (i = 0; i < ARRAY_LEN(kinds) && !found; i++) {
		if (profile_read(kinds[i], name, &s, err) == -1)
			return -1;
		found = s.found;
		profile_section_done(&s);
	}
	return found ? 0
		     : complain_missing(name, !str_empty(explicit_name), err);
}

static int
read_setting(enum profile_kind kind, const char *name, const char *key,
    char **out, struct error *err)
{
	struct profile_section s = {0};

	if (profile_read(kind, name, &s, err) == -1)
		return -1;
	*out = xstrdup_or_null(profile_get(&s, key));
	profile_section_done(&s);
	return 0;
}

int
profile_setting(
    const char *explicit_name, const char *key, char **out, struct error *err)
{
	const char *name = profile_name(explicit_name);
	char *services = NULL, *value = NULL;
	int rc;

	if (strchr(key, '.') != NULL) {
		if (profile_setting(name, "services", &services, err) == -1)
			return -1;
		rc = services == NULL ? 0
				      : read_setting(PROFILE_SERVICES, services,
					    key, &value, err);
		free(services);
	} else {
		rc = read_setting(PROFILE_CONFIG, name, key, &value, err);
		if (rc == 0 && value == NULL)
			rc = read_setting(
			    PROFILE_CREDENTIALS, name, key, &value, err);
	}
	if (rc == 0)
		*out = value;
	return rc;
}

/* --- the environment or the profile --------------------------------- */

int
profile_or_env(const char *variable, const char *explicit_name, const char *key,
    char **out, char **from, struct error *err)
{
	const char *value = getenv(variable);

	*from = NULL;
	if (!str_empty(value)) {
		*out = xstrdup(value);
		*from = xstrdup(variable);
		return 0;
	}
	if (profile_setting(explicit_name, key, out, err) == -1)
		return -1;
	if (*out != NULL)
		*from = xasprintf(
		    "%s of the profile '%s'", key, profile_name(explicit_name));
	return 0;
}

int
profile_or_env_bool(const char *variable, const char *explicit_name,
    const char *key, bool otherwise, bool *out, struct error *err)
{
	char *value, *from;
	int rc = 0;

	if (profile_or_env(variable, explicit_name, key, &value, &from, err) ==
	    -1)
		return -1;
	if (value == NULL)
		*out = otherwise;
	else if (str_ieq(value, "true") || str_ieq(value, "false"))
		*out = str_ieq(value, "true");
	else {
		rc = err_set(err, ERR_CONFIG,
		    "%s is '%.80s', which is neither true nor false", from,
		    value);
		str_defang(err->text);
	}
	free(value);
	free(from);
	return rc;
}

/* --- changes -------------------------------------------------------- */

uint64_t
profile_files_version(void)
{
	static const enum profile_kind kinds[] = {
	    PROFILE_CREDENTIALS, PROFILE_CONFIG};
	unsigned char digest[HASH_SHA256_SIZE];
	struct stat st;
	int64_t facts[ARRAY_LEN(kinds)][7] = {{0}};
	uint64_t version;
	size_t i;

	for (i = 0; i < ARRAY_LEN(kinds); i++) {
		char *path = profile_path(kinds[i]);

		if (path != NULL && stat(path, &st) == 0) {
			facts[i][0] = (int64_t)st.st_dev;
			facts[i][1] = (int64_t)st.st_ino;
			facts[i][2] = (int64_t)st.st_size;
			facts[i][3] = (int64_t)st.st_mtim.tv_sec;
			facts[i][4] = (int64_t)st.st_mtim.tv_nsec;
			facts[i][5] = (int64_t)st.st_ctim.tv_sec;
			facts[i][6] = (int64_t)st.st_ctim.tv_nsec;
		}
		free(path);
	}
	hash_sha256(facts, sizeof(facts), digest);
	memcpy(&version, digest, sizeof(version));
	return version;
}
