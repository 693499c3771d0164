/* SPDX-License-Identifier: Apache-2.0 */
/* net/http_server over TLS, and the files that it needs for that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/mem.h"
#include "base/str.h"
#include "net/http_server_tls.h"
#include "tests/unit/http_cases.h"
#include "tests/unit/http_rig.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"

static struct {
	char folder[64];
	char certificate[96];
	char key[96];
	struct http_tls *tls;
	struct http_server_options options;
	struct rig *rig;
} its;

/* --- files ---------------------------------------------------------- */

static void
set_name(X509 *cert, const char *name)
{
	X509_NAME *n = X509_get_subject_name(cert);

	X509_NAME_add_entry_by_txt(
	    n, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(cert, n);
}

/* A file that takes the place of another one at once, as certbot's do. */
static FILE *
begin_file(char *path, size_t size, const char *of)
{
	FILE *f;

	snprintf(path, size, "%s.new", of);
	f = fopen(path, "w");
	assert_non_null(f);
	return f;
}

static void
end_file(FILE *f, const char *path, const char *of, mode_t mode)
{
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
	assert_int_equal(rename(path, of), 0);
}

static void
write_key(EVP_PKEY *key, const char *passphrase)
{
	char path[128];
	FILE *f = begin_file(path, sizeof(path), its.key);

	assert_int_equal(
	    PEM_write_PrivateKey(f, key,
		passphrase != NULL ? EVP_aes_128_cbc() : NULL,
		(const unsigned char *)passphrase,
		passphrase != NULL ? (int)strlen(passphrase) : 0, NULL, NULL),
	    1);
	end_file(f, path, its.key, 0600);
}

static void
write_certificate(EVP_PKEY *key, const char *name)
{
	char path[128];
	FILE *f = begin_file(path, sizeof(path), its.certificate);
	X509 *cert = X509_new();

	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_set_pubkey(cert, key);
	set_name(cert, name);
	assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
	assert_int_equal(PEM_write_X509(f, cert), 1);
	end_file(f, path, its.certificate, 0644);
	X509_free(cert);
}

static EVP_PKEY *
make_files(const char *name)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");

	write_key(key, NULL);
	write_certificate(key, name);
	return key;
}

static int
setup(void **state)
{
	(void)state;
	memset(&its, 0, sizeof(its));
	strcpy(its.folder, "/tmp/test_tls-XXXXXX");
	assert_non_null(mkdtemp(its.folder));
	snprintf(its.certificate, sizeof(its.certificate), "%s/cert.pem",
	    its.folder);
	snprintf(its.key, sizeof(its.key), "%s/key.pem", its.folder);
	EVP_PKEY_free(make_files("first"));
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	http_tls_free(its.tls);
	unlink(its.certificate);
	unlink(its.key);
	rmdir(its.folder);
	return 0;
}

static void
start(void)
{
	struct error err;

	if (http_tls_new(its.certificate, its.key, &its.tls, &err) == -1)
		fail_msg("%s", err.text);
	its.options.tls = its.tls;
	its.rig = rig_start(&its.options);
}

/* --- a client ------------------------------------------------------- */

struct client {
	SSL_CTX *ctx;
	SSL *ssl;
	int fd;
};

static bool
try_connect(struct client *c, int version)
{
	c->fd = rig_connect(its.rig);
	c->ctx = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_security_level(c->ctx, 0);
	SSL_CTX_set_min_proto_version(c->ctx, version);
	SSL_CTX_set_max_proto_version(c->ctx, version);
	c->ssl = SSL_new(c->ctx);
	SSL_set_fd(c->ssl, c->fd);
	return SSL_connect(c->ssl) == 1;
}

static void
connect_tls(struct client *c)
{
	if (!try_connect(c, TLS1_3_VERSION))
		fail_msg("no handshake");
}

static void
disconnect(struct client *c)
{
	SSL_free(c->ssl);
	SSL_CTX_free(c->ctx);
	close(c->fd);
	ERR_clear_error();
}

