/* SPDX-License-Identifier: Apache-2.0 */
/* The one place that knows OpenSSL's side of a connection to us. */
#include "net/http_server_tls.h"

#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "net/pem.h"

/* What tells that a file is another one now. */
struct stamp {
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec mtime;
};

struct http_tls {
	char *certificate_file;
	char *private_key_file;
	SSL_CTX *ctx;
	struct stamp seen[2]; /* when they were last read, in vain or not */
};

static struct stamp
stamp_of(const char *path)
{
	struct stamp stamp;
	struct stat st;

	memset(&stamp, 0, sizeof(stamp));
	if (stat(path, &st) == 0) {
		stamp.dev = st.st_dev;
		stamp.ino = st.st_ino;
		stamp.size = st.st_size;
		stamp.mtime = st.st_mtim;
	}
	return stamp;
}

static bool
same_stamp(const struct stamp *a, const struct stamp *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	    a->mtime.tv_sec == b->mtime.tv_sec &&
	    a->mtime.tv_nsec == b->mtime.tv_nsec;
}

static int
read_chain(SSL_CTX *ctx, const char *path, struct error *err)
{
	struct stat st;

	if (stat(path, &st) == -1)
		return err_set_errno(
		    err, ERR_CONFIG, "certificate_file %s", path);
	/* To open a pipe may take for ever. */
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_CONFIG,
		    "certificate_file %s is no regular file", path);
	if (SSL_CTX_use_certificate_chain_file(ctx, path) == 1)
		return 0;
	err_set(
	    err, ERR_CONFIG, "certificate_file %s holds no certificate", path);
	return err_hint(err,
	    "It must be PEM: the server's certificate, and behind it those "
	    "that lead to a root (certbot's fullchain.pem).");
}

static int
read_key(SSL_CTX *ctx, const char *path, const char *certificate_file,
    struct error *err)
{
	if (file_check_private(path, err) == -1)
		return err_prefix(err, "private_key_file");
	ERR_clear_error();
	if (SSL_CTX_use_PrivateKey_file(ctx, path, SSL_FILETYPE_PEM) == 1)
		return 0;
	if (ERR_GET_REASON(ERR_peek_last_error()) ==
	    X509_R_KEY_VALUES_MISMATCH) {
		err_set(err, ERR_CONFIG,
		    "private_key_file %s is not the key of certificate_file %s",
		    path, certificate_file);
		return err_hint(err,
		    "Name the key that the certificate was made with; the "
		    "certificate must be the first in its file.");
	}
	err_set(err, ERR_CONFIG, "private_key_file %s holds no key", path);
	return err_hint(err,
	    "It must be PEM, and not encrypted: 'openssl pkey -in FILE -out "
	    "NEWFILE' takes a passphrase away.");
}

static SSL_CTX *
make_context(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	if (ctx == NULL)
		abort();
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	/* Peers that go without a word are the rule; who cuts off a body is
	 * found out by its length. */
	SSL_CTX_set_options(ctx,
	    SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
		SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_default_passwd_cb(ctx, pem_no_passphrase);
	return ctx;
}

static void
note_stamps(struct http_tls *t)
{
	t->seen[0] = stamp_of(t->certificate_file);
	t->seen[1] = stamp_of(t->private_key_file);
}

static int
load(struct http_tls *t, struct error *err)
{
	SSL_CTX *ctx = make_context();
	int rc;

	/* Before they are read: a change in between is seen the next time. */
	note_stamps(t);
	rc = read_chain(ctx, t->certificate_file, err);
	if (rc == 0)
		rc = read_key(
		    ctx, t->private_key_file, t->certificate_file, err);
	ERR_clear_error();
	if (rc == -1) {
		SSL_CTX_free(ctx);
		return -1;
	}
	SSL_CTX_free(t->ctx); /* connections keep theirs */
	t->ctx = ctx;
	return 0;
}

int
http_tls_new(const char *certificate_file, const char *private_key_file,
    struct http_tls **out, struct error *err)
{
	struct http_tls *t = xcalloc(1, sizeof(*t));

	t->certificate_file = xstrdup(certificate_file);
	t->private_key_file = xstrdup(private_key_file);
	if (load(t, err) == -1) {
		http_tls_free(t);
		return -1;
	}
	*out = t;
	return 0;
}

void
http_tls_free(struct http_tls *t)
{
	if (t == NULL)
		return;
	SSL_CTX_free(t->ctx);
	free(t->certificate_file);
	free(t->private_key_file);
	free(t);
}

int
http_tls_refresh(struct http_tls *t, struct error *err)
{
	struct stamp now[2];

	now[0] = stamp_of(t->certificate_file);
	now[1] = stamp_of(t->private_key_file);
	if (same_stamp(&now[0], &t->seen[0]) &&
	    same_stamp(&now[1], &t->seen[1]))
		return 0;
	return load(t, err) == -1 ? -1 : 1;
}

struct bufferevent *
http_tls_accept(struct http_tls *t, struct event_base *base, int take_fd)
{
	SSL *ssl = SSL_new(t->ctx);
	struct bufferevent *bev;

	if (ssl == NULL) {
		close(take_fd);
		return NULL;
	}
	bev = bufferevent_openssl_socket_new(base, take_fd, ssl,
	    BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
	if (bev != NULL)
		bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	return bev;
}

void
http_tls_end(struct bufferevent *bev)
{
	SSL *ssl = bufferevent_openssl_get_ssl(bev);

	/* What cannot be sent at once is not waited for. */
	if (ssl != NULL && SSL_is_init_finished(ssl))
		SSL_shutdown(ssl);
	ERR_clear_error();
}
