/* SPDX-License-Identifier: Apache-2.0 */
/* The table of keys, and how a value gets into its place. */
#include "local/conf.h"

#include <stdlib.h>
#include <string.h>

#include "base/ini.h"
#include "base/mem.h"
#include "base/str.h"

enum conf_type { KEY_TEXT, KEY_BOOL, KEY_INT, KEY_SIZE, KEY_TIME, KEY_CHOICE };

struct conf_key {
	const char *section;
	const char *name;
	enum conf_type type;
	size_t offset;
	const char *fallback; /* the default, read as any value; NULL: none */
	const char *help;
	const char *const *choices; /* NULL at their end */
	int64_t min, max;
};

static const char *const level_choices[] = {
    "debug", "info", "warn", "error", "none", NULL};
static const char *const format_choices[] = {"text", "json", NULL};
static const char *const names_choices[] = {"honoured", "ignored", NULL};
static const char *const failure_choices[] = {"own", "follow", NULL};
static const char *const expired_choices[] = {
    "object", "notification", "silent", NULL};
static const char *const addressing_choices[] = {"path", "virtual", NULL};

#define DAY_MS ((int64_t)24 * 3600 * 1000)

#define LOCAL(member) offsetof(struct conf, member)
#define USER(member) offsetof(struct conf_user, member)
#define BUCKET(member) offsetof(struct conf_bucket, member)
#define QUEUE(member) offsetof(struct conf_queue, member)
#define ENDPOINT(member) offsetof(struct conf_endpoint, member)