static void
send_tls(struct client *c, const void *data, size_t len)
{
	assert_int_equal(SSL_write(c->ssl, data, (int)len), (int)len);
}

/* One reply, head and body, by its Content-Length; false at the end. */
static bool
read_reply(struct client *c, struct buf *out)
{
	size_t want = SIZE_MAX;
	char piece[4096];

	buf_clear(out);
	while (out->len < want) {
		int n = SSL_read(c->ssl, piece, sizeof(piece));
		const char *end, *length;

		if (n <= 0)
			return false;
		buf_append(out, piece, (size_t)n);
		if (want != SIZE_MAX)
			continue;
		end = strstr(out->data, "\r\n\r\n");
		length = strstr(out->data, "Content-Length: ");
		if (end != NULL && length != NULL)
			want = (size_t)(end + 4 - out->data) +
			    strtoul(length + 16, NULL, 10);
	}
	return true;
}

static void
expect(
    struct client *c, const char *request, const char *status, const char *body)
{
	struct buf b;

	buf_init(&b, 16 << 20);
	send_tls(c, request, strlen(request));
	if (!read_reply(c, &b) || !str_starts(b.data, status) ||
	    !str_ends(b.data, body))
		fail_msg("not %s with %s: %.300s", status, body, b.data);
	buf_done(&b);
}

static void
server_is(const char *name)
{
	struct client c;
	char text[100];
	X509 *cert;

	connect_tls(&c);
	cert = SSL_get1_peer_certificate(c.ssl);
	assert_non_null(cert);
	X509_NAME_get_text_by_NID(
	    X509_get_subject_name(cert), NID_commonName, text, sizeof(text));
	X509_free(cert);
	assert_string_equal(text, name);
	expect(&c, GET("/ok"), "HTTP/1.1 200", "ok\n");
	disconnect(&c);
}

/* --- what is served ------------------------------------------------- */

static void
both_versions_serve_one_request_after_the_other(void **state)
{
	static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
	struct client c;
	size_t i;

	(void)state;
	start();
	for (i = 0; i < 2; i++) {
		assert_true(try_connect(&c, versions[i]));
		expect(&c, GET("/ok"), "HTTP/1.1 200", "ok\n");
		expect(&c,
		    "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
		    "\r\nhello",
		    "HTTP/1.1 200", "POST /echo? 5:hello");
		expect(&c, GET("/later"), "HTTP/1.1 200", "ok\n");
		disconnect(&c);
	}
	rig_stop(its.rig);
}

static void
older_versions_are_refused(void **state)
{
	struct client c;

	(void)state;
	start();
	assert_false(try_connect(&c, TLS1_1_VERSION));
	disconnect(&c);
	server_is("first");
	rig_stop(its.rig);
}

static void
bodies_come_and_go_whole(void **state)
{
	size_t len = 900000;
	char *body = xmalloc(len);
	struct client c;
	struct buf b;

	(void)state;
	start();
	connect_tls(&c);
	memset(body, 'x', len);
	buf_init(&b, 16 << 20);
	buf_printf(&b,
	    "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n\r\n",
	    len);
	send_tls(&c, b.data, b.len);
	send_tls(&c, body, len);
	assert_true(read_reply(&c, &b));
	assert_true(b.len > len && b.len < len + 300);
	assert_int_equal(b.data[b.len - 1], 'x');
	send_tls(&c, GET("/big"), strlen(GET("/big")));
	assert_true(read_reply(&c, &b));
	assert_true(b.len > 8 << 20);
	send_tls(&c, GET("/file?20000000"), strlen(GET("/file?20000000")));
	buf_done(&b);
	buf_init(&b, 32 << 20);
	assert_true(read_reply(&c, &b));
	assert_true(b.len > 20000000 && b.data[b.len - 1] == 'f');
	buf_done(&b);
	disconnect(&c);
	free(body);
	rig_stop(its.rig);
}

