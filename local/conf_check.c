/* SPDX-License-Identifier: Apache-2.0 */
/* What only the whole configuration can tell: what is missing or at odds. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "local/conf.h"
#include "local/s3uri.h"
#include "local/validate.h"
#include "net/url.h"

#define SECRET_MAX 1024
#define ARGV_MAX 256
#define TOKEN_MIN 16

static int
complain(const struct conf_place *place, const char *what, const char *hint,
    struct error *err)
{
	if (place != NULL && place->line > 0)
		err_set(err, ERR_CONFIG, "%s:%d: %s", place->file, place->line,
		    what);
	else
		err_set(err, ERR_CONFIG, "%s", what);
	return err_hint(err, "%s", hint);
}

bool
conf_is_loopback(const char *host)
{
	size_t digits = strspn(host, "0123456789.");

	if (str_starts(host, "127.") && host[digits] == '\0')
		return true;
	return str_eq(host, "localhost") || str_eq(host, "::1");
}

static int
split_listen(struct conf *c, struct error *err)
{
	char *host;

	if (str_split_host_port(c->listen, &host, &c->port) == -1) {
		err_set(
		    err, ERR_CONFIG, "listen '%s' is no HOST:PORT", c->listen);
		return err_hint(err, "Write listen = 127.0.0.1:7070.");
	}
	free(c->host);
	c->host = host;
	return 0;
}

static int
read_secret(const char *path, char **out, struct error *err)
{
	struct buf b;
	int rc;

	buf_init(&b, SECRET_MAX);
	rc = file_read(path, &b, err);
	if (rc == 0 && memchr(b.data, '\0', b.len) != NULL)
		rc = err_set(err, ERR_CONFIG, "%s holds a NUL byte", path);
	if (rc == 0) {
		free(*out);
		*out = xstrdup(str_trim(b.data));
	}
	buf_done(&b);
	return rc;
}

/* At most one of the two, and then read. */
static int
finish_secret(const struct conf_place *place, const char *path, char **secret,
    struct error *err)
{
	if (path == NULL)
		return 0;
	if (*secret != NULL)
		return complain(place,
		    "both secret_key and secret_key_file are set",
		    "Keep one of them.", err);
	if (read_secret(path, secret, err) == 0)
		return 0;
	if (place != NULL && place->line > 0)
		return err_prefix(
		    err, "%s:%d: secret_key_file", place->file, place->line);
	return err_prefix(err, "secret_key_file");
}

static int
check_remote(struct conf *c, struct error *err)
{
	if (conf_is_loopback(c->host)) {
		if (c->access_key == NULL && c->secret_key == NULL) {
			c->access_key = xstrdup(CONF_DEMO_ACCESS_KEY);
			c->secret_key = xstrdup(CONF_DEMO_SECRET_KEY);
		}
		return 0;
	}
	if (!c->allow_remote) {
		err_set(err, ERR_CONFIG,
		    "%s can be reached from other machines", c->listen);
		return err_hint(err,
		    "Listen on 127.0.0.1, or set allow_remote = yes and keys "
		    "of your own in [local].");
	}
	if (c->access_key == NULL || c->secret_key == NULL ||
	    str_eq(c->secret_key, CONF_DEMO_SECRET_KEY))
		return complain(NULL,
		    "an address others can reach needs keys of your own",
		    "Set access_key and secret_key_file in [local].", err);
	return 0;
}

static int
check_local(struct conf *c, struct error *err)
{
	if (str_empty(c->data))
		return complain(NULL, "no folder for the data is named",
		    "Give --data DIR, or data = DIR in [local].", err);
	if (split_listen(c, err) == -1 ||
	    finish_secret(NULL, c->secret_key_file, &c->secret_key, err) ==
		-1 ||
	    check_remote(c, err) == -1)
		return -1;
	if (str_empty(c->access_key) || str_empty(c->secret_key))
		return complain(NULL,
		    "[local] has one of access_key and secret_key only",
		    "Set both, or neither for the demonstration keys.", err);
	if (strlen(c->account) != 12 || strspn(c->account, "0123456789") != 12)
		return complain(NULL, "account is not 12 digits",
		    "Write account = 123456789012.", err);
	if (str_empty(c->region) || strchr(c->region, '/') != NULL)
		return complain(NULL, "region is no name of a region",
		    "Write region = us-east-1.", err);
	return 0;
}

