/* SPDX-License-Identifier: Apache-2.0 */
/* Key and certificate over OpenSSL's EVP. */
#include "local/sns_sign.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/encode.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"

#define KEY_BITS 2048
#define FILE_MAX 65536
#define SIGNATURE_MAX 1024 /* bytes, of a key of 8192 bits */
#define DAY_S (24L * 60 * 60)
#define VALID_DAYS 3650L
#define NAME_HEX 32
#define SERIAL_BYTES 16

struct sns_key {
	EVP_PKEY *pkey;
	X509 *cert;
	char *pem;
	char *file;
};

static int
fail(const char *what, struct error *err)
{
	const char *why = ERR_reason_error_string(ERR_peek_last_error());

	err_set(err, ERR_IO, "%s: %s", what, why != NULL ? why : "it failed");
	ERR_clear_error();
	return -1;
}

/* --- files ---------------------------------------------------------- */

/* A pass phrase cannot be asked for. */
static int
no_pass_phrase(char *out, int size, int writing, void *arg)
{
	(void)out;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}

static int
complain(const char *path, const char *what, struct error *err)
{
	ERR_clear_error();
	err_set(err, ERR_CONFIG, "%s: %s", path, what);
	return err_hint(err,
	    "Put the right files there, or remove sns.key and sns.pem: a new "
	    "pair is made.");
}

/* 1, or 0 where there is none. */
static int
read_text(const char *path, struct buf *out, struct error *err)
{
	if (access(path, F_OK) == -1 && errno == ENOENT)
		return 0;
	buf_init(out, FILE_MAX);
	if (file_read(path, out, err) == -1) {
		buf_done(out);
		return -1;
	}
	return 1;
}

/* 1 with the key, 0 where there is none. */
static int
read_key(const char *path, EVP_PKEY **out, struct error *err)
{
	struct buf text;
	BIO *bio;
	int rc = read_text(path, &text, err);

	if (rc != 1)
		return rc;
	bio = BIO_new_mem_buf(text.data, (int)text.len);
	*out = bio != NULL
	    ? PEM_read_bio_PrivateKey(bio, NULL, no_pass_phrase, NULL)
	    : NULL;
	BIO_free(bio);
	hash_wipe(text.data, text.len);
	buf_done(&text);
	if (*out == NULL)
		return complain(path, "this is no private key", err);
	if (!EVP_PKEY_is_a(*out, "RSA") || EVP_PKEY_get_bits(*out) < KEY_BITS)
		return complain(
		    path, "this is no RSA key of 2048 bits or more", err);
	return 1;
}

static int
read_cert(const char *path, X509 **out, struct error *err)
{
	struct buf text;
	BIO *bio;
	int rc = read_text(path, &text, err);

	if (rc != 1)
		return rc;
	bio = BIO_new_mem_buf(text.data, (int)text.len);
	*out = bio != NULL ? PEM_read_bio_X509(bio, NULL, no_pass_phrase, NULL)
			   : NULL;
	BIO_free(bio);
	buf_done(&text);
	if (*out == NULL)
		return complain(path, "this is no certificate", err);
	return 1;
}

static int
save(const char *path, BIO *bio, mode_t mode, struct error *err)
{
	char *data;
	long len = BIO_get_mem_data(bio, &data);

	return file_write_atomic(path, data, (size_t)len, mode, err);
}

/* --- making --------------------------------------------------------- */

static int
make_key(const char *path, EVP_PKEY **out, struct error *err)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	int rc = -1;

	*out = EVP_RSA_gen(KEY_BITS);
	if (bio == NULL || *out == NULL ||
	    !PEM_write_bio_PrivateKey(bio, *out, NULL, NULL, 0, NULL, NULL))
		fail("make a key", err);
	else
		rc = save(path, bio, 0600, err);
	BIO_free(bio);
	return rc;
}

/* Positive and not empty, as RFC 5280, 4.1.2.2 wants it. */
static bool
set_serial(X509 *cert)
{
	unsigned char bytes[SERIAL_BYTES];
	BIGNUM *n;
	bool good;

	random_bytes(bytes, sizeof(bytes));
	bytes[0] = (unsigned char)((bytes[0] & 0x3f) | 0x40);
	n = BN_bin2bn(bytes, sizeof(bytes), NULL);
	good = n != NULL &&
	    BN_to_ASN1_INTEGER(n, X509_get_serialNumber(cert)) != NULL;
	BN_free(n);
	return good;
}

static bool
add_name(X509_NAME *name, const char *field, const char *value)
{
	return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
		   (const unsigned char *)value, -1, -1, 0) == 1;
}

static bool
add_extension(X509 *cert, int nid, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
	bool good = e != NULL && X509_add_ext(cert, e, -1) == 1;

	X509_EXTENSION_free(e);
	return good;
}

