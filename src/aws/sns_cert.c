/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates and signatures by OpenSSL. */
#include "aws/sns_cert.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"

#define KEY_BITS_MIN 2048
#define KEY_BITS_MAX 8192
#define BEGIN "-----BEGIN "
#define BEGIN_CERT "-----BEGIN CERTIFICATE-----"
#define END_CERT "-----END CERTIFICATE-----"

struct sns_cert {
	EVP_PKEY *key;
	EVP_MD_CTX *ctx; /* of one message at a time */
	EVP_MD *sha1, *sha256;
	int64_t from, until; /* ms since 1970 */
};

struct sns_roots {
	X509_STORE *store;
	bool systems;
};

/* --- roots ---------------------------------------------------------- */

int
sns_roots_load(const char *ca_file, struct sns_roots **out, struct error *err)
{
	struct sns_roots *r = xcalloc(1, sizeof(*r));
	bool good;

	r->systems = ca_file == NULL;
	r->store = X509_STORE_new();
	good = r->store != NULL &&
	    (r->systems ? X509_STORE_set_default_paths(r->store) == 1
			: X509_STORE_load_file(r->store, ca_file) == 1);
	ERR_clear_error();
	if (good) {
		*out = r;
		return 0;
	}
	sns_roots_free(r);
	err_set(err, ERR_CONFIG, "%s: no certificates can be read there",
	    ca_file != NULL ? ca_file : "the system's certificates");
	return err_hint(
	    err, "Name a PEM file with the certificates of SNS's issuers.");
}

void
sns_roots_free(struct sns_roots *r)
{
	if (r == NULL)
		return;
	X509_STORE_free(r->store);
	free(r);
}

/* Its issuer is not at hand: neither good nor bad. */
static bool
has_no_chain(int why)
{
	return why == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT ||
	    why == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
	    why == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE;
}

/* Issuers are looked at as of now, or as of the last day of a certificate that
 * has run out: its messages may have waited in a queue. */
static int
verify_chain(const struct sns_roots *roots, X509 *x, const struct sns_cert *c)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	int64_t at = clock_wall_ms();
	X509_VERIFY_PARAM *param;
	int why = X509_V_ERR_OUT_OF_MEM;

	/* To OpenSSL the last second is over already. */
	if (at > c->until - 1000)
		at = c->until - 1000;
	if (at < c->from)
		at = c->from;
	if (ctx != NULL &&
	    X509_STORE_CTX_init(ctx, roots->store, x, NULL) == 1) {
		param = X509_STORE_CTX_get0_param(ctx);
		X509_VERIFY_PARAM_set_time(param, (time_t)(at / 1000));
		X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
		why = X509_verify_cert(ctx) == 1
		    ? X509_V_OK
		    : X509_STORE_CTX_get_error(ctx);
	}
	X509_STORE_CTX_free(ctx);
	ERR_clear_error();
	return why;
}

static int
check_chain(const struct sns_roots *roots, X509 *x, const struct sns_cert *c,
    struct error *err)
{
	int why;

	if (roots == NULL)
		return 0;
	why = verify_chain(roots, x, c);
	if (why == X509_V_OK || (roots->systems && has_no_chain(why)))
		return 0;
	return err_set(err, ERR_AUTH, "its chain is not good: %s",
	    X509_verify_cert_error_string(why));
}

/* --- reading -------------------------------------------------------- */

static bool
is_blank(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (s[i] == '\0' || strchr(" \t\r\n", s[i]) == NULL)
			return false;
	}
	return true;
}

/* One block, and nothing that somebody else could take for another. */
static bool
is_one_block(const char *pem, size_t len)
{
	const char *end = memmem(pem, len, END_CERT, strlen(END_CERT));
	const char *start = memmem(pem, len, BEGIN_CERT, strlen(BEGIN_CERT));
	const char *rest;

	if (start == NULL || end == NULL)
		return false;
	rest = start + strlen(BEGIN_CERT);
	if (end < rest)
		return false;
	return is_blank(pem, (size_t)(start - pem)) &&
	    memmem(rest, (size_t)(end - rest), BEGIN, strlen(BEGIN)) == NULL &&
	    is_blank(end + strlen(END_CERT),
		len - (size_t)(end + strlen(END_CERT) - pem));
}

