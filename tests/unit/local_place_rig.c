/* SPDX-License-Identifier: Apache-2.0 */
/* Both sides in one loop. */
#include "tests/unit/local_place_rig.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "aws/sigv4_verify.h"
#include "local/kept.h"
#include "local/seal.h"
#include "net/http_server.h"

#define BODY_MAX (1024 * 1024)
#define STEPS_MAX 64
#define WAIT_MS 60000
#define BREAK (-1) /* a status: the body breaks off */

struct rig rig;

static struct step {
	int status;
	const char *headers;
	char *body;
} steps[STEPS_MAX];
static size_t steps_n, steps_at;
static struct http_server *server;
static struct conf_s3 remote;
static struct loop_timer *limit;
static bool (*wanted)(void);
static size_t wanted_n;
static const char *wanted_text;

/* --- the other S3 --------------------------------------------------- */

struct asked {
	struct http_exchange *x;
	struct buf body;
};

static void
check_signature(struct http_exchange *x, const struct buf *body)
{
	static const struct sigv4_user user = {
	    "u", "AKID", "secret", NULL, true};
	static const struct sigv4_clients auth = {&user, 1, "eu-test-1", 0};
	const struct headers *h = http_headers(x);
	struct sigv4_received r = {http_method(x), http_path(x), http_query(x),
	    h, headers_get(h, "x-amz-content-sha256")};
	char sha256[HASH_SHA256_HEX_SIZE];
	struct sigv4_claim claim;

	sigv4_claim_init(&claim);
	assert_int_equal(sigv4_claim_parse(h, r.query, &claim), SIGV4_OK);
	assert_int_equal(
	    sigv4_admit(&auth, "s3", h, clock_wall_ms(), &claim), SIGV4_OK);
	assert_int_equal(sigv4_verify(&claim, &r), SIGV4_OK);
	sigv4_claim_done(&claim);
	hash_sha256_hex(body->data, body->len, sha256);
	assert_string_equal(r.payload_hash, sha256);
}

static void
check_md5(struct http_exchange *x, const struct buf *body)
{
	const char *said = headers_get(http_headers(x), "content-md5");
	unsigned char md5[HASH_MD5_SIZE];
	struct hash *h = hash_new(HASH_MD5);
	struct buf b;

	hash_update(h, body->data, body->len);
	hash_final(h, md5);
	hash_free(h);
	buf_init(&b, 64);
	encode_base64(&b, md5, sizeof(md5));
	if (str_eq(http_method(x), "PUT"))
		assert_string_equal(said, b.data);
	buf_done(&b);
}

/* Some bytes of twenty. */
static void
break_off(struct http_exchange *x, const char *part)
{
	struct error err;
	int fd;

	assert_int_equal(file_open_nameless(rig.dir, false, &fd, &err), 0);
	assert_int_equal(file_write_all(fd, part, strlen(part), &err), 0);
	http_reply_file(x, 200, NULL, fd, 0, 20);
}

static void
answer(struct http_exchange *x)
{
	struct step *s = &steps[steps_at], ok = {200, "", NULL};
	struct headers h;
	const char *p;

	if (steps_at < steps_n)
		steps_at++;
	else
		s = &ok;
	if (s->status == 0) {
		http_abort(x);
		return;
	}
	if (s->status == BREAK) {
		break_off(x, s->body);
		return;
	}
	headers_init(&h);
	for (p = s->headers; *p != '\0'; p += strcspn(p, "\n") + 1) {
		char *line = xstrndup(p, strcspn(p, "\n"));
		char *colon = strstr(line, ": ");

		*colon = '\0';
		headers_add(&h, line, colon + 2);
		free(line);
	}
	p = s->body != NULL ? s->body : "";
	http_reply(x, s->status, &h, p, strlen(p));
	headers_done(&h);
}

static const char *
header_or_empty(struct http_exchange *x, const char *name)
{
	const char *value = headers_get(http_headers(x), name);

	return value != NULL ? value : "";
}

static void
stop_if_wanted(void)
{
	if (wanted != NULL && wanted())
		loop_stop(rig.loop);
}

static void
on_end(struct http_exchange *x, void *arg)
{
	struct rig_asked *r = &rig.asked[rig.asked_n++];
	struct asked *a = arg;

	assert_true(rig.asked_n < RIG_ASKED_MAX);
	check_signature(x, &a->body);
	check_md5(x, &a->body);
	r->at = clock_mono_ms();
	snprintf(r->method, sizeof(r->method), "%s", http_method(x));
	snprintf(r->path, sizeof(r->path), "%s", http_path(x));
	snprintf(r->host, sizeof(r->host), "%s", header_or_empty(x, "host"));
	snprintf(
	    r->type, sizeof(r->type), "%s", header_or_empty(x, "content-type"));
	snprintf(r->body, sizeof(r->body), "%s", a->body.data);
	buf_done(&a->body);
	free(a);
	answer(x);
	stop_if_wanted();
}

