/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP client over TLS: a handshake is short where there was one before,
 * although another handle of curl's may have had it. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "base/clock.h"
#include "base/mem.h"
#include "tests/support/sns_maker.h"
#include "tests/unit/http_peer.h"

#define REPLY "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

static struct {
	pthread_t thread;
	SSL_CTX *ctx;
	int fd, port;
	int resumed[2];
	char ca_file[64];
} its;

/* Says as much of the reply as `len`. */
static SSL *
take_connection(int i, size_t len)
{
	char request[4096];
	SSL *ssl = SSL_new(its.ctx);

	SSL_set_fd(ssl, accept(its.fd, NULL, NULL));
	if (SSL_accept(ssl) != 1 ||
	    SSL_read(ssl, request, sizeof(request)) <= 0)
		abort();
	its.resumed[i] = SSL_session_reused(ssl);
	SSL_write(ssl, REPLY, (int)len);
	return ssl;
}

static void
hang_up(SSL *ssl)
{
	SSL_shutdown(ssl);
	close(SSL_get_fd(ssl));
	SSL_free(ssl);
}

/* The first reply lacks its last byte until the second was given. */
static void *
serve(void *arg)
{
	SSL *first, *second;

	(void)arg;
	first = take_connection(0, strlen(REPLY) - 1);
	second = take_connection(1, strlen(REPLY));
	SSL_write(first, "i", 1);
	hang_up(first);
	hang_up(second);
	ERR_clear_error();
	return NULL;
}

static void
make_certificate(void)
{
	EVP_PKEY *key = maker_key(0);
	int64_t now = clock_wall_ms();
	struct maker_cert c = {.key = key,
	    .name = "test",
	    .san = "IP:127.0.0.1",
	    .from = now - 3600000,
	    .until = now + 3600000};
	char *pem = maker_cert(&c);
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	int fd;

	its.ctx = SSL_CTX_new(TLS_server_method());
	assert_int_equal(SSL_CTX_use_certificate(its.ctx, cert), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(its.ctx, key), 1);
	strcpy(its.ca_file, "/tmp/test_client_tls-XXXXXX");
	fd = mkstemp(its.ca_file);
	assert_int_equal(write(fd, pem, strlen(pem)), strlen(pem));
	close(fd);
	X509_free(cert);
	BIO_free(bio);
	EVP_PKEY_free(key);
	free(pem);
}

static void
server_start(void)
{
	struct sockaddr_in sa = {
	    .sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(sa);

	make_certificate();
	its.fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(its.fd, (struct sockaddr *)&sa, len), 0);
	assert_int_equal(listen(its.fd, 16), 0);
	assert_int_equal(getsockname(its.fd, (struct sockaddr *)&sa, &len), 0);
	its.port = ntohs(sa.sin_port);
	assert_int_equal(pthread_create(&its.thread, NULL, serve, NULL), 0);
}

static void
server_stop(void)
{
	pthread_join(its.thread, NULL);
	close(its.fd);
	SSL_CTX_free(its.ctx);
	unlink(its.ca_file);
}

static void
a_session_is_resumed_by_a_handle_that_had_none(void **state)
{
	struct fixture *f = *state;
	struct http_client_options o = {.user_agent = "test"};
	struct http_request r = {.method = "GET"};
	struct error err;
	char *url;

	server_start();
	http_client_free(f->client);
	o.ca_file = its.ca_file;
	assert_int_equal(http_client_new(f->loop, &o, &f->client, &err), 0);
	url = xasprintf("https://127.0.0.1:%d/x", its.port);
	r.url = url;
	r.sink = fixture_sink;
	r.sink_arg = &f->out;
	fixture_start(f, NULL, r);
	/* What resumes it came before the body. */
	while (f->out.sunk.len == 0 && f->out.done == 0)
		fixture_turn(f);
	assert_int_equal(f->out.done, 0);
	/* The first handle and its connection are busy. */
	r.sink = NULL;
	f->out.wanted = 2;
	fixture_run(f, NULL, r);
	assert_int_equal(f->out.err.code, ERR_NONE);
	assert_string_equal(f->out.sunk.data, "hi");
	server_stop();
	assert_int_equal(its.resumed[0], 0);
	assert_int_equal(its.resumed[1], 1);
	free(url);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		a_session_is_resumed_by_a_handle_that_had_none, fixture_setup,
		fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