static const struct conf_key keys[] = {
    {"local", "listen", KEY_TEXT, LOCAL(listen), "127.0.0.1:7070",
	"HOST:PORT to listen on; port 0 takes any free one", NULL, 0, 0},
    {"local", "data", KEY_TEXT, LOCAL(data), NULL,
	"the folder that holds objects and the queue; required", NULL, 0, 0},
    {"local", "access_key", KEY_TEXT, LOCAL(access_key), NULL,
	"who may sign requests (" CONF_DEMO_ACCESS_KEY ")", NULL, 0, 0},
    {"local", "secret_key", KEY_TEXT, LOCAL(secret_key), NULL,
	"the secret to it (" CONF_DEMO_SECRET_KEY ")", NULL, 0, 0},
    {"local", "secret_key_file", KEY_TEXT, LOCAL(secret_key_file), NULL,
	"the same, read from a file", NULL, 0, 0},
    {"local", "region", KEY_TEXT, LOCAL(region), "us-east-1",
	"the region that signatures must name", NULL, 0, 0},
    {"local", "account", KEY_TEXT, LOCAL(account), "123456789012",
	"the account that error messages name", NULL, 0, 0},
    {"local", "allow_remote", KEY_BOOL, LOCAL(allow_remote), "no",
	"listen on an address that others can reach", NULL, 0, 0},
    {"local", "log_level", KEY_CHOICE, LOCAL(log_level), "info",
	"the least that is logged", level_choices, 0, 0},
    {"local", "log_format", KEY_CHOICE, LOCAL(log_format), "text",
	"how it is logged", format_choices, 0, 0},
    {"local", "max_object", KEY_SIZE, LOCAL(max_object), "5GiB",
	"the largest object, and the largest output of a model", NULL, 1,
	INT64_C(1) << 50},
    {"local", "faults", KEY_TEXT, LOCAL(faults), "",
	"a file of faults to begin with, see awaitd-local(1)", NULL, 0, 0},
    {"local", "ca_file", KEY_TEXT, LOCAL(ca_file), "",
	"PEM: who is believed over https, instead of the system's", NULL, 0, 0},
    {"admin", "listen", KEY_TEXT, LOCAL(admin.listen), "",
	"HOST:PORT or unix:PATH of the metrics and faults; empty: off", NULL, 0,
	0},
    {"admin", "token_file", KEY_TEXT, LOCAL(admin.token_file), NULL,
	"the bearer token to it; required where others can reach it", NULL, 0,
	0},
    {"s3", "endpoint", KEY_TEXT, LOCAL(s3.endpoint), "",
	"URL of another S3 for inputs and results; empty: our own", NULL, 0, 0},
    {"s3", "region", KEY_TEXT, LOCAL(s3.region), "us-east-1",
	"the region that requests to it are signed for", NULL, 0, 0},
    {"s3", "access_key", KEY_TEXT, LOCAL(s3.access_key), NULL, "who signs them",
	NULL, 0, 0},
    {"s3", "secret_key", KEY_TEXT, LOCAL(s3.secret_key), NULL,
	"the secret to it", NULL, 0, 0},
    {"s3", "secret_key_file", KEY_TEXT, LOCAL(s3.secret_key_file), NULL,
	"the same, read from a file", NULL, 0, 0},
    {"s3", "addressing", KEY_CHOICE, LOCAL(s3.addressing), "path",
	"where the bucket's name goes: path or virtual (host)",
	addressing_choices, 0, 0},
    {"sns", "signing_cert_url", KEY_TEXT, LOCAL(signing_cert_url), "",
	"the SigningCertURL to name; empty: where we serve it", NULL, 0, 0},
    {"user", "access_key", KEY_TEXT, USER(access_key), NULL,
	"one more who may sign requests; required", NULL, 0, 0},
    {"user", "secret_key", KEY_TEXT, USER(secret_key), NULL,
	"the secret to it; this or the file is required", NULL, 0, 0},
    {"user", "secret_key_file", KEY_TEXT, USER(secret_key_file), NULL,
	"the same, read from a file", NULL, 0, 0},
    {"user", "session_token", KEY_TEXT, USER(session_token), NULL,
	"what has to come with the key; without it nothing may", NULL, 0, 0},
    {"user", "list", KEY_BOOL, USER(list), "yes",
	"may list; without it a missing key is 403, not 404", NULL, 0, 0},
    {"bucket", "event_target", KEY_TEXT, BUCKET(event_target), "",
	"ARN of the queue or topic that new objects are told to", NULL, 0, 0},
    {"bucket", "event_prefix", KEY_TEXT, BUCKET(event_prefix), "",
	"how the keys begin that it is told of", NULL, 0, 0},
    {"bucket", "event_suffix", KEY_TEXT, BUCKET(event_suffix), "",
	"how they end", NULL, 0, 0},
    {"queue", "visibility_timeout", KEY_TIME, QUEUE(visibility_timeout_ms),
	"30s", "how long what was received stays out of sight", NULL, 0,
	DAY_MS / 2},
    {"queue", "dead_letter_queue", KEY_TEXT, QUEUE(dead_letter_queue), "",
	"name of the queue for what is received too often", NULL, 0, 0},
    {"queue", "max_receive_count", KEY_INT, QUEUE(max_receive_count), "10",
	"how often that is", NULL, 1, 1000},
    {"queue", "topic", KEY_TEXT, QUEUE(topic), "",
	"ARN of a topic that it is subscribed to", NULL, 0, 0},
    {"queue", "raw", KEY_BOOL, QUEUE(raw), "no",
	"the topic's messages come bare (RawMessageDelivery)", NULL, 0, 0},
    {"endpoint", "command", KEY_TEXT, ENDPOINT(command), NULL,
	"the model: payload on stdin, result on stdout", NULL, 0, 0},
    {"endpoint", "container", KEY_TEXT, ENDPOINT(container), NULL,
	"the model: URL of a container with /ping and /invocations", NULL, 0,
	0},
    {"endpoint", "serve", KEY_TEXT, ENDPOINT(serve), NULL,
	"the model: a command that is such a container, at {port}", NULL, 0, 0},
    {"endpoint", "max_concurrent_invocations_per_instance", KEY_INT,
	ENDPOINT(max_concurrent), "1", "MaxConcurrentInvocationsPerInstance",
	NULL, 1, 1000},
    {"endpoint", "min_instances", KEY_INT, ENDPOINT(min_instances), "0",
	"of serve: how many run without a backlog", NULL, 0, 64},
    {"endpoint", "max_instances", KEY_INT, ENDPOINT(max_instances), "1",
	"of serve: how many run at the most", NULL, 1, 64},
    {"endpoint", "backlog_per_instance", KEY_INT,
	ENDPOINT(backlog_per_instance), "0",
	"of serve: one more for each so many; 0: as many as it runs", NULL, 0,
	1000000},
    {"endpoint", "scale_in_after", KEY_TIME, ENDPOINT(scale_in_after_ms), "5m",
	"of serve: idle so long, an instance is stopped", NULL, 0, DAY_MS},
    {"endpoint", "startup_timeout", KEY_TIME, ENDPOINT(startup_timeout_ms),
	"4m", "ContainerStartupHealthCheckTimeoutInSeconds", NULL, 1,
	3600 * 1000},
    {"endpoint", "max_backlog", KEY_INT, ENDPOINT(max_backlog), "120000",
	"requests that wait or run; more are throttled", NULL, 1, 10000000},
    {"endpoint", "s3_output_path", KEY_TEXT, ENDPOINT(s3_output_path), NULL,
	"S3OutputPath: s3://BUCKET/PREFIX; required", NULL, 0, 0},
    {"endpoint", "s3_failure_path", KEY_TEXT, ENDPOINT(s3_failure_path), "",
	"S3FailurePath; empty: failures leave no object", NULL, 0, 0},
    {"endpoint", "success_topic", KEY_TEXT, ENDPOINT(success_topic), "",
	"SuccessTopic: the ARN that outputs are announced to", NULL, 0, 0},
    {"endpoint", "error_topic", KEY_TEXT, ENDPOINT(error_topic), "",
	"ErrorTopic: the ARN that failures are announced to", NULL, 0, 0},
    {"endpoint", "include_inference_response_in", KEY_TEXT,
	ENDPOINT(include_response), "",
	"SUCCESS_NOTIFICATION_TOPIC, ERROR_NOTIFICATION_TOPIC or both", NULL, 0,
	0},
    {"endpoint", "names", KEY_CHOICE, ENDPOINT(names), "honoured",
	"what becomes of Filename and S3OutputPathExtension", names_choices, 0,
	0},
    {"endpoint", "failure_names", KEY_CHOICE, ENDPOINT(failure_names), "own",
	"whether they name the failure object, too", failure_choices, 0, 0},
    {"endpoint", "expired", KEY_CHOICE, ENDPOINT(expired), "object",
	"what a request leaves that waited too long", expired_choices, 0, 0},
    {"endpoint", "content_type", KEY_TEXT, ENDPOINT(content_type),
	"application/octet-stream", "of a payload sent without one", NULL, 0,
	0},
    {"endpoint", "result_content_type", KEY_TEXT, ENDPOINT(result_content_type),
	"application/octet-stream", "of the output object", NULL, 0, 0},
};