static int
on_data(struct http_exchange *x, const void *data, size_t len, void *arg)
{
	struct asked *a = arg;

	(void)x;
	return buf_append(&a->body, data, len);
}

static void
on_request(struct http_exchange *x, void *arg)
{
	static const struct http_body_sink sink = {
	    .max = BODY_MAX, .data = on_data, .end = on_end};
	struct asked *a = xcalloc(1, sizeof(*a));

	(void)arg;
	buf_init(&a->body, BODY_MAX);
	http_body(x, &sink, a);
}

void
rig_reply(int status, const char *headers, const char *body)
{
	assert_true(steps_n < STEPS_MAX);
	steps[steps_n++] = (struct step){status, headers, xstrdup(body)};
}

void
rig_break(const char *part)
{
	rig_reply(BREAK, "", part);
}

void
rig_error(int status, const char *code)
{
	char *body = xasprintf("<?xml version=\"1.0\"?>\n<Error><Code>%s"
			       "</Code><Message>said the other one</Message>"
			       "<Region>eu-test-2</Region></Error>",
	    code);

	rig_reply(status, "Content-Type: application/xml\n", body);
	free(body);
}

/* --- this side ------------------------------------------------------ */

static void
on_log(const char *line, void *arg)
{
	char *more = xasprintf("%s%s\n", rig.log, line);

	(void)arg;
	free(rig.log);
	rig.log = more;
	stop_if_wanted();
}

static void
on_limit(void *arg)
{
	(void)arg;
	loop_stop(rig.loop);
}

