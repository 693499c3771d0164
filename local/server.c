/* SPDX-License-Identifier: Apache-2.0 */
/* The composition root, and the fork between the two APIs. */
#include "local/server.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/str.h"
#include "local/admin.h"
#include "aws/sigv4_verify.h"
#include "local/call.h"
#include "local/db.h"
#include "local/endpoint.h"
#include "local/fault.h"
#include "local/objects.h"
#include "local/place.h"
#include "local/queue.h"
#include "local/s3.h"
#include "local/s3answer.h"
#include "local/s3events.h"
#include "local/s3uri.h"
#include "local/seal.h"
#include "local/sns.h"
#include "local/sqs.h"
#include "net/http_client.h"
#include "net/http_server.h"

#define HEAD_MAX (32 * 1024)
#define CONNECTIONS_MAX 1024
/* Of one address, where others can reach us. */
#define SOURCE_MAX 256
/* Bytes a second over a body. */
#define BODY_RATE_MIN 1000
#define DESCRIPTORS 8192
/* For whom a killed one's models still hold the lock. */
#define LOCK_WAIT_MS 1000

struct server {
	const struct conf *conf;
	struct loop *loop;
	int lock_fd;
	char *tmp_dir;
	struct sigv4_clients auth;
	struct sigv4_user *users;
	struct db *db;
	struct seal *seal;
	struct objects *objects;
	struct http_client *client;
	struct faults *faults;
	struct place *place;
	struct sns *sns;
	struct sqs *sqs;
	struct s3events *events;
	struct queue *queue;
	struct s3 s3;
	struct endpoint endpoint;
	struct http_server *http;
	struct admin *admin;
	bool stopping;
	struct loop_signal *on_term;
	struct loop_signal *on_int;
};

/* --- requests ------------------------------------------------------- */

static bool
is_runtime_path(const struct call *c)
{
	return str_starts(http_path(c->x), "/endpoints/") &&
	    str_eq(http_method(c->x), "POST");
}

/* The signature says for which service a request is; the path only guesses
 * where none does. */
static void
on_request(struct http_exchange *x, void *arg)
{
	struct server *s = arg;
	struct call *c = call_new(x, s->faults);
	enum sigv4_verdict verdict;

	verdict = sigv4_claim_parse(http_headers(x), http_query(x), &c->claim);
	if (verdict == SIGV4_OK && str_eq(c->claim.service, "s3"))
		s3_request(&s->s3, c);
	else if (verdict == SIGV4_OK && str_eq(c->claim.service, "sagemaker"))
		endpoint_request(&s->endpoint, c);
	else if (verdict == SIGV4_OK && str_eq(c->claim.service, "sns"))
		sns_request(s->sns, c);
	else if (verdict == SIGV4_OK && str_eq(c->claim.service, "sqs"))
		sqs_request(s->sqs, c);
	else if (verdict == SIGV4_MISSING &&
	    sns_is_ours(http_method(x), http_path(x), http_query(x)))
		sns_request(s->sns, c);
	else {
		if (verdict == SIGV4_OK)
			verdict = SIGV4_WRONG_SERVICE;
		if (is_runtime_path(c))
			endpoint_refuse(c, verdict);
		else
			s3answer_auth(c, verdict, s->auth.region);
	}
}

static void
on_stopped(void *arg)
{
	struct server *s = arg;

	loop_stop(s->loop);
}

/* The first lets end what can end soon, the second does not. */
static void
on_signal(void *arg)
{
	struct server *s = arg;

	if (s->stopping) {
		loop_stop(s->loop);
		return;
	}
	s->stopping = true;
	log_info("local", "stopping");
	http_server_drain(s->http);
	queue_stop(s->queue, on_stopped, s);
}

/* --- making --------------------------------------------------------- */

/* Connections, files and models; models inherit it, so not without end. */
static void
raise_limits(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1 ||
	    limit.rlim_cur >= DESCRIPTORS)
		return;
	limit.rlim_cur =
	    limit.rlim_max < DESCRIPTORS ? limit.rlim_max : DESCRIPTORS;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static void
make_auth(struct server *s)
{
	const struct conf *c = s->conf;
	size_t i;

	s->users = xcalloc(c->users_n, sizeof(*s->users));
	for (i = 0; i < c->users_n; i++) {
		s->users[i].name = c->users[i].name;
		s->users[i].access_key = c->users[i].access_key;
		s->users[i].secret_key = c->users[i].secret_key;
		if (!str_empty(c->users[i].session_token))
			s->users[i].session_token = c->users[i].session_token;
		s->users[i].list = c->users[i].list;
	}
	s->auth.users = s->users;
	s->auth.n = c->users_n;
	s->auth.region = c->region;
}

