/* SPDX-License-Identifier: Apache-2.0 */
/* A rude receiver. */
#include "tests/unit/fault_rig.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "tests/support/sns_maker.h"

#define HOUR_MS ((int64_t)3600 * 1000)
#define HEAD_MAX ((size_t)65536)
#define BODY_MAX ((size_t)32 << 20)
#define DRIP_MS 10
#define SAID_MS 50

/* --- certificates --------------------------------------------------- */

static void
use(SSL_CTX *ctx, EVP_PKEY *key, const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);

	assert_int_equal(SSL_CTX_use_certificate(ctx, cert), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(ctx, key), 1);
	X509_free(cert);
	BIO_free(bio);
}

static void
make_context(struct fault_rig *r, enum fault_tls kind, struct buf *trusted)
{
	EVP_PKEY *key = maker_key(0);
	int64_t now = clock_wall_ms();
	struct maker_cert c = {
	    .key = key,
	    .name = "receiver",
	    .san = kind == WRONG_HOST ? "DNS:other.example" : "IP:127.0.0.1",
	    .from = now + (kind == NOT_YET ? HOUR_MS : -48 * HOUR_MS),
	    .until = now + (kind == EXPIRED ? -HOUR_MS : 48 * HOUR_MS),
	    .is_ca = 1,
	};
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	char *pem = maker_cert(&c);

	if (kind == OLD) {
		SSL_CTX_set_security_level(ctx, 0);
		assert_int_equal(
		    SSL_CTX_set_max_proto_version(ctx, TLS1_1_VERSION), 1);
	}
	use(ctx, key, pem);
	if (kind != UNKNOWN_CA)
		buf_puts(trusted, pem);
	r->contexts[kind] = ctx;
	EVP_PKEY_free(key);
	free(pem);
}

static void
make_contexts(struct fault_rig *r)
{
	struct error err;
	struct buf trusted;
	int fd, kind;

	buf_init(&trusted, HEAD_MAX);
	for (kind = GOOD; kind <= OLD; kind++)
		make_context(r, (enum fault_tls)kind, &trusted);
	strcpy(r->ca_file, "/tmp/fault_rig.XXXXXX");
	fd = mkstemp(r->ca_file);
	assert_int_equal(
	    file_write_all(fd, trusted.data, trusted.len, &err), 0);
	close(fd);
	buf_done(&trusted);
}

/* --- a connection --------------------------------------------------- */

struct conn {
	int fd;
	SSL *ssl; /* or NULL */
	struct fault_rig *rig;
	unsigned over; /* when it began */
};

static ssize_t
take(struct conn *c, void *out, size_t max)
{
	return c->ssl != NULL ? SSL_read(c->ssl, out, (int)max)
			      : read(c->fd, out, max);
}

static bool
say(struct conn *c, const char *s, size_t len)
{
	ssize_t n = 0;

	for (; len > 0; s += n, len -= (size_t)n) {
		n = c->ssl != NULL ? SSL_write(c->ssl, s, (int)len)
				   : send(c->fd, s, len, MSG_NOSIGNAL);
		if (n <= 0)
			return false;
	}
	return true;
}

static bool
shake_hands(struct conn *c, const struct fault_rig *r)
{
	enum fault_tls kind = r->fault->tls;
	char hello[100];

	if (kind == CUT) {
		(void)!read(c->fd, hello, sizeof(hello));
		return false;
	}
	if (r->contexts[kind] == NULL)
		return true;
	c->ssl = SSL_new(r->contexts[kind]);
	SSL_set_fd(c->ssl, c->fd);
	if (SSL_accept(c->ssl) == 1)
		return true;
	ERR_clear_error();
	return false;
}

static void
copy_field(char *out, size_t size, const char *head, const char *key)
{
	const char *at = strcasestr(head, key);

	if (at == NULL)
		return;
	at += strlen(key);
	snprintf(out, size, "%.*s", (int)strcspn(at, "\r"), at);
}

static size_t
note_head(struct fault_seen *s, const char *head)
{
	char number[24] = "0", length[24] = "0";

	copy_field(s->id, sizeof(s->id), head, "\r\nwebhook-id: ");
	copy_field(s->timestamp, sizeof(s->timestamp), head,
	    "\r\nwebhook-timestamp: ");
	copy_field(s->signature, sizeof(s->signature), head,
	    "\r\nwebhook-signature: ");
	copy_field(number, sizeof(number), head, "\r\nawaitd-attempt: ");
	copy_field(length, sizeof(length), head, "\r\ncontent-length: ");
	s->attempt = (unsigned)strtoul(number, NULL, 10);
	return strtoul(length, NULL, 10);
}

