/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates and keys of our side of a connection that we make. */
#include "net/http_identity.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/hash.h"
#include "net/pem.h"

#define PAIR_MAX ((size_t)256 * 1024)
/* A system's bundle is a quarter of a megabyte. */
#define ROOTS_MAX ((size_t)4 * 1024 * 1024)

/* --- files ---------------------------------------------------------- */

/* `out` has room for all that may come: no copy of a key stays behind. */
static int
read_file(const char *key, const char *path, struct buf *out, struct error *err)
{
	struct stat st;

	if (stat(path, &st) == -1)
		return err_set_errno(err, ERR_CONFIG, "%s %s", key, path);
	/* To open a pipe may take for ever. */
	if (!S_ISREG(st.st_mode))
		return err_set(
		    err, ERR_CONFIG, "%s %s is no regular file", key, path);
	if (file_read(path, out, err) == 0)
		return 0;
	err->code = ERR_CONFIG;
	return err_prefix(err, "%s", key);
}

static BIO *
open_text(const struct buf *b)
{
	BIO *bio = BIO_new_mem_buf(b->data, (int)b->len);

	if (bio == NULL)
		abort();
	return bio;
}

/* --- ours ----------------------------------------------------------- */

static int
load_certificate(
    const char *path, struct buf *text, X509 **out, struct error *err)
{
	BIO *bio;

	if (read_file("certificate_file", path, text, err) == -1)
		return -1;
	bio = open_text(text);
	*out = PEM_read_bio_X509_AUX(bio, NULL, pem_no_passphrase, NULL);
	BIO_free(bio);
	ERR_clear_error();
	if (*out != NULL)
		return 0;
	err_set(
	    err, ERR_CONFIG, "certificate_file %s holds no certificate", path);
	return err_hint(err,
	    "It must be PEM: our certificate, and behind it those that lead "
	    "to a root.");
}

static int
load_key(const char *path, struct buf *text, EVP_PKEY **out, struct error *err)
{
	BIO *bio;

	if (file_check_private(path, err) == -1)
		return err_prefix(err, "private_key_file");
	if (read_file("private_key_file", path, text, err) == -1)
		return -1;
	bio = open_text(text);
	*out = PEM_read_bio_PrivateKey(bio, NULL, pem_no_passphrase, NULL);
	BIO_free(bio);
	ERR_clear_error();
	if (*out != NULL)
		return 0;
	err_set(err, ERR_CONFIG, "private_key_file %s holds no key", path);
	return err_hint(err,
	    "It must be PEM, and not encrypted: 'openssl pkey -in FILE -out "
	    "NEWFILE' takes a passphrase away.");
}

static int
match(const char *certificate_file, X509 *certificate,
    const char *private_key_file, EVP_PKEY *key, struct error *err)
{
	int same = X509_check_private_key(certificate, key);

	ERR_clear_error();
	if (same == 1)
		return 0;
	err_set(err, ERR_CONFIG,
	    "private_key_file %s is not the key of certificate_file %s",
	    private_key_file, certificate_file);
	return err_hint(err,
	    "Name the key that the certificate was made with; the "
	    "certificate must be the first in its file.");
}

int
http_identity_load(const char *certificate_file, const char *private_key_file,
    struct http_identity *out, struct error *err)
{
	struct http_identity id;
	X509 *certificate = NULL;
	EVP_PKEY *key = NULL;
	int rc = -1;

	buf_init(&id.certificate, PAIR_MAX);
	buf_init(&id.key, PAIR_MAX);
	buf_reserve(&id.key, PAIR_MAX);
	if (load_certificate(
		certificate_file, &id.certificate, &certificate, err) == 0 &&
	    load_key(private_key_file, &id.key, &key, err) == 0)
		rc = match(
		    certificate_file, certificate, private_key_file, key, err);
	X509_free(certificate);
	EVP_PKEY_free(key);
	if (rc == 0)
		*out = id;
	else
		http_identity_done(&id);
	return rc;
}

void
http_identity_done(struct http_identity *id)
{
	hash_wipe(id->key.data, id->key.len);
	buf_done(&id->key);
	buf_done(&id->certificate);
}

/* --- theirs --------------------------------------------------------- */

/* How many there are; -1 where one is damaged. */
static int
count_certificates(const struct buf *text)
{
	BIO *bio = open_text(text);
	X509 *certificate;
	int n = 0, why;

	while ((certificate = PEM_read_bio_X509_AUX(
		    bio, NULL, pem_no_passphrase, NULL)) != NULL) {
		X509_free(certificate);
		n++;
	}
	why = ERR_GET_REASON(ERR_peek_last_error());
	ERR_clear_error();
	BIO_free(bio);
	return why == PEM_R_NO_START_LINE ? n : -1;
}

int
http_identity_check_roots(const char *ca_file, struct error *err)
{
	struct buf text;
	int rc, n;

	buf_init(&text, ROOTS_MAX);
	rc = read_file("ca_file", ca_file, &text, err);
	n = rc == 0 ? count_certificates(&text) : 0;
	buf_done(&text);
	if (rc == -1 || n > 0)
		return rc;
	err_set(err, ERR_CONFIG, "ca_file %s holds %s", ca_file,
	    n == 0 ? "no certificate" : "a certificate that is damaged");
	return err_hint(err,
	    "It must be PEM: the roots that receivers' certificates lead "
	    "to.");
}
