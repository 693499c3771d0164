/* SPDX-License-Identifier: Apache-2.0 */
/* The clients of the gateway, read from their file. */
#include "serve/gateway_keys.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/ini.h"
#include "base/mem.h"
#include "base/str.h"

#define SKEW_MS ((int64_t)15 * 60 * 1000)
#define SECRET_MIN 16

struct client {
	char *name;
	char *access_key;
	char *secret_key;
	char *session_token;
};

struct gateway_keys {
	unsigned refs;
	struct client *v;
	struct sigv4_user *users; /* the same, as the verifier wants them */
	struct sigv4_clients clients;
};

/* --- the file ------------------------------------------------------- */

static struct client *
add_client(struct gateway_keys *k, const char *name)
{
	struct client *c;

	k->v = xreallocarray(k->v, k->clients.n + 1, sizeof(*k->v));
	c = &k->v[k->clients.n++];
	memset(c, 0, sizeof(*c));
	c->name = xstrdup(name);
	return c;
}

static int
take_value(char **at, const struct ini_entry *e, struct error *err)
{
	if (*at != NULL)
		return err_set(
		    err, ERR_CONFIG, "%s stands there twice", e->key);
	*at = xstrdup(e->value);
	return 0;
}

/* Keys of other tools mean nothing here. */
static int
take_entry(const struct ini_entry *e, void *arg, struct error *err)
{
	struct gateway_keys *k = arg;
	struct client *c = k->clients.n > 0 ? &k->v[k->clients.n - 1] : NULL;

	if (e->key[0] == '\0') {
		add_client(k, e->section);
		return 0;
	}
	if (c == NULL)
		return err_set(
		    err, ERR_CONFIG, "%s stands in no section", e->key);
	if (e->parent != NULL)
		return 0;
	if (str_ieq(e->key, "aws_access_key_id"))
		return take_value(&c->access_key, e, err);
	if (str_ieq(e->key, "aws_secret_access_key"))
		return take_value(&c->secret_key, e, err);
	if (str_ieq(e->key, "aws_session_token"))
		return take_value(&c->session_token, e, err);
	return 0;
}

/* --- checks --------------------------------------------------------- */

/* As it stands in an Authorization header. */
static bool
key_ok(const char *key)
{
	const char *p;

	for (p = key; *p > 0x20 && *p < 0x7f; p++) {
		if (*p == '/' || *p == ',')
			return false;
	}
	return *p == '\0' && p > key;
}

static int
check_client(const struct gateway_keys *k, size_t i, struct error *err)
{
	const struct client *c = &k->v[i];
	size_t j;

	if (c->access_key == NULL || c->secret_key == NULL)
		return err_set(err, ERR_CONFIG, "[%s] has no %s", c->name,
		    c->access_key == NULL ? "aws_access_key_id"
					  : "aws_secret_access_key");
	if (!key_ok(c->access_key))
		return err_set(err, ERR_CONFIG,
		    "[%s] aws_access_key_id holds a character that no "
		    "access key can have",
		    c->name);
	if (strlen(c->secret_key) < SECRET_MIN) {
		err_set(err, ERR_CONFIG,
		    "[%s] aws_secret_access_key has less than %d characters",
		    c->name, SECRET_MIN);
		return err_hint(err, "'openssl rand -hex 20' makes one.");
	}
	if (c->session_token != NULL && *c->session_token == '\0')
		return err_set(err, ERR_CONFIG,
		    "[%s] aws_session_token is empty", c->name);
	for (j = 0; j < i; j++) {
		if (str_eq(c->access_key, k->v[j].access_key))
			return err_set(err, ERR_CONFIG,
			    "[%s] and [%s] have the same aws_access_key_id",
			    k->v[j].name, c->name);
	}
	return 0;
}

static int
check_all(const struct gateway_keys *k, struct error *err)
{
	size_t i;

	if (k->clients.n == 0) {
		err_set(err, ERR_CONFIG, "it holds no access key");
		return err_hint(err,
		    "A client is a section with aws_access_key_id and "
		    "aws_secret_access_key, as in ~/.aws/credentials.");
	}
	for (i = 0; i < k->clients.n; i++) {
		if (check_client(k, i, err) == -1)
			return -1;
	}
	return 0;
}

static void
lend_all(struct gateway_keys *k)
{
	size_t i;

	k->users = xcalloc(k->clients.n, sizeof(*k->users));
	for (i = 0; i < k->clients.n; i++) {
		k->users[i].name = k->v[i].name;
		k->users[i].access_key = k->v[i].access_key;
		k->users[i].secret_key = k->v[i].secret_key;
		k->users[i].session_token = k->v[i].session_token;
	}
	k->clients.users = k->users;
	k->clients.skew_ms = SKEW_MS;
}

/* --- in and out ----------------------------------------------------- */

static int
read_file(struct gateway_keys *k, const char *path, struct error *err)
{
	if (file_check_private(path, err) == -1)
		return -1;
	if (ini_parse_file(path, INI_NESTED, take_entry, k, err) == -1) {
		err->code = ERR_CONFIG;
		return -1;
	}
	if (check_all(k, err) == -1)
		return err_prefix(err, "%s", path);
	return 0;
}

int
gateway_keys_read(
    const char *path, struct gateway_keys **out, struct error *err)
{
	struct gateway_keys *k = xcalloc(1, sizeof(*k));

	k->refs = 1;
	if (read_file(k, path, err) == -1) {
		gateway_keys_unref(k);
		return err_prefix(err, "[gateway] credentials_file");
	}
	lend_all(k);
	*out = k;
	return 0;
}

struct gateway_keys *
gateway_keys_ref(struct gateway_keys *k)
{
	k->refs++;
	return k;
}

void
gateway_keys_unref(struct gateway_keys *k)
{
	size_t i;

	if (k == NULL || --k->refs > 0)
		return;
	for (i = 0; i < k->clients.n; i++) {
		free(k->v[i].name);
		free(k->v[i].access_key);
		hash_wipe_free(&k->v[i].secret_key);
		hash_wipe_free(&k->v[i].session_token);
	}
	free(k->users);
	free(k->v);
	free(k);
}

const struct sigv4_clients *
gateway_keys_clients(const struct gateway_keys *k)
{
	return &k->clients;
}