static int
check_user(struct conf *c, size_t i, struct error *err)
{
	struct conf_user *u = &c->users[i];
	size_t j;

	if (finish_secret(&u->place, u->secret_key_file, &u->secret_key, err) ==
	    -1)
		return -1;
	if (str_empty(u->access_key) || str_empty(u->secret_key))
		return complain(&u->place,
		    "a user needs access_key and secret_key",
		    "Set both, or secret_key_file for the second.", err);
	if (strchr(u->access_key, '/') != NULL ||
	    strchr(u->access_key, ',') != NULL)
		return complain(&u->place, "access_key holds '/' or ','",
		    "Choose letters and digits.", err);
	for (j = 0; j < i; j++) {
		if (str_eq(c->users[j].access_key, u->access_key))
			return complain(&u->place,
			    "two users have the same access_key",
			    "Give each user a key of its own.", err);
	}
	return 0;
}

/* [local]'s own keys become the first user. */
static void
add_own_user(struct conf *c)
{
	struct conf_user own = {.list = true};

	own.name = xstrdup("local");
	own.access_key = xstrdup(c->access_key);
	own.secret_key = xstrdup(c->secret_key);
	c->users = xreallocarray(c->users, c->users_n + 1, sizeof(*c->users));
	memmove(c->users + 1, c->users, c->users_n * sizeof(*c->users));
	c->users[0] = own;
	c->users_n++;
}

static bool
is_path(const char *uri)
{
	const char *key;
	char *bucket;

	if (strlen(uri) > 512 || s3uri_split(uri, &bucket, &key) == -1)
		return false;
	free(bucket);
	return *key == '\0' || s3uri_key_ok(key, strlen(key));
}

static bool
is_url(const char *s)
{
	struct error err;
	struct url u;
	bool plain;

	if (url_parse(s, &u, &err) == -1)
		return false;
	plain = u.query == NULL;
	url_done(&u);
	return plain;
}

static void
cut_slash(char *url)
{
	size_t n = strlen(url);

	while (n > 0 && url[n - 1] == '/')
		url[--n] = '\0';
}

/* --- [admin] and [s3] ----------------------------------------------- */

static int
check_admin(struct conf *c, struct error *err)
{
	static const char unix_prefix[] = "unix:";
	struct conf_admin *a = &c->admin;

	if (a->token_file != NULL &&
	    read_secret(a->token_file, &a->token, err) == -1)
		return err_prefix(err, "[admin] token_file");
	if (a->token != NULL && strlen(a->token) < TOKEN_MIN)
		return complain(NULL, "the token of [admin] is too short",
		    "Take 16 characters or more that nobody can guess.", err);
	if (str_empty(a->listen))
		return 0;
	if (str_starts(a->listen, unix_prefix)) {
		a->unix_path = xstrdup(a->listen + strlen(unix_prefix));
		return 0;
	}
	if (str_split_host_port(a->listen, &a->host, &a->port) == -1)
		return complain(NULL, "listen of [admin] is no HOST:PORT",
		    "Write listen = 127.0.0.1:7071, or unix:PATH.", err);
	if (conf_is_loopback(a->host))
		return 0;
	if (!c->allow_remote || a->token == NULL)
		return complain(NULL,
		    "[admin] can be reached from other machines",
		    "Listen on 127.0.0.1, or set allow_remote = yes in [local] "
		    "and a token_file.",
		    err);
	return 0;
}

static int
check_s3(struct conf_s3 *s, struct error *err)
{
	if (finish_secret(NULL, s->secret_key_file, &s->secret_key, err) == -1)
		return -1;
	if (str_empty(s->endpoint))
		return 0;
	if (!is_url(s->endpoint))
		return complain(NULL, "endpoint of [s3] is no URL",
		    "Write endpoint = https://s3.us-east-1.amazonaws.com.",
		    err);
	cut_slash(s->endpoint);
	if (str_empty(s->access_key) || str_empty(s->secret_key))
		return complain(NULL, "[s3] needs access_key and secret_key",
		    "Set both, or secret_key_file for the second.", err);
	return 0;
}

/* --- endpoints ------------------------------------------------------ */