static int
lock_data(struct server *s, struct error *err)
{
	char *path = xasprintf("%s/lock", s->conf->data);
	int rc = file_lock(path, LOCK_WAIT_MS, &s->lock_fd, err);

	free(path);
	if (rc == -1 && err->code == ERR_BUSY) {
		err_set(err, ERR_BUSY, "another awaitd-local uses %s",
		    s->conf->data);
		return err_hint(err, "Stop it, or name another folder.");
	}
	return rc;
}

static int
open_data(struct server *s, struct error *err)
{
	char *path;
	int rc;

	if (file_mkdirs(s->conf->data, 0700, err) == -1 ||
	    file_mkdirs(s->tmp_dir, 0700, err) == -1 || lock_data(s, err) == -1)
		return -1;
	path = xasprintf("%s/local.db", s->conf->data);
	rc = db_open(s->loop, path, &s->db, err);
	free(path);
	if (rc == -1)
		return -1;
	s->seal = seal_new(s->loop);
	path = xasprintf("%s/objects", s->conf->data);
	rc = objects_new(s->db, s->seal, path, &s->objects, err);
	free(path);
	return rc;
}

static int
add_bucket_of(struct server *s, const char *location, struct error *err)
{
	const char *key;
	char *bucket;
	int rc;

	if (str_empty(location) || s3uri_split(location, &bucket, &key) == -1)
		return 0;
	rc = db_bucket_add(s->db, bucket, err);
	free(bucket);
	return rc;
}

static int
declare_buckets(struct server *s, struct error *err)
{
	const struct conf *c = s->conf;
	size_t i;

	for (i = 0; i < c->buckets_n; i++) {
		if (db_bucket_add(s->db, c->buckets[i].name, err) == -1)
			return -1;
	}
	for (i = 0; i < c->endpoints_n; i++) {
		const struct conf_endpoint *e = &c->endpoints[i];

		if (add_bucket_of(s, e->s3_output_path, err) == -1 ||
		    add_bucket_of(s, e->s3_failure_path, err) == -1)
			return -1;
	}
	db_flush(s->db);
	return 0;
}

/* Queues, topics, and what buckets tell them. */
static int
make_notices(struct server *s, struct error *err)
{
	struct sqs_options sqs = {
	    .loop = s->loop,
	    .db = s->db,
	    .faults = s->faults,
	    .auth = &s->auth,
	    .conf = s->conf,
	};
	struct sns_options sns = {
	    .loop = s->loop,
	    .db = s->db,
	    .http = s->client,
	    .faults = s->faults,
	    .auth = &s->auth,
	    .conf = s->conf,
	    .data_dir = s->conf->data,
	};
	struct s3events_options events = {.db = s->db, .conf = s->conf};

	if (sqs_new(&sqs, &s->sqs, err) == -1)
		return -1;
	sns.sqs = s->sqs;
	if (sns_new(&sns, &s->sns, err) == -1)
		return -1;
	events.sns = s->sns;
	events.sqs = s->sqs;
	if (s3events_new(&events, &s->events, err) == -1)
		return -1;
	objects_hook(s->objects, s3events_tell, s->events);
	return 0;
}

/* What the queue and the APIs work with. */
static int
make_parts(struct server *s, struct error *err)
{
	struct http_client_options client = {
	    /* Every container has a limit of its own. */
	    .max_per_host = 1000,
	    .user_agent = "awaitd-local/" PACKAGE_VERSION,
	};
	struct place_options place = {
	    .loop = s->loop,
	    .db = s->db,
	    .objects = s->objects,
	    .remote = &s->conf->s3,
	    .tmp_dir = s->tmp_dir,
	    .max_object = s->conf->max_object,
	};

	if (!str_empty(s->conf->faults) &&
	    faults_read(s->faults, s->conf->faults, err) == -1) {
		err->code = ERR_CONFIG;
		return err_prefix(err, "faults");
	}
	if (!str_empty(s->conf->ca_file))
		client.ca_file = s->conf->ca_file;
	if (http_client_new(s->loop, &client, &s->client, err) == -1)
		return -1;
	place.http = s->client;
	if (place_new(&place, &s->place, err) == -1)
		return -1;
	return make_notices(s, err);
}

