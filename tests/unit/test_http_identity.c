/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our own certificate, against a server that asks for one, and whom we believe:
 * with real handshakes; and what is wrong with the files is told when they are
 * read.
 */
#include "net/http_identity.h"

#include <fnmatch.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/egress.h"
#include "tests/support/sns_maker.h"
#include "tests/unit/http_peer.h"

#define REPLY "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
#define HOUR_MS 3600000

static struct {
	char folder[40];
	EVP_PKEY *ca, *other, *ours, *theirs;
	pthread_t thread;
	SSL_CTX *ctx;
	int fd, port;
	atomic_uint requests;
	char peer[64]; /* whom the last client said to be */
} its;

/* --- files ---------------------------------------------------------- */

/* Borrowed until the next but three. */
static const char *
path_of(const char *name)
{
	static char paths[4][80];
	static unsigned n;
	char *path = paths[n++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", its.folder, name);
	return path;
}

static void
write_file(const char *name, const char *text, mode_t mode)
{
	const char *path = path_of(name);
	struct error err;

	if (file_write_atomic(path, text, strlen(text), mode, &err) == -1)
		fail_msg("%s", err.text);
	assert_int_equal(chmod(path, mode), 0);
}

static char *
cert(EVP_PKEY *key, const char *name, const char *san, EVP_PKEY *issuer_key,
    const char *issuer)
{
	int64_t now = clock_wall_ms();
	struct maker_cert c = {.key = key,
	    .name = name,
	    .san = san,
	    .from = now - HOUR_MS,
	    .until = now + HOUR_MS,
	    .issuer_key = issuer_key,
	    .issuer = issuer,
	    .is_ca = issuer == NULL};

	return maker_cert(&c);
}

static void
write_cert(const char *name, char *take_pem)
{
	write_file(name, take_pem, 0644);
	free(take_pem);
}

static void
write_key(const char *name, EVP_PKEY *key, const char *passphrase)
{
	FILE *f = fopen(path_of(name), "w");

	assert_non_null(f);
	assert_int_equal(fchmod(fileno(f), 0600), 0);
	assert_int_equal(
	    PEM_write_PrivateKey(f, key,
		passphrase != NULL ? EVP_aes_128_cbc() : NULL, NULL, 0, NULL,
		(void *)(uintptr_t)(const void *)passphrase),
	    1);
	fclose(f);
}

/* --- the server ----------------------------------------------------- */

static void
serve_one(SSL *ssl)
{
	char request[4096];
	X509 *peer;

	if (SSL_accept(ssl) == 1 &&
	    SSL_read(ssl, request, sizeof(request)) > 0) {
		peer = SSL_get1_peer_certificate(ssl);
		X509_NAME_get_text_by_NID(X509_get_subject_name(peer),
		    NID_commonName, its.peer, sizeof(its.peer));
		X509_free(peer);
		its.requests++;
		SSL_write(ssl, REPLY, strlen(REPLY));
		SSL_shutdown(ssl);
	}
	ERR_clear_error();
}

static void *
serve(void *arg)
{
	int fd;

	(void)arg;
	while ((fd = accept(its.fd, NULL, NULL)) != -1) {
		SSL *ssl = SSL_new(its.ctx);

		SSL_set_fd(ssl, fd);
		serve_one(ssl);
		SSL_free(ssl);
		close(fd);
	}
	return NULL;
}

static void
server_start(void)
{
	struct sockaddr_in sa = {
	    .sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(sa);

	its.ctx = SSL_CTX_new(TLS_server_method());
	assert_int_equal(
	    SSL_CTX_use_certificate_chain_file(its.ctx, path_of("server.pem")),
	    1);
	assert_int_equal(SSL_CTX_use_PrivateKey(its.ctx, its.theirs), 1);
	assert_int_equal(
	    SSL_CTX_load_verify_file(its.ctx, path_of("ca.pem")), 1);
	SSL_CTX_set_verify(
	    its.ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	its.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(its.fd, (struct sockaddr *)&sa, len), 0);
	assert_int_equal(listen(its.fd, 16), 0);
	assert_int_equal(getsockname(its.fd, (struct sockaddr *)&sa, &len), 0);
	its.port = ntohs(sa.sin_port);
	assert_int_equal(pthread_create(&its.thread, NULL, serve, NULL), 0);
}

static int
enter(void **state)
{
	(void)state;
	strcpy(its.folder, "/tmp/test_identity-XXXXXX");
	assert_non_null(mkdtemp(its.folder));
	its.ca = maker_key(0);
	its.other = maker_key(0);
	its.ours = maker_key(0);
	its.theirs = maker_key(0);
	write_cert("ca.pem", cert(its.ca, "ca", NULL, NULL, NULL));
	write_cert("other.pem", cert(its.other, "other", NULL, NULL, NULL));
	write_cert("server.pem",
	    cert(its.theirs, "server", "IP:127.0.0.1", its.ca, "ca"));
	write_cert("client.pem", cert(its.ours, "awaitd", NULL, its.ca, "ca"));
	write_cert(
	    "stranger.pem", cert(its.ours, "awaitd", NULL, its.other, "other"));
	write_key("client.key", its.ours, NULL);
	write_key("wrong.key", its.theirs, NULL);
	write_key("locked.key", its.ours, "opensesame");
	server_start();
	return 0;
}

static int
leave(void **state)
{
	static const char *const names[] = {"ca.pem", "other.pem", "server.pem",
	    "client.pem", "stranger.pem", "client.key", "wrong.key",
	    "locked.key", "x.pem", "x.key"};
	size_t i;

	(void)state;
	shutdown(its.fd, SHUT_RDWR);
	pthread_join(its.thread, NULL);
	close(its.fd);
	SSL_CTX_free(its.ctx);
	EVP_PKEY_free(its.ca);
	EVP_PKEY_free(its.other);
	EVP_PKEY_free(its.ours);
	EVP_PKEY_free(its.theirs);
	for (i = 0; i < ARRAY_LEN(names); i++)
		unlink(path_of(names[i]));
	return rmdir(its.folder);
}

/* --- the client ----------------------------------------------------- */

static int
client(struct fixture *f, const char *ca, const char *certificate,
    const char *key, struct error *err)
{
	static const char *const networks[] = {"127.0.0.0/8", NULL};
	struct http_client_options o = {
	    .ca_file = ca != NULL ? path_of(ca) : NULL,
	    .certificate_file =
		certificate != NULL ? path_of(certificate) : NULL,
	    .private_key_file = key != NULL ? path_of(key) : NULL,
	};
	struct egress *egress;
	int rc;

	error_clear(err);
	http_client_free(f->client);
	f->client = NULL;
	assert_int_equal(egress_new(networks, &egress, err), 0);
	o.egress = egress;
	rc = http_client_new(f->loop, &o, &f->client, err);
	egress_free(egress);
	return rc;
}

static void
ask(struct fixture *f, const char *ca, const char *certificate, const char *key)
{
	char *url = xasprintf("https://127.0.0.1:%d/x", its.port);
	struct http_request r = {.method = "POST",
	    .url = url,
	    .body = "{}",
	    .body_len = 2,
	    .timeout_ms = 10000};
	struct error err;

	if (client(f, ca, certificate, key, &err) == -1)
		fail_msg("%s", err.text);
	f->out.done = 0;
	f->out.status = 0;
	error_clear(&f->out.err);
	fixture_run(f, NULL, r);
	free(url);
}

static void
a_server_that_asks_gets_our_certificate(void **state)
{
	struct fixture *f = *state;
	unsigned before = its.requests;

	ask(f, "ca.pem", "client.pem", "client.key");
	if (f->out.err.code != ERR_NONE)
		fail_msg("%s", f->out.err.text);
	assert_int_equal(f->out.status, 200);
	assert_string_equal(its.peer, "awaitd");
	assert_int_equal(its.requests, before + 1);
}

static void
without_one_or_with_a_strangers_nothing_is_taken(void **state)
{
	struct fixture *f = *state;
	unsigned before = its.requests;

	ask(f, "ca.pem", NULL, NULL);
	assert_int_equal(f->out.err.code, ERR_NET);
	ask(f, "ca.pem", "stranger.pem", "client.key");
	assert_int_equal(f->out.err.code, ERR_NET);
	assert_int_equal(its.requests, before);
}

static void
a_server_that_the_roots_do_not_vouch_for_gets_nothing(void **state)
{
	struct fixture *f = *state;
	unsigned before = its.requests;

	ask(f, "other.pem", "client.pem", "client.key");
	assert_int_equal(f->out.err.code, ERR_NET);
	assert_non_null(strcasestr(f->out.err.text, "certificate"));
	assert_false(f->out.err.sent);
	ask(f, NULL, "client.pem", "client.key");
	assert_int_equal(f->out.err.code, ERR_NET);
	assert_int_equal(its.requests, before);
}

/* Half of a pair that is being replaced is never met. */
static void
the_files_are_read_once(void **state)
{
	struct fixture *f = *state;
	char *url = xasprintf("https://127.0.0.1:%d/x", its.port);
	struct http_request r = {
	    .method = "GET", .url = url, .timeout_ms = 10000};
	struct error err;

	write_cert("x.pem", cert(its.ours, "first", NULL, its.ca, "ca"));
	write_key("x.key", its.ours, NULL);
	assert_int_equal(client(f, "ca.pem", "x.pem", "x.key", &err), 0);
	unlink(path_of("x.key"));
	write_file("x.pem", "nothing", 0644);
	f->out.done = 0;
	fixture_run(f, NULL, r);
	assert_int_equal(f->out.status, 200);
	assert_string_equal(its.peer, "first");
	free(url);
}

static void
what_is_wrong_with_a_file_is_told_at_once(void **state)
{
	static const struct {
		const char *ca, *certificate, *key, *text, *hint;
	} cases[] = {
	    {NULL, "no.pem", "client.key", "certificate_file *no.pem: *", NULL},
	    {NULL, "client.pem", "no.key", "private_key_file: *no.key: *",
		NULL},
	    {NULL, "", "client.key", "certificate_file * no regular file",
		NULL},
	    {NULL, "client.pem", "", "private_key_file: * no regular file",
		NULL},
	    {NULL, "client.key", "client.key", "* holds no certificate", "PEM"},
	    {NULL, "client.pem", "client.pem", "* can be read by others",
		"chmod 600"},
	    {NULL, "client.pem", "x.key", "* holds no key", "PEM"},
	    {NULL, "client.pem", "locked.key", "* holds no key", "passphrase"},
	    {NULL, "client.pem", "wrong.key", "* is not the key of *", "first"},
	    {"no.pem", NULL, NULL, "ca_file *no.pem*", NULL},
	    {"", NULL, NULL, "ca_file * no regular file", NULL},
	    {"client.key", NULL, NULL, "* holds no certificate", "PEM"},
	    {"x.pem", NULL, NULL, "* certificate that is damaged", "PEM"},
	};
	struct fixture *f = *state;
	size_t i;
	char *damaged, *good = cert(its.ca, "ca", NULL, NULL, NULL);

	write_file("x.key", "-----BEGIN PRIVATE KEY-----\nsecret\n", 0600);
	damaged = xasprintf("%s-----BEGIN CERTIFICATE-----\nAAAA\n"
			    "-----END CERTIFICATE-----\n",
	    good);
	write_file("x.pem", damaged, 0644);
	free(damaged);
	free(good);
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		struct error err;

		if (client(f, cases[i].ca, cases[i].certificate, cases[i].key,
			&err) == 0)
			fail_msg("case %zu is taken", i);
		assert_int_equal(err.code, ERR_CONFIG);
		if (fnmatch(cases[i].text, err.text, 0) != 0 ||
		    (cases[i].hint != NULL &&
			strstr(err.hint, cases[i].hint) == NULL))
			fail_msg("case %zu: %s (%s)", i, err.text, err.hint);
		assert_null(strstr(err.text, "secret"));
	}
}

static void
a_key_that_others_can_read_is_refused(void **state)
{
	static const mode_t modes[] = {0640, 0604, 0660, 0644};
	struct fixture *f = *state;
	struct error err;
	size_t i;

	for (i = 0; i < ARRAY_LEN(modes); i++) {
		write_key("x.key", its.ours, NULL);
		assert_int_equal(chmod(path_of("x.key"), modes[i]), 0);
		assert_int_equal(
		    client(f, NULL, "client.pem", "x.key", &err), -1);
		assert_non_null(strstr(err.hint, "chmod 600"));
	}
}

#define T(name) \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(a_server_that_asks_gets_our_certificate),
	    T(without_one_or_with_a_strangers_nothing_is_taken),
	    T(a_server_that_the_roots_do_not_vouch_for_gets_nothing),
	    T(the_files_are_read_once),
	    T(what_is_wrong_with_a_file_is_told_at_once),
	    T(a_key_that_others_can_read_is_refused),
	};

	signal(SIGPIPE, SIG_IGN);
	alarm(120);
	return cmocka_run_group_tests(tests, enter, leave);
}