static int
no_pass_phrase(char *out, int size, int writing, void *arg)
{
	(void)out;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}

static X509 *
read_pem(const char *pem, size_t len, struct error *err)
{
	X509 *x = NULL;
	BIO *bio;

	if (len > SNS_CERT_MAX_BYTES || !is_one_block(pem, len)) {
		err_set(err, ERR_AUTH, "it is not one certificate in PEM");
		return NULL;
	}
	bio = BIO_new_mem_buf(pem, (int)len);
	if (bio != NULL)
		x = PEM_read_bio_X509(bio, NULL, no_pass_phrase, NULL);
	BIO_free(bio);
	ERR_clear_error();
	if (x == NULL)
		err_set(err, ERR_AUTH, "it is not one certificate in PEM");
	return x;
}

static int
to_ms(const ASN1_TIME *t, int64_t *out)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(t, &tm) != 1)
		return -1;
	*out = (int64_t)timegm(&tm) * 1000;
	return 0;
}

static int
read_dates(X509 *x, struct sns_cert *c, struct error *err)
{
	if (to_ms(X509_get0_notBefore(x), &c->from) == -1 ||
	    to_ms(X509_get0_notAfter(x), &c->until) == -1)
		return err_set(err, ERR_AUTH, "its dates make no sense");
	c->until += 999;
	return 0;
}

static int
check_name(X509 *x, const char *const *names, struct error *err)
{
	unsigned flags =
	    X509_CHECK_FLAG_NO_WILDCARDS | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS;

	if (names == NULL)
		return 0;
	for (; *names != NULL; names++) {
		if (X509_check_host(x, *names, strlen(*names), flags, NULL) ==
		    1)
			return 0;
	}
	return err_set(err, ERR_AUTH, "it has another name than SNS's");
}

static int
take_key(X509 *x, struct sns_cert *c, struct error *err)
{
	int bits;

	c->key = X509_get_pubkey(x);
	if (c->key == NULL || !EVP_PKEY_is_a(c->key, "RSA"))
		return err_set(err, ERR_AUTH, "its key is not RSA");
	bits = EVP_PKEY_get_bits(c->key);
	if (bits < KEY_BITS_MIN || bits > KEY_BITS_MAX)
		return err_set(err, ERR_AUTH, "its key has %d bits", bits);
	c->ctx = EVP_MD_CTX_new();
	c->sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
	c->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (c->ctx == NULL || c->sha1 == NULL || c->sha256 == NULL)
		return err_set(err, ERR_IO, "OpenSSL has no SHA-1 or SHA-256");
	return 0;
}

int
sns_cert_read(const char *pem, size_t len, const struct sns_cert_wanted *wanted,
    struct sns_cert **out, struct error *err)
{
	struct sns_cert *c = xcalloc(1, sizeof(*c));
	X509 *x = read_pem(pem, len, err);
	int rc = -1;

	if (x != NULL && take_key(x, c, err) == 0 &&
	    read_dates(x, c, err) == 0 &&
	    check_name(x, wanted->names, err) == 0)
		rc = check_chain(wanted->roots, x, c, err);
	X509_free(x);
	ERR_clear_error();
	if (rc == 0)
		*out = c;
	else
		sns_cert_free(c);
	return rc;
}

void
sns_cert_free(struct sns_cert *c)
{
	if (c == NULL)
		return;
	EVP_PKEY_free(c->key);
	EVP_MD_CTX_free(c->ctx);
	EVP_MD_free(c->sha1);
	EVP_MD_free(c->sha256);
	free(c);
}

/* --- using ---------------------------------------------------------- */

bool
sns_cert_covers(const struct sns_cert *c, int64_t at)
{
	return at >= c->from && at <= c->until;
}

bool
sns_cert_verify(struct sns_cert *c, unsigned version, const void *text,
    size_t len, const unsigned char *signature, size_t signature_len)
{
	const EVP_MD *md = version == 2 ? c->sha256 : c->sha1;
	bool good;

	EVP_MD_CTX_reset(c->ctx);
	good = EVP_DigestVerifyInit(c->ctx, NULL, md, NULL, c->key) == 1 &&
	    EVP_DigestVerify(c->ctx, signature, signature_len, text, len) == 1;
	ERR_clear_error();
	return good;
}
