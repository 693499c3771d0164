/* SPDX-License-Identifier: Apache-2.0 */
/*
 * s3probe VERB URI [FILE] [--OPTION]...
 * What src/aws/s3.h does, one verb a call, at the server and with the
 * credentials that the environment names. One line of JSON says how it went.
 *   head URI                            get URI FILE [--range=N] [--if-match=E]
 *   put URI FILE [--if-absent]          delete URI
 *   list URI [--start-after=KEY] [--max-keys=N]: all pages
 *   presign URI [--expires=SECONDS]     source: of the credentials
 * --owner=ID goes with each. With no argument, each line of stdin is a JSON
 * array of such words: all with one client, so that what it learned holds.
 * S3PROBE_CLOCK=SECONDS: our clock is that far ahead. Exits 1 if any failed.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "aws/awserr.h"
#include "aws/call.h"
#include "aws/endpoint.h"
#include "aws/s3.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/jsonw.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/http_client.h"

#define OUT_MAX (64 * 1024 * 1024)
#define WORDS_MAX 16
#define EXPIRES_S 300

struct probe {
	struct loop *loop;
	struct aws_client *client;
	struct s3 *s3;
	struct s3_call *call;
	struct buf out;
	struct jsonw w;
	int failed; /* how many */
	/* of the one that is under way */
	struct s3_ref ref;
	const char *verb, *file, *if_match, *start_after, *type;
	int64_t range, max_keys, expires_s;
	bool if_absent;
	int fd;
	int64_t pages, begun_at;
	bool over;
	char *next; /* page */
};

/* --- clocks: instead of base/clock.c ------------------------------------- */