static int
set_text(char **place, const char *value, struct error *err)
{
	if (str_has_control(value))
		return err_set(err, ERR_CONFIG, "a control character");
	free(*place);
	*place = xstrdup(value);
	return 0;
}

static int
set_bool(bool *place, const char *value, struct error *err)
{
	if (!str_eq(value, "yes") && !str_eq(value, "no"))
		return err_set(
		    err, ERR_CONFIG, "'%s' is neither yes nor no", value);
	*place = str_eq(value, "yes");
	return 0;
}

static int
set_choice(
    int *place, const struct conf_key *k, const char *value, struct error *err)
{
	struct buf all;
	int i;

	for (i = 0; k->choices[i] != NULL; i++) {
		if (str_eq(value, k->choices[i])) {
			*place = i;
			return 0;
		}
	}
	buf_init(&all, 256);
	for (i = 0; k->choices[i] != NULL; i++)
		buf_printf(&all, "%s%s", i > 0 ? ", " : "", k->choices[i]);
	err_set(err, ERR_CONFIG, "'%s' is none of %s", value, all.data);
	buf_done(&all);
	return -1;
}

static int
set_number(int64_t *place, const struct conf_key *k, const char *value,
    struct error *err)
{
	int64_t n;
	int rc = k->type == KEY_SIZE ? str_to_size(value, &n)
				     : str_to_i64(value, 0, k->max, &n);

	if (rc == -1 || n < k->min || n > k->max)
		return err_set(err, ERR_CONFIG,
		    "'%s' is no %s from %lld to %lld", value,
		    k->type == KEY_SIZE ? "size (512MiB, 5GiB)" : "number",
		    (long long)k->min, (long long)k->max);
	*place = n;
	return 0;
}