static int
make_apis(struct server *s, struct error *err)
{
	struct queue_options queue = {
	    .loop = s->loop,
	    .db = s->db,
	    .objects = s->objects,
	    .place = s->place,
	    .remote = !str_empty(s->conf->s3.endpoint),
	    .sns = s->sns,
	    .faults = s->faults,
	    .region = s->conf->region,
	    .endpoints = s->conf->endpoints,
	    .endpoints_n = s->conf->endpoints_n,
	    .tmp_dir = s->tmp_dir,
	    .max_object = s->conf->max_object,
	};

	if (queue_new(&queue, &s->queue, err) == -1)
		return -1;
	s->s3 = (struct s3){
	    .auth = &s->auth,
	    .db = s->db,
	    .objects = s->objects,
	    .host = s->conf->host,
	    .account = s->conf->account,
	    .max_object = s->conf->max_object,
	    .events = s->events,
	};
	s->endpoint = (struct endpoint){
	    .auth = &s->auth,
	    .conf = s->conf,
	    .queue = s->queue,
	};
	return 0;
}

static int
listen_there(struct server *s, struct error *err)
{
	struct http_server_options o = {
	    .host = s->conf->host,
	    .port = s->conf->port,
	    .max_head = HEAD_MAX,
	    .max_connections = CONNECTIONS_MAX,
	    .max_per_source = conf_is_loopback(s->conf->host) ? 0 : SOURCE_MAX,
	    .min_body_rate = BODY_RATE_MIN,
	};
	struct admin_options admin = {
	    .loop = s->loop,
	    .conf = &s->conf->admin,
	    .faults = s->faults,
	    .queue = s->queue,
	};

	if (http_server_new(s->loop, &o, on_request, s, &s->http, err) == -1)
		return err_prefix(err, "[local] listen");
	if (str_empty(s->conf->admin.listen))
		return 0;
	return admin_new(&admin, &s->admin, err);
}

/* Where we are reached, "http://127.0.0.1:7070". The caller's. */
static char *
base_url(const struct server *s)
{
	bool v6 = strchr(s->conf->host, ':') != NULL;

	return xasprintf("http://%s%s%s:%d", v6 ? "[" : "", s->conf->host,
	    v6 ? "]" : "", http_server_port(s->http));
}

static int
announce(struct server *s, const char *port_file, struct error *err)
{
	char *text = base_url(s);
	int rc = 0;

	log_begin(LOG_INFO, "local");
	log_str("msg", "listening");
	log_str("address", text);
	log_int("endpoints", (int64_t)s->conf->endpoints_n);
	log_int("queued", (int64_t)queue_backlog(s->queue));
	log_end();
	sqs_start(s->sqs, text);
	sns_start(s->sns, text);
	free(text);
	if (port_file != NULL) {
		text = xasprintf("%d\n", http_server_port(s->http));
		rc =
		    file_write_atomic(port_file, text, strlen(text), 0644, err);
		free(text);
	}
	return rc;
}

static int
start(struct server *s, const char *port_file, struct error *err)
{
	raise_limits();
	make_auth(s);
	s->faults = faults_new();
	if (open_data(s, err) == -1 || declare_buckets(s, err) == -1 ||
	    make_parts(s, err) == -1 || make_apis(s, err) == -1 ||
	    listen_there(s, err) == -1)
		return -1;
	s->on_term = loop_signal_new(s->loop, SIGTERM, on_signal, s);
	s->on_int = loop_signal_new(s->loop, SIGINT, on_signal, s);
	queue_start(s->queue);
	return announce(s, port_file, err);
}

/* Those that call back go before those that are called. */
static void
stop(struct server *s)
{
	if (s->sns != NULL)
		sns_stop(s->sns);
	if (s->sqs != NULL)
		sqs_stop(s->sqs);
	admin_free(s->admin);
	http_server_free(s->http);
	seal_free(s->seal);
	if (s->db != NULL)
		db_flush(s->db);
	queue_free(s->queue);
	place_free(s->place);
	s3events_free(s->events);
	sns_free(s->sns);
	sqs_free(s->sqs);
	http_client_free(s->client);
	objects_free(s->objects);
	db_close(s->db);
	faults_free(s->faults);
	loop_signal_free(s->on_term);
	loop_signal_free(s->on_int);
	if (s->lock_fd != -1)
		close(s->lock_fd);
	free(s->users);
	free(s->tmp_dir);
	loop_free(s->loop);
	sigv4_forget_keys();
}

int
server_run(const struct conf *conf, const char *port_file, struct error *err)
{
	struct server s = {.conf = conf, .lock_fd = -1};
	int rc;

	s.loop = loop_new();
	s.tmp_dir = xasprintf("%s/tmp", conf->data);
	rc = start(&s, port_file, err);
	if (rc == 0)
		loop_run(s.loop);
	stop(&s);
	return rc;
}