static void
who_has_said_all_gets_the_reply(void **state)
{
	struct client c;
	struct buf b;

	(void)state;
	start();
	connect_tls(&c);
	send_tls(&c, GET("/later"), strlen(GET("/later")));
	SSL_shutdown(c.ssl);
	buf_init(&b, 65536);
	if (!read_reply(&c, &b) || !str_ends(b.data, "ok\n"))
		fail_msg("no reply: %s", b.data);
	buf_done(&b);
	disconnect(&c);
	rig_stop(its.rig);
}

/* An end without close_notify could be anybody's. */
static void
the_server_says_that_it_ends(void **state)
{
	struct client c;
	char more[10];

	(void)state;
	start();
	connect_tls(&c);
	expect(&c, "GET /ok HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
	    "HTTP/1.1 200", "ok\n");
	assert_int_equal(SSL_read(c.ssl, more, sizeof(more)), 0);
	assert_int_equal(SSL_get_error(c.ssl, 0), SSL_ERROR_ZERO_RETURN);
	disconnect(&c);
	rig_stop(its.rig);
}

static void
malformed_requests_are_refused_here_too(void **state)
{
	struct client c;
	struct buf b;
	size_t i;

	(void)state;
	start();
	buf_init(&b, 65536);
	for (i = 0; i < http_n_bad_heads; i++) {
		const struct http_case *bad = &http_bad_heads[i];
		char status[32];

		connect_tls(&c);
		send_tls(&c, bad->bytes, bad->len);
		SSL_write(c.ssl, GET("/smuggled"), strlen(GET("/smuggled")));
		snprintf(status, sizeof(status), "HTTP/1.1 %d ", bad->status);
		if (!read_reply(&c, &b) || !str_starts(b.data, status))
			fail_msg("%s: %s", bad->name, b.data);
		assert_false(read_reply(&c, &b));
		disconnect(&c);
	}
	buf_done(&b);
	assert_int_equal(rig_count(its.rig, RIG_SMUGGLED), 0);
	rig_stop(its.rig);
}

/* --- who is not let go on ------------------------------------------- */

static void
the_handshake_has_the_time_of_a_head(void **state)
{
	static const char hello[] = {0x16, 0x03, 0x01, 0x02, 0x00, 0x01};
	int64_t began;
	int silent, half;

	(void)state;
	its.options.head_timeout_ms = 300;
	start();
	began = rig_now_ms();
	silent = rig_connect(its.rig);
	half = rig_connect(its.rig);
	rig_send(half, hello, sizeof(hello));
	assert_true(rig_at_end(silent));
	assert_true(rig_at_end(half));
	assert_true(rig_now_ms() - began >= 250);
	assert_true(rig_now_ms() - began < 5000);
	assert_int_equal(rig_connections(its.rig), 0);
	close(silent);
	close(half);
	rig_stop(its.rig);
}

static void
plain_http_is_no_handshake(void **state)
{
	struct buf b;
	int fd;

	(void)state;
	start();
	fd = rig_connect(its.rig);
	rig_send_some(fd, GET("/ok"), strlen(GET("/ok")));
	buf_init(&b, 65536);
	rig_read_all(fd, &b);
	assert_null(strstr(b.data, "200"));
	buf_done(&b);
	close(fd);
	assert_int_equal(rig_count(its.rig, RIG_REQUESTS), 0);
	server_is("first");
	rig_stop(its.rig);
}

static void
nobody_renegotiates(void **state)
{
	struct client c;
	char more[10];

	(void)state;
	start();
	assert_true(try_connect(&c, TLS1_2_VERSION));
	expect(&c, GET("/ok"), "HTTP/1.1 200", "ok\n");
	assert_int_equal(SSL_renegotiate(c.ssl), 1);
	assert_int_not_equal(SSL_do_handshake(c.ssl), 1);
	assert_true(SSL_read(c.ssl, more, sizeof(more)) <= 0);
	disconnect(&c);
	server_is("first");
	rig_stop(its.rig);
}