/* Receivers look for the name that SNS's own certificates have. */
static bool
fill_cert(X509 *cert, EVP_PKEY *pkey)
{
	X509_NAME *name = X509_get_subject_name(cert);

	return X509_set_version(cert, X509_VERSION_3) == 1 &&
	    set_serial(cert) &&
	    X509_gmtime_adj(X509_getm_notBefore(cert), -DAY_S) != NULL &&
	    X509_gmtime_adj(X509_getm_notAfter(cert), VALID_DAYS * DAY_S) !=
	    NULL &&
	    add_name(name, "O", "awaitd-local") &&
	    add_name(name, "CN", "sns.amazonaws.com") &&
	    X509_set_issuer_name(cert, name) == 1 &&
	    X509_set_pubkey(cert, pkey) == 1 &&
	    add_extension(
		cert, NID_subject_alt_name, "DNS:sns.amazonaws.com") &&
	    add_extension(cert, NID_key_usage, "critical,digitalSignature") &&
	    add_extension(cert, NID_basic_constraints, "critical,CA:FALSE") &&
	    X509_sign(cert, pkey, EVP_sha256()) != 0;
}

static int
make_cert(const char *path, EVP_PKEY *pkey, X509 **out, struct error *err)
{
	BIO *bio = BIO_new(BIO_s_mem());
	int rc = -1;

	*out = X509_new();
	if (bio == NULL || *out == NULL || !fill_cert(*out, pkey) ||
	    !PEM_write_bio_X509(bio, *out))
		fail("make a certificate", err);
	else
		rc = save(path, bio, 0644, err);
	BIO_free(bio);
	return rc;
}

/* --- opening -------------------------------------------------------- */

static int
open_key(struct sns_key *k, const char *path, bool *made, struct error *err)
{
	int rc = read_key(path, &k->pkey, err);

	*made = rc == 0;
	return rc == 0 ? make_key(path, &k->pkey, err) : rc;
}

/* A certificate of a key that is gone is of no use. */
static int
open_cert(struct sns_key *k, const char *path, bool anew, struct error *err)
{
	int rc = anew ? 0 : read_cert(path, &k->cert, err);

	if (rc == 0)
		return make_cert(path, k->pkey, &k->cert, err);
	if (rc == 1 && X509_check_private_key(k->cert, k->pkey) != 1)
		return complain(
		    path, "this certificate is not that of sns.key", err);
	return rc;
}

/* What is served is the certificate alone, whatever else stood there. */
static int
render(struct sns_key *k, struct error *err)
{
	char hex[HASH_SHA256_HEX_SIZE];
	BIO *bio = BIO_new(BIO_s_mem());
	char *data;
	long len;

	if (bio == NULL || !PEM_write_bio_X509(bio, k->cert)) {
		BIO_free(bio);
		return fail("write the certificate", err);
	}
	len = BIO_get_mem_data(bio, &data);
	k->pem = xstrndup(data, (size_t)len);
	BIO_free(bio);
	hash_sha256_hex(k->pem, (size_t)len, hex);
	k->file =
	    xasprintf("SimpleNotificationService-%.*s.pem", NAME_HEX, hex);
	return 0;
}

int
sns_key_open(const char *data_dir, struct sns_key **out, struct error *err)
{
	char *key_path = xasprintf("%s/sns.key", data_dir);
	char *cert_path = xasprintf("%s/sns.pem", data_dir);
	struct sns_key *k = xcalloc(1, sizeof(*k));
	bool made = false;
	int rc = 0;

	if (open_key(k, key_path, &made, err) == -1 ||
	    open_cert(k, cert_path, made, err) == -1 || render(k, err) == -1)
		rc = -1;
	free(key_path);
	free(cert_path);
	if (rc == 0)
		*out = k;
	else
		sns_key_free(k);
	return rc;
}

void
sns_key_free(struct sns_key *k)
{
	if (k == NULL)
		return;
	EVP_PKEY_free(k->pkey);
	X509_free(k->cert);
	free(k->pem);
	free(k->file);
	free(k);
}

const char *
sns_key_pem(const struct sns_key *k)
{
	return k->pem;
}

const char *
sns_key_file(const struct sns_key *k)
{
	return k->file;
}

int
sns_key_sign(const struct sns_key *k, const char *version,
    const struct buf *text, struct buf *out, struct error *err)
{
	const EVP_MD *md = str_eq(version, "2") ? EVP_sha256() : EVP_sha1();
	unsigned char signature[SIGNATURE_MAX];
	size_t len = sizeof(signature);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int rc = -1;

	if (ctx != NULL &&
	    EVP_DigestSignInit(ctx, NULL, md, NULL, k->pkey) == 1 &&
	    EVP_DigestSign(ctx, signature, &len,
		(const unsigned char *)text->data, text->len) == 1)
		rc = encode_base64(out, signature, len);
	else
		fail("sign a message", err);
	EVP_MD_CTX_free(ctx);
	return rc;
}