/* So far as the fault has it; false where the sender left before. */
static bool
read_request(struct conn *c, enum fault_when when, struct fault_seen *s)
{
	struct buf all;
	char piece[16384];
	const char *end = NULL;
	size_t want = 0, head = 0;
	ssize_t n;

	if (when == AT_ONCE)
		return true;
	buf_init(&all, BODY_MAX);
	while (end == NULL || all.len < want) {
		/* Not more than the head, where that is all it wants. */
		n = take(c, piece, end == NULL ? 1 : sizeof(piece));
		if (n <= 0)
			break;
		buf_append(&all, piece, (size_t)n);
		if (end != NULL || all.data[all.len - 1] != '\n')
			continue;
		end = strstr(all.data, "\r\n\r\n");
		if (end == NULL)
			continue;
		head = all.len;
		want = head + note_head(s, all.data);
		s->whole = true;
		if (when != AFTER_BODY) {
			s->whole = false;
			want = head + (when == WITHIN_BODY ? 1000 : 0);
		}
	}
	s->whole = s->whole && all.len >= want;
	buf_append(&s->body, all.data + head, all.len - head);
	buf_done(&all);
	return end != NULL;
}

static void
reset(const struct conn *c)
{
	struct linger l = {.l_onoff = 1, .l_linger = 0};

	setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
}

static void
read_on(struct conn *c)
{
	char piece[65536];

	while (take(c, piece, sizeof(piece)) > 0)
		continue;
}

/* A sender that left is told by what can be read. */
static void
drip(struct conn *c, const char *more)
{
	size_t len = strlen(more), i;

	for (i = 0; say(c, more + i % len, 1); i++)
		poll(NULL, 0, DRIP_MS);
}

static void
then(struct conn *c, const struct fault *f, struct fault_seen *next)
{
	switch (f->then) {
	case CLOSE:
		break;
	case RESET:
		/* It would overtake what was said. */
		if (f->say != NULL)
			poll(NULL, 0, SAID_MS);
		reset(c);
		break;
	case HANG:
		while (c->rig->over == c->over && !c->rig->ending)
			poll(NULL, 0, DRIP_MS);
		break;
	case DRIP:
		drip(c, f->more);
		break;
	case FLOOD:
		while (say(c, f->more, strlen(f->more)))
			continue;
		break;
	case READ_ON:
		read_on(c);
		break;
	case KEEP_ON:
		read_request(c, AFTER_BODY, next);
		reset(c);
		break;
	}
}

static struct fault_seen *
next_seen(struct fault_rig *r)
{
	struct fault_seen *s = &r->seen[r->nseen];

	assert_true(r->nseen < FAULT_SEEN_MAX - 1);
	return s;
}

static void
serve(struct fault_rig *r, struct conn *c)
{
	const struct fault *f = r->fault;
	struct fault_seen *s = next_seen(r);
	bool asked;

	if (!shake_hands(c, r))
		return;
	asked = read_request(c, f->when, s);
	if (s->id[0] != '\0')
		r->nseen++;
	if (!asked)
		return;
	if (f->say != NULL)
		say(c, f->say, strlen(f->say));
	s = next_seen(r);
	then(c, f, s);
	if (s->id[0] != '\0')
		r->nseen++;
}

static void *
rig_main(void *arg)
{
	struct fault_rig *r = arg;
	struct conn c = {.rig = r};

	while ((c.fd = accept(r->fd, NULL, NULL)) != -1) {
		c.over = r->over;
		serve(r, &c);
		SSL_free(c.ssl);
		c.ssl = NULL;
		close(c.fd);
	}
	return NULL;
}

/* --- from outside --------------------------------------------------- */

static void
forget(struct fault_rig *r)
{
	size_t i;

	for (i = 0; i < FAULT_SEEN_MAX; i++) {
		buf_done(&r->seen[i].body);
		memset(&r->seen[i], 0, sizeof(r->seen[i]));
		buf_init(&r->seen[i].body, BODY_MAX);
	}
	r->nseen = 0;
}

/* A small window, so that a large body does not fit into it. */
static void
listen_there(struct fault_rig *r)
{
	struct sockaddr_in sin = {
	    .sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct sockaddr *sa = (struct sockaddr *)(void *)&sin;
	socklen_t len = sizeof(sin);
	int size = 65536;

	r->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(r->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	assert_int_equal(bind(r->fd, sa, sizeof(sin)), 0);
	assert_int_equal(listen(r->fd, 64), 0);
	assert_int_equal(getsockname(r->fd, sa, &len), 0);
	r->port = ntohs(sin.sin_port);
}

void
fault_rig_start(struct fault_rig *r)
{
	size_t i;

	memset(r, 0, sizeof(*r));
	signal(SIGPIPE, SIG_IGN);
	for (i = 0; i < FAULT_SEEN_MAX; i++)
		buf_init(&r->seen[i].body, BODY_MAX);
	make_contexts(r);
}

void
fault_rig_begin(struct fault_rig *r, const struct fault *fault)
{
	forget(r);
	r->fault = fault;
	r->ending = false;
	listen_there(r);
	assert_int_equal(pthread_create(&r->thread, NULL, rig_main, r), 0);
}

void
fault_rig_end(struct fault_rig *r)
{
	r->ending = true;
	shutdown(r->fd, SHUT_RDWR);
	pthread_join(r->thread, NULL);
	close(r->fd);
}

void
fault_rig_stop(struct fault_rig *r)
{
	size_t i;

	for (i = 0; i < FAULT_SEEN_MAX; i++)
		buf_done(&r->seen[i].body);
	for (i = 0; i < FAULT_TLS_KINDS; i++)
		SSL_CTX_free(r->contexts[i]);
	unlink(r->ca_file);
}