static void
one_too_many_costs_no_handshake(void **state)
{
	struct client c;
	int fd;

	(void)state;
	its.options.max_connections = 1;
	start();
	connect_tls(&c);
	expect(&c, GET("/ok"), "HTTP/1.1 200", "ok\n");
	fd = rig_connect(its.rig);
	assert_true(rig_at_end(fd));
	expect(&c, GET("/ok"), "HTTP/1.1 200", "ok\n");
	disconnect(&c);
	close(fd);
	rig_stop(its.rig);
}

/* --- files ---------------------------------------------------------- */

static int refreshed;
static struct error trouble;

static void
refresh(struct rig *rig)
{
	(void)rig;
	refreshed = http_tls_refresh(its.tls, &trouble);
}

static void
a_renewed_certificate_is_taken_without_a_restart(void **state)
{
	struct client old;
	EVP_PKEY *key;

	(void)state;
	start();
	server_is("first");
	connect_tls(&old);
	rig_call(its.rig, refresh);
	assert_int_equal(refreshed, 0);
	EVP_PKEY_free(make_files("second"));
	rig_call(its.rig, refresh);
	assert_int_equal(refreshed, 1);
	server_is("second");
	expect(&old, GET("/ok"), "HTTP/1.1 200", "ok\n");
	/* Between the one file and the other the two do not fit. */
	key = EVP_EC_gen("P-256");
	write_certificate(key, "third");
	rig_call(its.rig, refresh);
	assert_int_equal(refreshed, -1);
	assert_non_null(strstr(trouble.text, "is not the key of"));
	server_is("second");
	rig_call(its.rig, refresh);
	assert_int_equal(refreshed, 0); /* told once */
	write_key(key, NULL);
	rig_call(its.rig, refresh);
	assert_int_equal(refreshed, 1);
	server_is("third");
	EVP_PKEY_free(key);
	unlink(its.key);
	rig_call(its.rig, refresh);
	assert_int_equal(refreshed, -1);
	server_is("third");
	disconnect(&old);
	rig_stop(its.rig);
}

static void
refused(const char *text, const char *hint)
{
	struct http_tls *tls = NULL;
	struct error err;

	error_clear(&err);
	assert_int_equal(
	    http_tls_new(its.certificate, its.key, &tls, &err), -1);
	assert_null(tls);
	assert_int_equal(err.code, ERR_CONFIG);
	if (strstr(err.text, text) == NULL || strstr(err.hint, hint) == NULL)
		fail_msg("not %s, but %s: %s", text, err.text, err.hint);
}

static void
fill(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	fputs(text, f);
	fclose(f);
	chmod(path, 0600);
}

static void
what_is_wrong_with_a_file_is_said(void **state)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");

	(void)state;
	chmod(its.key, 0640);
	refused("can be read by others", "chmod 600");
	chmod(its.key, 0600);
	write_key(key, NULL);
	refused("is not the key of", "was made with");
	write_certificate(key, "x");
	write_key(key, "open sesame");
	refused("holds no key", "not encrypted");
	fill(its.key, "no PEM\n");
	refused("holds no key", "must be PEM");
	unlink(its.key);
	refused("private_key_file: ", "");
	write_key(key, NULL);
	fill(its.certificate, "no PEM\n");
	refused("holds no certificate", "must be PEM");
	unlink(its.certificate);
	refused("certificate_file ", "");
	assert_int_equal(mkfifo(its.certificate, 0600), 0);
	refused("is no regular file", "");
	EVP_PKEY_free(key);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		both_versions_serve_one_request_after_the_other, setup,
		teardown),
	    cmocka_unit_test_setup_teardown(
		older_versions_are_refused, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		bodies_come_and_go_whole, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		who_has_said_all_gets_the_reply, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		the_server_says_that_it_ends, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		malformed_requests_are_refused_here_too, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		the_handshake_has_the_time_of_a_head, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		plain_http_is_no_handshake, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		nobody_renegotiates, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		one_too_many_costs_no_handshake, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_renewed_certificate_is_taken_without_a_restart, setup,
		teardown),
	    cmocka_unit_test_setup_teardown(
		what_is_wrong_with_a_file_is_said, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
