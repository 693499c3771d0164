/* SPDX-License-Identifier: Apache-2.0 */
/* The other side of SNS's signatures, by OpenSSL. */
#include "tests/support/sns_maker.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/encode.h"
#include "base/mem.h"

static const char *const names[F_COUNT] = {
    [F_TYPE] = "Type",
    [F_ID] = "MessageId",
    [F_TOKEN] = "Token",
    [F_TOPIC] = "TopicArn",
    [F_SUBJECT] = "Subject",
    [F_MESSAGE] = "Message",
    [F_SUBSCRIBE] = "SubscribeURL",
    [F_TIME] = "Timestamp",
    [F_VERSION] = "SignatureVersion",
    [F_SIGNATURE] = "Signature",
    [F_CERT_URL] = "SigningCertURL",
    [F_UNSUBSCRIBE] = "UnsubscribeURL",
};

static void
must(int good)
{
	if (!good)
		abort();
}

EVP_PKEY *
maker_key(unsigned bits)
{
	EVP_PKEY *key = bits != 0 ? EVP_RSA_gen(bits) : EVP_EC_gen("P-256");

	must(key != NULL);
	return key;
}

static X509_NAME *
make_name(const char *cn)
{
	X509_NAME *name = X509_NAME_new();

	must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
		 (const unsigned char *)cn, -1, -1, 0) == 1);
	return name;
}

static void
add_extension(X509 *x, int nid, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	must(e != NULL && X509_add_ext(x, e, -1) == 1);
	X509_EXTENSION_free(e);
}

char *
maker_cert(const struct maker_cert *c)
{
	X509_NAME *name = make_name(c->name);
	X509_NAME *issuer = make_name(c->issuer != NULL ? c->issuer : c->name);
	BIO *bio = BIO_new(BIO_s_mem());
	X509 *x = X509_new();
	char *data, *pem;
	long len;

	must(X509_set_version(x, X509_VERSION_3) == 1 &&
	    ASN1_INTEGER_set(X509_get_serialNumber(x), 7) == 1 &&
	    X509_set_subject_name(x, name) == 1 &&
	    X509_set_issuer_name(x, issuer) == 1 &&
	    ASN1_TIME_set(X509_getm_notBefore(x), c->from / 1000) != NULL &&
	    ASN1_TIME_set(X509_getm_notAfter(x), c->until / 1000) != NULL &&
	    X509_set_pubkey(x, c->key) == 1);
	if (c->san != NULL)
		add_extension(x, NID_subject_alt_name, c->san);
	add_extension(x, NID_basic_constraints,
	    c->is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
	must(X509_sign(x, c->issuer_key != NULL ? c->issuer_key : c->key,
		 EVP_sha256()) != 0 &&
	    PEM_write_bio_X509(bio, x) == 1);
	len = BIO_get_mem_data(bio, &data);
	pem = xstrndup(data, (size_t)len);
	BIO_free(bio);
	X509_free(x);
	X509_NAME_free(name);
	X509_NAME_free(issuer);
	return pem;
}

static void
add_signed(struct buf *b, const struct letter *l, enum field f)
{
	if (l->f[f] != NULL)
		buf_printf(b, "%s\n%s\n", names[f], l->f[f]);
}

char *
maker_sign(const struct letter *l, const char *type, const char *version,
    EVP_PKEY *key)
{
	static const enum field note[] = {
	    F_MESSAGE, F_ID, F_SUBJECT, F_TIME, F_TOPIC, F_TYPE};
	static const enum field confirmation[] = {
	    F_MESSAGE, F_ID, F_SUBSCRIBE, F_TIME, F_TOKEN, F_TOPIC, F_TYPE};
	int is_note = strcmp(type, "Notification") == 0;
	const EVP_MD *md =
	    strcmp(version, "1") == 0 ? EVP_sha1() : EVP_sha256();
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char signature[1024];
	size_t len = sizeof(signature), i;
	struct buf text, out;

	buf_init(&text, 1 << 21);
	buf_init(&out, 4096);
	for (i = 0; i < (is_note ? ARRAY_LEN(note) : ARRAY_LEN(confirmation));
	     i++)
		add_signed(&text, l, is_note ? note[i] : confirmation[i]);
	must(EVP_DigestSignInit(ctx, NULL, md, NULL, key) == 1 &&
	    EVP_DigestSign(ctx, signature, &len,
		(const unsigned char *)text.data, text.len) == 1);
	encode_base64(&out, signature, len);
	EVP_MD_CTX_free(ctx);
	buf_done(&text);
	return buf_take(&out);
}

char *
maker_json(const struct letter *l)
{
	struct buf b;
	size_t i;

	buf_init(&b, 4 << 20);
	buf_puts(&b, "{");
	for (i = 0; i < F_COUNT; i++) {
		if (l->f[i] != NULL)
			buf_printf(&b, "%s\n  \"%s\" : \"%s\"",
			    b.len > 1 ? "," : "", names[i], l->f[i]);
	}
	buf_puts(&b, "\n}");
	return buf_take(&b);
}