static int
set_time(int64_t *place, const struct conf_key *k, const char *value,
    struct error *err)
{
	int64_t ms;

	if (str_to_duration_ms(value, &ms) == -1 || ms < k->min || ms > k->max)
		return err_set(err, ERR_CONFIG,
		    "'%s' is no time (30s, 5m, 2h) of %lld s at the most",
		    value, (long long)(k->max / 1000));
	*place = ms;
	return 0;
}

static int
set_value(
    const struct conf_key *k, void *base, const char *value, struct error *err)
{
	void *place = (char *)base + k->offset;

	switch (k->type) {
	case KEY_TEXT:
		return set_text(place, value, err);
	case KEY_BOOL:
		return set_bool(place, value, err);
	case KEY_CHOICE:
		return set_choice(place, k, value, err);
	case KEY_INT:
	case KEY_SIZE:
		return set_number(place, k, value, err);
	case KEY_TIME:
		return set_time(place, k, value, err);
	}
	abort();
}

/* [local] and the others that there is one of. */
static const char *const single[] = {"local", "admin", "s3", "sns"};

static bool
is_single(const char *section)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(single); i++) {
		if (str_eq(single[i], section))
			return true;
	}
	return false;
}

static void
set_defaults(const char *section, void *base)
{
	struct error err;
	size_t i;

	for (i = 0; i < ARRAY_LEN(keys); i++) {
		if (!str_eq(keys[i].section, section) ||
		    keys[i].fallback == NULL)
			continue;
		if (set_value(&keys[i], base, keys[i].fallback, &err) == -1)
			abort();
	}
}

void
conf_init(struct conf *c)
{
	size_t i;

	memset(c, 0, sizeof(*c));
	for (i = 0; i < ARRAY_LEN(single); i++)
		set_defaults(single[i], c);
}

/* Release every text of a section. */
static void
clear_section(const char *section, void *base)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(keys); i++) {
		if (str_eq(keys[i].section, section) &&
		    keys[i].type == KEY_TEXT)
			xfree((char **)((char *)base + keys[i].offset));
	}
}

void
conf_done(struct conf *c)
{
	size_t i;

	for (i = 0; i < c->users_n; i++) {
		clear_section("user", &c->users[i]);
		free(c->users[i].name);
		free(c->users[i].place.file);
	}
	for (i = 0; i < c->buckets_n; i++) {
		clear_section("bucket", &c->buckets[i]);
		free(c->buckets[i].name);
		free(c->buckets[i].place.file);
	}
	for (i = 0; i < c->queues_n; i++) {
		clear_section("queue", &c->queues[i]);
		free(c->queues[i].name);
		free(c->queues[i].place.file);
	}
	for (i = 0; i < c->endpoints_n; i++) {
		clear_section("endpoint", &c->endpoints[i]);
		str_free_words(c->endpoints[i].argv);
		free(c->endpoints[i].name);
		free(c->endpoints[i].place.file);
	}
	for (i = 0; i < ARRAY_LEN(single); i++)
		clear_section(single[i], c);
	free(c->host);
	free(c->admin.host);
	free(c->admin.unix_path);
	free(c->admin.token);
	free(c->users);
	free(c->buckets);
	free(c->queues);
	free(c->endpoints);
}

static void *
user_section(struct conf *c, const char *name, const struct conf_place *place)
{
	struct conf_user *u;
	size_t i;

	for (i = 0; i < c->users_n; i++) {
		if (str_eq(c->users[i].name, name))
			return &c->users[i];
	}
	c->users = xreallocarray(c->users, c->users_n + 1, sizeof(*c->users));
	u = &c->users[c->users_n++];
	memset(u, 0, sizeof(*u));
	u->name = xstrdup(name);
	u->place.file = xstrdup(place->file);
	u->place.line = place->line;
	set_defaults("user", u);
	return u;
}