static int64_t
read_ms(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t
clock_wall_ms(void)
{
	const char *ahead = getenv("S3PROBE_CLOCK");

	return read_ms(CLOCK_REALTIME) +
	    (ahead != NULL ? strtoll(ahead, NULL, 10) * 1000 : 0);
}

int64_t
clock_mono_ms(void)
{
	return read_ms(CLOCK_BOOTTIME);
}

int64_t
clock_boot(void)
{
	return 1;
}

/* --- what is said --------------------------------------------------------- */

static void __attribute__((noreturn)) die(const char *what, const char *why)
{
	fprintf(stderr, "s3probe: %s: %s\n", what, why);
	exit(2);
}

static void
say_begin(struct probe *p, bool ok)
{
	buf_clear(&p->out);
	jsonw_init(&p->w, &p->out);
	jsonw_begin(&p->w, NULL, '{');
	jsonw_str(&p->w, "verb", p->verb);
	jsonw_str(&p->w, "uri", p->ref.uri);
	jsonw_bool(&p->w, "ok", ok);
	jsonw_int(&p->w, "took_ms", clock_mono_ms() - p->begun_at);
}

static void
say_end(struct probe *p)
{
	jsonw_end(&p->w, '}');
	printf("%.*s\n", (int)p->out.len, (const char *)p->out.data);
	fflush(stdout);
	p->over = true;
	loop_stop(p->loop);
}

static void
say_error(struct probe *p, const struct error *err)
{
	say_begin(p, false);
	jsonw_str(&p->w, "code", error_code_name(err->code));
	jsonw_str(&p->w, "class", awserr_class_name(awserr_class(err)));
	jsonw_str(&p->w, "remote", err->remote_code);
	jsonw_int(&p->w, "status", err->http_status);
	jsonw_bool(&p->w, "retryable", err->retryable);
	jsonw_str(&p->w, "text", err->text);
	jsonw_str(&p->w, "hint", err->hint);
	say_end(p);
	p->failed++;
}

static void
on_object(const struct s3_object *object, const struct error *err, void *arg)
{
	struct probe *p = arg;

	p->call = NULL;
	if (err != NULL) {
		say_error(p, err);
		return;
	}
	say_begin(p, true);
	jsonw_str(&p->w, "etag", object->etag);
	jsonw_str(&p->w, "type", object->content_type);
	jsonw_int(&p->w, "size", object->size);
	jsonw_int(&p->w, "modified_at", object->modified_at);
	say_end(p);
}

/* --- verbs ---------------------------------------------------------------- */

static int
on_bytes(const void *data, size_t len, void *arg, struct error *err)
{
	struct probe *p = arg;

	return file_write_all(p->fd, data, len, err);
}

static int
get(struct probe *p, struct error *err)
{
	struct s3_get g = {
	    .ref = p->ref,
	    .if_match = p->if_match,
	    .offset = p->range,
	    .sink = on_bytes,
	    .sink_arg = p,
	};

	p->fd = open(p->file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (p->fd == -1 || ftruncate(p->fd, p->range) == -1 ||
	    lseek(p->fd, p->range, SEEK_SET) == -1)
		die(p->file, "cannot be written");
	return s3_get(p->s3, &g, on_object, p, &p->call, err);
}

static void
file_sha256(int fd, char hex[HASH_SHA256_HEX_SIZE])
{
	unsigned char digest[HASH_SHA256_SIZE];
	static char block[65536];
	struct hash *h = hash_new(HASH_SHA256);
	ssize_t n;
	size_t i;

	while ((n = read(fd, block, sizeof(block))) > 0)
		hash_update(h, block, (size_t)n);
	hash_final(h, digest);
	hash_free(h);
	for (i = 0; i < sizeof(digest); i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

static int
put(struct probe *p, struct error *err)
{
	char hex[HASH_SHA256_HEX_SIZE];
	struct s3_put s = {
	    .ref = p->ref,
	    .content_type = p->type,
	    .sha256 = hex,
	    .if_absent = p->if_absent,
	};
	struct stat st;

	p->fd = open(p->file, O_RDONLY | O_CLOEXEC);
	if (p->fd == -1 || fstat(p->fd, &st) == -1)
		die(p->file, "cannot be read");
	file_sha256(p->fd, hex);
	s.fd = p->fd;
	s.len = st.st_size;
	return s3_put(p->s3, &s, on_object, p, &p->call, err);
}

static int list(struct probe *p, struct error *err);

static void
list_end(struct probe *p)
{
	jsonw_end(&p->w, ']');
	jsonw_int(&p->w, "pages", p->pages);
	say_end(p);
}

static void
on_page(const struct s3_listing *listing, const struct error *err, void *arg)
{
	struct probe *p = arg;
	struct error again;
	size_t i;

	p->call = NULL;
	if (err != NULL) {
		say_error(p, err);
		return;
	}
	if (p->pages++ == 0) {
		say_begin(p, true);
		jsonw_begin(&p->w, "keys", '[');
	}
	for (i = 0; i < listing->n; i++) {
		jsonw_begin(&p->w, NULL, '{');
		jsonw_str(&p->w, "key", listing->v[i].key);
		jsonw_str(&p->w, "etag", listing->v[i].etag);
		jsonw_int(&p->w, "size", listing->v[i].size);
		jsonw_end(&p->w, '}');
	}
	free(p->next);
	p->next = NULL;
	if (listing->continuation == NULL) {
		list_end(p);
		return;
	}
	p->next = xstrdup(listing->continuation);
	if (list(p, &again) == -1)
		say_error(p, &again);
}

static int
list(struct probe *p, struct error *err)
{
	struct s3_list l = {
	    .prefix = p->ref,
	    .start_after = p->next == NULL ? p->start_after : NULL,
	    .continuation = p->next,
	    .max_keys = (int)p->max_keys,
	};

	return s3_list(p->s3, &l, on_page, p, &p->call, err);
}

static void
on_creds(const struct creds *creds, const struct error *err, void *arg)
{
	struct probe *p = arg;
	struct error bad;
	int64_t valid_s;
	char *url;

	if (err == NULL && str_eq(p->verb, "source")) {
		say_begin(p, true);
		jsonw_str(&p->w, "source", creds->source);
		jsonw_time(&p->w, "expires_at", creds->expires_at);
		jsonw_bool(&p->w, "session", creds->session_token != NULL);
		say_end(p);
		return;
	}
	if (err == NULL) {
		err = &bad;
		if (s3_presign(p->s3, &p->ref, p->expires_s, &url, &valid_s,
			&bad) == 0) {
			say_begin(p, true);
			jsonw_str(&p->w, "url", url);
			jsonw_int(&p->w, "valid_s", valid_s);
			say_end(p);
			free(url);
			return;
		}
	}
	say_error(p, err);
}

static int
verb_start(struct probe *p, struct error *err)
{
	struct creds_waiter *waiter;

	if (str_eq(p->verb, "head"))
		return s3_head(p->s3, &p->ref, on_object, p, &p->call, err);
	if (str_eq(p->verb, "delete"))
		return s3_delete(p->s3, &p->ref, on_object, p, &p->call, err);
	if (str_eq(p->verb, "get") && p->file != NULL)
		return get(p, err);
	if (str_eq(p->verb, "put") && p->file != NULL)
		return put(p, err);
	if (str_eq(p->verb, "list"))
		return list(p, err);
	if (!str_eq(p->verb, "presign") && !str_eq(p->verb, "source"))
		die(p->verb, "no such verb, or no file");
	creds_cache_wait(aws_client_creds(p->client), on_creds, p, &waiter);
	return 0;
}

/* --- words ---------------------------------------------------------------- */

static const char *
option(const char *word, const char *name)
{
	return str_starts(word, name) ? word + strlen(name) : NULL;
}

static void
take_option(struct probe *p, const char *word)
{
	const char *v;
	int rc = 0;

	if (str_eq(word, "--if-absent"))
		p->if_absent = true;
	else if ((v = option(word, "--if-match=")) != NULL)
		p->if_match = v;
	else if ((v = option(word, "--start-after=")) != NULL)
		p->start_after = v;
	else if ((v = option(word, "--owner=")) != NULL)
		p->ref.owner = v;
	else if ((v = option(word, "--type=")) != NULL)
		p->type = v;
	else if ((v = option(word, "--range=")) != NULL)
		rc = str_to_i64(v, 0, INT64_MAX, &p->range);
	else if ((v = option(word, "--max-keys=")) != NULL)
		rc = str_to_i64(v, 0, 1000, &p->max_keys);
	else if ((v = option(word, "--expires=")) != NULL)
		rc = str_to_i64(v, 1, 604800, &p->expires_s);
	else
		rc = -1;
	if (rc == -1)
		die(word, "no such option");
}

static void
run_words(struct probe *p, const char **words, size_t n)
{
	struct error err;
	size_t i;

	p->ref = (struct s3_ref){.uri = ""};
	p->verb = words[0];
	p->file = p->if_match = p->start_after = p->type = NULL;
	p->range = p->max_keys = p->pages = 0;
	p->expires_s = EXPIRES_S;
	p->if_absent = p->over = false;
	p->fd = -1;
	p->begun_at = clock_mono_ms();
	for (i = 1; i < n; i++) {
		if (str_starts(words[i], "--"))
			take_option(p, words[i]);
		else if (*p->ref.uri == '\0')
			p->ref.uri = words[i];
		else
			p->file = words[i];
	}
	if (verb_start(p, &err) == -1)
		say_error(p, &err);
	else
		while (!p->over)
			loop_run(p->loop);
	if (p->fd != -1)
		close(p->fd);
}

static void
run_line(struct probe *p, const char *line, size_t len)
{
	const char *words[WORDS_MAX];
	const struct json *j;
	struct error err;
	struct json *root;
	size_t n = 0;

	if (json_parse(line, len, &root, &err) == -1)
		die("stdin", err.text);
	for (j = json_first(root); j != NULL && n < WORDS_MAX; j = json_next(j))
		if ((words[n++] = json_str(j)) == NULL)
			die("stdin", "no array of words");
	if (n == 0)
		die("stdin", "no words");
	run_words(p, words, n);
	json_free(root);
}

static void
run_stdin(struct probe *p)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	while ((len = getline(&line, &size, stdin)) > 0)
		run_line(p, line, (size_t)len);
	free(line);
}

int
main(int argc, char **argv)
{
	struct http_client_options ho = {.user_agent = "s3probe"};
	struct endpoint_options eo = {.service = "S3"};
	struct aws_client_options ao = {0};
	struct s3_options so = {0};
	struct probe p = {0};
	struct http_client *http;
	struct aws_endpoint endpoint;
	struct error err;

	p.loop = loop_new();
	buf_init(&p.out, OUT_MAX);
	ao.loop = p.loop;
	if (endpoint_resolve(&eo, &endpoint, &err) == -1 ||
	    http_client_new(p.loop, &ho, &http, &err) == -1)
		die("start", err.text);
	ao.http = http;
	if (aws_client_new(&ao, &p.client, &err) == -1 ||
	    s3sum_modes_load(NULL, &so.sums, &err) == -1)
		die("start", err.text);
	so.client = p.client;
	so.endpoint = &endpoint;
	p.s3 = s3_new(&so);
	if (argc > 1)
		run_words(&p, (const char **)argv + 1, (size_t)argc - 1);
	else
		run_stdin(&p);
	s3_free(p.s3);
	aws_client_free(p.client);
	http_client_free(http);
	endpoint_done(&endpoint);
	buf_done(&p.out);
	loop_free(p.loop);
	sigv4_forget_keys();
	return p.failed > 0;
}