/* arn:aws:sns:REGION:ACCOUNT:NAME of ours. */
static bool
is_topic(const struct conf *c, const char *arn)
{
	static const char name_chars[] = "abcdefghijklmnopqrstuvwxyz"
					 "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					 "0123456789_-";
	char *prefix = xasprintf("arn:aws:sns:%s:%s:", c->region, c->account);
	size_t n = strlen(prefix);
	bool good = str_starts(arn, prefix) && arn[n] != '\0' &&
	    strspn(arn + n, name_chars) == strlen(arn + n) &&
	    strlen(arn + n) <= 256;

	free(prefix);
	return good;
}

static int
check_topics(const struct conf *c, struct conf_endpoint *e, struct error *err)
{
	const char *arn[] = {e->success_topic, e->error_topic};
	char *hint;
	size_t i;

	for (i = 0; i < ARRAY_LEN(arn); i++) {
		if (str_empty(arn[i]) || is_topic(c, arn[i]))
			continue;
		complain(&e->place,
		    i == 0 ? "success_topic is no topic of ours"
			   : "error_topic is no topic of ours",
		    "", err);
		hint = xasprintf(
		    "Write arn:aws:sns:%s:%s:NAME.", c->region, c->account);
		err_hint(err, "%s", hint);
		free(hint);
		return -1;
	}
	return 0;
}

static int
check_include(struct conf_endpoint *e, struct error *err)
{
	char **words;
	size_t n, i;
	int rc = 0;

	if (str_split_words(e->include_response, 8, &words, &n, err) == -1)
		return -1;
	for (i = 0; i < n && rc == 0; i++) {
		if (str_eq(words[i], "SUCCESS_NOTIFICATION_TOPIC"))
			e->include_success = true;
		else if (str_eq(words[i], "ERROR_NOTIFICATION_TOPIC"))
			e->include_error = true;
		else
			rc = complain(&e->place,
			    "include_inference_response_in names no topic",
			    "Write SUCCESS_NOTIFICATION_TOPIC, "
			    "ERROR_NOTIFICATION_TOPIC or both.",
			    err);
	}
	str_free_words(words);
	return rc;
}

static int
split_model(struct conf_endpoint *e, const char *key, const char *command,
    struct error *err)
{
	str_free_words(e->argv);
	e->argv = NULL;
	if (conf_split_command(command, &e->argv, err) == -1)
		return err_prefix(
		    err, "%s:%d: %s", e->place.file, e->place.line, key);
	return 0;
}

static int
check_serve(struct conf_endpoint *e, struct error *err)
{
	if (e->min_instances > e->max_instances)
		return complain(&e->place,
		    "min_instances is more than max_instances",
		    "Raise max_instances.", err);
	return split_model(e, "serve", e->serve, err);
}

static int
check_model(struct conf_endpoint *e, struct error *err)
{
	int n = !str_empty(e->command) + !str_empty(e->container) +
	    !str_empty(e->serve);

	if (n != 1)
		return complain(&e->place,
		    n == 0 ? "an endpoint needs a model"
			   : "an endpoint has one model",
		    "Write one of command = PROGRAM ARGUMENTS, container = URL "
		    "and serve = PROGRAM ARGUMENTS.",
		    err);
	if (!str_empty(e->serve))
		return check_serve(e, err);
	if (!str_empty(e->command))
		return split_model(e, "command", e->command, err);
	if (!is_url(e->container))
		return complain(&e->place, "container is no URL",
		    "Write container = http://127.0.0.1:8080.", err);
	cut_slash(e->container);
	return 0;
}

static int
check_endpoint(const struct conf *c, struct conf_endpoint *e, struct error *err)
{
	static const char path_hint[] = "Write s3://BUCKET/PREFIX, the bucket "
					"in lower case "
					"and of 3 to 63 characters.";

	size_t len = strlen(e->name);

	if (len > VALIDATE_ENDPOINT_NAME_MAX ||
	    !validate_endpoint_name(e->name, len))
		return complain(&e->place, "no name for an endpoint",
		    "Use up to 63 letters, digits and inner hyphens.", err);
	if (check_model(e, err) == -1)
		return -1;
	if (str_empty(e->s3_output_path))
		return complain(&e->place, "an endpoint needs s3_output_path",
		    path_hint, err);
	if (!is_path(e->s3_output_path))
		return complain(
		    &e->place, "s3_output_path is no S3 place", path_hint, err);
	if (!str_empty(e->s3_failure_path) && !is_path(e->s3_failure_path))
		return complain(&e->place, "s3_failure_path is no S3 place",
		    path_hint, err);
	if (check_topics(c, e, err) == -1)
		return -1;
	return check_include(e, err);
}