static int
remove_entry(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

int
rig_setup(void **state)
{
	(void)state;
	memset(&rig, 0, sizeof(rig));
	rig.dir = xstrdup("/tmp/test_local_place.XXXXXX");
	rig.log = xstrdup("");
	steps_n = steps_at = 0;
	log_set_sink(on_log, NULL);
	return mkdtemp(rig.dir) != NULL ? 0 : -1;
}

int
rig_teardown(void **state)
{
	size_t i;

	(void)state;
	rig_close();
	log_set_sink(NULL, NULL);
	for (i = 0; i < steps_n; i++)
		free(steps[i].body);
	nftw(rig.dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	free(rig.dir);
	free(rig.log);
	return 0;
}

static void
open_store(void)
{
	char *path = xasprintf("%s/db", rig.dir);
	struct error err;

	if (db_open(rig.loop, path, &rig.db, &err) == -1)
		fail_msg("%s", err.text);
	free(path);
	rig.seal = seal_new(rig.loop);
	path = xasprintf("%s/objects", rig.dir);
	if (objects_new(rig.db, rig.seal, path, &rig.objects, &err) == -1)
		fail_msg("%s", err.text);
	free(path);
}

void
rig_open(bool is_remote)
{
	static const struct http_client_options client = {0};
	struct http_server_options o = {.host = "127.0.0.1"};
	static char region[] = "eu-test-1", key[] = "AKID", secret[] = "secret";
	struct place_options place = {.tmp_dir = rig.dir, .max_object = 20};
	struct error err;

	rig.loop = loop_new();
	open_store();
	if (http_server_new(rig.loop, &o, on_request, NULL, &server, &err) ==
		-1 ||
	    http_client_new(rig.loop, &client, &rig.http, &err) == -1)
		fail_msg("%s", err.text);
	remote = (struct conf_s3){
	    .endpoint = is_remote
		? xasprintf("http://%s:%d",
		      rig.addressing == CONF_ADDRESSING_VIRTUAL ? "localhost"
								: "127.0.0.1",
		      http_server_port(server))
		: xstrdup(""),
	    .region = region,
	    .access_key = key,
	    .secret_key = secret,
	    .addressing = rig.addressing,
	};
	place.loop = rig.loop;
	place.db = rig.db;
	place.objects = rig.objects;
	place.http = rig.http;
	place.remote = &remote;
	if (place_new(&place, &rig.place, &err) == -1)
		fail_msg("%s", err.text);
	limit = loop_timer_new(rig.loop, on_limit, NULL);
}

void
rig_close(void)
{
	if (rig.loop == NULL)
		return;
	seal_free(rig.seal);
	db_flush(rig.db);
	place_free(rig.place);
	http_client_free(rig.http);
	http_server_free(server);
	objects_free(rig.objects);
	db_close(rig.db);
	loop_timer_free(limit);
	loop_free(rig.loop);
	free(remote.endpoint);
	rig.loop = NULL;
}

/* --- results -------------------------------------------------------- */

/* Of those whose place went first, nobody is called back. */
static struct result {
	int64_t seq;
} results[RIG_ASKED_MAX];
static size_t results_n;

static int
also(struct db *db, void *arg, struct error *err)
{
	const struct result *r = arg;

	rig.also_n++;
	if (rig.also_fails > 0) {
		rig.also_fails--;
		return err_set(err, ERR_STORE, "refused by the test");
	}
	return db_request_delete(db, r->seq, err);
}

static void
on_done(const struct error *err, void *arg)
{
	rig.done++;
	rig.code = err != NULL ? err->code : ERR_NONE;
	(void)arg;
	stop_if_wanted();
}

static struct place_result
result_of(int64_t seq, const char *location)
{
	struct result *r = &results[results_n++ % RIG_ASKED_MAX];

	r->seq = seq;
	return (struct place_result){
	    .seq = seq,
	    .staged = DB_STAGED_OUTPUT,
	    .location = location,
	    .content_type = "text/x-test",
	    .also = also,
	    .done = on_done,
	    .arg = r,
	};
}

static void
add_request(int64_t seq)
{
	char text[] = "x";
	struct db_request r = {
	    .inference_id = text, .endpoint = text, .output = text};
	struct error err;

	assert_int_equal(db_request_add(rig.db, &r, &err), 0);
	assert_int_equal(r.seq, seq);
	db_flush(rig.db);
}

void
rig_result(int64_t seq, const char *location, const char *text)
{
	struct place_result r = result_of(seq, location);
	struct objects_draft d;
	struct error err;

	add_request(seq);
	assert_int_equal(objects_draft(rig.objects, &d, &err), 0);
	assert_int_equal(file_write_all(d.fd, text, strlen(text), &err), 0);
	place_store(rig.place, &d, &r);
}

void
rig_resume(int64_t seq, const char *location)
{
	struct place_result r = result_of(seq, location);

	r.content_type = NULL;
	place_resume(rig.place, &r);
}

/* --- waiting -------------------------------------------------------- */

static void
wait_until(bool (*fn)(void))
{
	if (fn())
		return;
	wanted = fn;
	loop_timer_set(limit, WAIT_MS);
	loop_run(rig.loop);
	loop_timer_clear(limit);
	wanted = NULL;
	if (!fn())
		fail_msg("it did not happen; the log says\n%s", rig.log);
}

static bool
enough_done(void)
{
	return rig.done >= wanted_n;
}

static bool
enough_asked(void)
{
	return rig.asked_n >= wanted_n;
}

static bool
is_logged(void)
{
	return rig_logged(wanted_text) > 0;
}

void
rig_wait_done(unsigned n)
{
	wanted_n = n;
	wait_until(enough_done);
}

void
rig_wait_asked(size_t n)
{
	wanted_n = n;
	wait_until(enough_asked);
}

void
rig_wait_log(const char *text)
{
	wanted_text = text;
	wait_until(is_logged);
}

/* --- looking -------------------------------------------------------- */

static int
count_request(const struct db_request *r, void *arg, struct error *err)
{
	(void)r;
	(void)err;
	(*(int *)arg)++;
	return 0;
}

int
rig_requests(void)
{
	struct error err;
	int n = 0;

	assert_int_equal(db_request_each(rig.db, count_request, &n, &err), 0);
	return n;
}

int
rig_staged(int64_t seq)
{
	struct db_request r;
	struct error err;
	int staged = -1;

	if (db_request_get(rig.db, seq, &r, &err) == 1) {
		staged = r.staged;
		db_request_done(&r);
	}
	return staged;
}

bool
rig_is_kept(int64_t seq)
{
	struct db_object o = {0};
	struct error err;
	char key[24];
	int rc;

	snprintf(key, sizeof(key), "%lld", (long long)seq);
	rc = db_object_get(rig.db, KEPT_BUCKET, key, &o, &err);
	db_object_done(&o);
	return rc == 1;
}

unsigned
rig_logged(const char *text)
{
	const char *p = rig.log;
	unsigned n = 0;

	while ((p = strstr(p, text)) != NULL) {
		n++;
		p += strcspn(p, "\n");
	}
	return n;
}