static void *
bucket_section(struct conf *c, const char *name, const struct conf_place *place)
{
	struct conf_bucket *b;
	size_t i;

	for (i = 0; i < c->buckets_n; i++) {
		if (str_eq(c->buckets[i].name, name))
			return &c->buckets[i];
	}
	c->buckets =
	    xreallocarray(c->buckets, c->buckets_n + 1, sizeof(*c->buckets));
	b = &c->buckets[c->buckets_n++];
	memset(b, 0, sizeof(*b));
	b->name = xstrdup(name);
	b->place.file = xstrdup(place->file);
	b->place.line = place->line;
	set_defaults("bucket", b);
	return b;
}

static void *
queue_section(struct conf *c, const char *name, const struct conf_place *place)
{
	struct conf_queue *q;
	size_t i;

	for (i = 0; i < c->queues_n; i++) {
		if (str_eq(c->queues[i].name, name))
			return &c->queues[i];
	}
	c->queues =
	    xreallocarray(c->queues, c->queues_n + 1, sizeof(*c->queues));
	q = &c->queues[c->queues_n++];
	memset(q, 0, sizeof(*q));
	q->name = xstrdup(name);
	q->place.file = xstrdup(place->file);
	q->place.line = place->line;
	set_defaults("queue", q);
	return q;
}

static void *
endpoint_section(
    struct conf *c, const char *name, const struct conf_place *place)
{
	struct conf_endpoint *e;
	size_t i;

	for (i = 0; i < c->endpoints_n; i++) {
		if (str_eq(c->endpoints[i].name, name))
			return &c->endpoints[i];
	}
	c->endpoints = xreallocarray(
	    c->endpoints, c->endpoints_n + 1, sizeof(*c->endpoints));
	e = &c->endpoints[c->endpoints_n++];
	memset(e, 0, sizeof(*e));
	e->name = xstrdup(name);
	e->place.file = xstrdup(place->file);
	e->place.line = place->line;
	set_defaults("endpoint", e);
	return e;
}

/* --- names that are not known --------------------------------------- */

static int
unknown_section(const char *section, struct error *err)
{
	static const char *const kinds[] = {
	    "user", "bucket", "queue", "endpoint"};
	char *kind = xstrndup(section, strcspn(section, " \t"));
	const char *near = NULL;
	size_t i;

	err_set(err, ERR_CONFIG, "there is no section [%s]", section);
	for (i = 0; i < ARRAY_LEN(kinds) && near == NULL; i++) {
		if (str_near(kinds[i], kind))
			near = kinds[i];
	}
	free(kind);
	if (near != NULL)
		return err_hint(err, "Did you mean [%s NAME]?", near);
	return err_hint(err,
	    "Sections are [local], [admin], [s3], [sns], [user NAME], "
	    "[bucket NAME], [queue NAME] and [endpoint NAME].");
}

static bool
is_key_of(const struct conf_key *k, const char *section, size_t kind_len)
{
	return strlen(k->section) == kind_len &&
	    strncmp(k->section, section, kind_len) == 0;
}

static int
unknown_key(
    const char *section, size_t kind_len, const char *key, struct error *err)
{
	size_t i;

	err_set(err, ERR_CONFIG, "[%s] has no key '%s'", section, key);
	for (i = 0; i < ARRAY_LEN(keys); i++) {
		if (is_key_of(&keys[i], section, kind_len) &&
		    str_near(keys[i].name, key))
			return err_hint(
			    err, "Did you mean '%s'?", keys[i].name);
	}
	return err_hint(err, "awaitd-local --help names every key.");
}

/* --- sections and their keys ---------------------------------------- */

/* The place of "kind NAME"; *kind_len is the length of its first word. */
static void *
find_section(struct conf *c, const char *section,
    const struct conf_place *place, size_t *kind_len)
{
	size_t n = strcspn(section, " \t");
	const char *name = section + n + strspn(section + n, " \t");

	*kind_len = n;
	if (is_single(section))
		return c;
	if (*name == '\0')
		return NULL;
	if (n == 4 && strncmp(section, "user", n) == 0)
		return user_section(c, name, place);
	if (n == 6 && strncmp(section, "bucket", n) == 0)
		return bucket_section(c, name, place);
	if (n == 5 && strncmp(section, "queue", n) == 0)
		return queue_section(c, name, place);
	if (n == 8 && strncmp(section, "endpoint", n) == 0)
		return endpoint_section(c, name, place);
	return NULL;
}