/* --- queues, and what buckets tell ---------------------------------- */

static const struct conf_queue *
find_queue(const struct conf *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->queues_n; i++) {
		if (str_eq(c->queues[i].name, name))
			return &c->queues[i];
	}
	return NULL;
}

static int
check_queue(const struct conf *c, const struct conf_queue *q, struct error *err)
{
	size_t len = strlen(q->name);

	if (len > 80 ||
	    strspn(q->name,
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789_-") != len)
		return complain(&q->place, "no name for a queue",
		    "Use 1 to 80 letters, digits, '-' and '_'.", err);
	if (!str_empty(q->dead_letter_queue) &&
	    find_queue(c, q->dead_letter_queue) == NULL)
		return complain(&q->place,
		    "dead_letter_queue is no queue of this file",
		    "Add a section [queue NAME] for it.", err);
	if (!str_empty(q->topic) && !is_topic(c, q->topic))
		return complain(&q->place, "topic is no topic of ours",
		    "Write arn:aws:sns:REGION:ACCOUNT:NAME, with the region "
		    "and the account of [local].",
		    err);
	return 0;
}

/* arn:aws:sqs:REGION:ACCOUNT:NAME of a [queue NAME]. */
static bool
is_queue(const struct conf *c, const char *arn)
{
	char *prefix = xasprintf("arn:aws:sqs:%s:%s:", c->region, c->account);
	bool good = str_starts(arn, prefix) &&
	    find_queue(c, arn + strlen(prefix)) != NULL;

	free(prefix);
	return good;
}

static int
check_notices(const struct conf *c, struct error *err)
{
	size_t i;

	for (i = 0; i < c->queues_n; i++) {
		if (check_queue(c, &c->queues[i], err) == -1)
			return -1;
	}
	for (i = 0; i < c->buckets_n; i++) {
		const struct conf_bucket *b = &c->buckets[i];

		if (str_empty(b->event_target) ||
		    is_topic(c, b->event_target) ||
		    is_queue(c, b->event_target))
			continue;
		return complain(&b->place,
		    "event_target is no queue and no topic of ours",
		    "Write arn:aws:sqs:REGION:ACCOUNT:NAME of a [queue NAME], "
		    "or arn:aws:sns:REGION:ACCOUNT:NAME.",
		    err);
	}
	return 0;
}

int
conf_finish(struct conf *c, struct error *err)
{
	size_t i;

	if (check_local(c, err) == -1 || check_admin(c, err) == -1 ||
	    check_s3(&c->s3, err) == -1)
		return -1;
	if (!str_empty(c->signing_cert_url) && !is_url(c->signing_cert_url))
		return complain(NULL, "signing_cert_url is no URL",
		    "Leave it out, or write a whole URL.", err);
	add_own_user(c);
	for (i = 0; i < c->users_n; i++) {
		if (check_user(c, i, err) == -1)
			return -1;
	}
	for (i = 0; i < c->buckets_n; i++) {
		if (!s3uri_bucket_ok(c->buckets[i].name))
			return complain(&c->buckets[i].place,
			    "no name for a bucket",
			    "Use 3 to 63 of a-z, 0-9, '.' and '-'.", err);
	}
	if (check_notices(c, err) == -1)
		return -1;
	for (i = 0; i < c->endpoints_n; i++) {
		struct conf_endpoint *e = &c->endpoints[i];

		if (check_endpoint(c, e, err) == 0)
			continue;
		/* No line tells which one. */
		return e->place.line > 0
		    ? -1
		    : err_prefix(err, "[endpoint %s]", e->name);
	}
	return 0;
}

int
conf_split_command(const char *text, char ***out, struct error *err)
{
	char **argv;
	size_t n;

	if (str_split_words(text, ARGV_MAX, &argv, &n, err) == -1) {
		err->code = ERR_CONFIG;
		return -1;
	}
	if (n == 0) {
		str_free_words(argv);
		return err_set(err, ERR_CONFIG, "an empty command");
	}
	*out = argv;
	return 0;
}