static int
set_in_section(struct conf *c, const struct conf_place *place,
    const char *section, const char *key, const char *value, struct error *err)
{
	size_t kind_len, i;
	void *base = find_section(c, section, place, &kind_len);

	if (base == NULL)
		return unknown_section(section, err);
	if (*key == '\0')
		return 0;
	for (i = 0; i < ARRAY_LEN(keys); i++) {
		if (!is_key_of(&keys[i], section, kind_len) ||
		    !str_eq(keys[i].name, key))
			continue;
		if (set_value(&keys[i], base, value, err) == -1) {
			err_prefix(err, "%s", key);
			return err_hint(err, "%s: %s.", key, keys[i].help);
		}
		return 0;
	}
	return unknown_key(section, kind_len, key, err);
}

/* A file, and what it has said. */
struct reading {
	struct conf *conf;
	char **said; /* "section]key" */
	size_t n;
};

/* A section that was copied, its name not changed yet, must not win over the
 * one it was copied from. */
static int
note_said(struct reading *r, const struct ini_entry *e, struct error *err)
{
	char *name = xasprintf("%s]%s", e->section, e->key);
	size_t i;

	for (i = 0; i < r->n && !str_eq(r->said[i], name); i++)
		continue;
	if (i < r->n) {
		free(name);
		err_set(err, ERR_CONFIG, "[%s] has a second %s", e->section,
		    e->key);
		return err_hint(
		    err, "Keep one of them, or give one section another name.");
	}
	r->said = xreallocarray(r->said, r->n + 1, sizeof(*r->said));
	r->said[r->n++] = name;
	return 0;
}

static int
on_entry(const struct ini_entry *e, void *arg, struct error *err)
{
	struct reading *r = arg;
	char *file = xstrdup(e->file);
	struct conf_place place = {file, e->line};
	int rc;

	rc = set_in_section(r->conf, &place, e->section, e->key, e->value, err);
	if (rc == 0 && *e->key != '\0')
		rc = note_said(r, e, err);
	free(file);
	return rc;
}

int
conf_read(struct conf *c, const char *path, struct error *err)
{
	struct reading r = {.conf = c};
	int rc = ini_parse_file(path, INI_PLAIN, on_entry, &r, err);

	while (r.n > 0)
		free(r.said[--r.n]);
	free(r.said);
	return rc;
}

int
conf_set_key(struct conf *c, const char *section, const char *key,
    const char *value, struct error *err)
{
	char file[] = "command line";
	struct conf_place place = {file, 0};

	return set_in_section(c, &place, section, key, value, err);
}

int
conf_set(struct conf *c, const char *assignment, struct error *err)
{
	const char *eq = strchr(assignment, '=');
	char *section, *dot;
	int rc;

	if (eq == NULL) {
		err_set(err, ERR_USAGE, "'%s' sets nothing", assignment);
		return err_hint(err, "Write --set 'SECTION.KEY=VALUE'.");
	}
	section = xstrndup(assignment, (size_t)(eq - assignment));
	dot = strrchr(section, '.');
	if (dot == NULL) {
		free(section);
		err_set(err, ERR_USAGE, "'%s' names no section", assignment);
		return err_hint(err, "Write --set 'SECTION.KEY=VALUE'.");
	}
	*dot = '\0';
	rc = conf_set_key(c, str_trim(section), str_trim(dot + 1), eq + 1, err);
	free(section);
	return rc;
}

void
conf_help(struct buf *out)
{
	const char *section = "";
	size_t i;

	for (i = 0; i < ARRAY_LEN(keys); i++) {
		const struct conf_key *k = &keys[i];

		if (!str_eq(k->section, section))
			buf_printf(out, "  [%s%s]\n", k->section,
			    is_single(k->section) ? "" : " NAME");
		section = k->section;
		buf_printf(out, "    %-20s %s", k->name, k->help);
		if (!str_empty(k->fallback))
			buf_printf(out, " (%s)", k->fallback);
		buf_putc(out, '\n');
	}
	buf_puts(out, "  [bucket NAME]  declares a bucket; no keys\n");
}
