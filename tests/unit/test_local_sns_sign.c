/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures: ours are verified by OpenSSL, and the signatures of messages
 * that Amazon published verify over our string to sign, where the vectors are
 * at hand (AWAITD_VECTORS, or ../shared/vectors).
 */
#include <dirent.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/encode.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "local/sns_letter.h"
#include "local/sns_sign.h"

static char dir[] = "/tmp/test_sns_sign.XXXXXX";
static char *key_path, *cert_path;

static int
setup_all(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	key_path = xasprintf("%s/sns.key", dir);
	cert_path = xasprintf("%s/sns.pem", dir);
	return 0;
}

static int
setup(void **state)
{
	(void)state;
	unlink(key_path);
	unlink(cert_path);
	return 0;
}

static int
teardown_all(void **state)
{
	setup(state);
	free(key_path);
	free(cert_path);
	return rmdir(dir);
}

/* --- verifying ------------------------------------------------------ */

static X509 *
cert_of(const char *pem, size_t len)
{
	BIO *bio = BIO_new_mem_buf(pem, (int)len);
	X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);

	BIO_free(bio);
	assert_non_null(cert);
	return cert;
}

static bool
verifies(X509 *cert, const char *version, const struct buf *text,
    const char *signature)
{
	const EVP_MD *md = str_eq(version, "2") ? EVP_sha256() : EVP_sha1();
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	struct buf raw;
	bool good;

	buf_init(&raw, 4096);
	assert_int_equal(decode_base64(&raw, signature, strlen(signature)), 0);
	good = EVP_DigestVerifyInit(
		   ctx, NULL, md, NULL, X509_get0_pubkey(cert)) == 1 &&
	    EVP_DigestVerify(ctx, (unsigned char *)raw.data, raw.len,
		(unsigned char *)text->data, text->len) == 1;
	EVP_MD_CTX_free(ctx);
	buf_done(&raw);
	return good;
}

static struct sns_letter
letter_of(const struct json *root)
{
	return (struct sns_letter){
	    .type = json_get_str(root, "Type"),
	    .message_id = json_get_str(root, "MessageId"),
	    .token = json_get_str(root, "Token"),
	    .topic = json_get_str(root, "TopicArn"),
	    .subject = json_get_str(root, "Subject"),
	    .message = json_get_str(root, "Message"),
	    .subscribe_url = json_get_str(root, "SubscribeURL"),
	    .timestamp = json_get_str(root, "Timestamp"),
	    .signature_version = json_get_str(root, "SignatureVersion"),
	    .signature = json_get_str(root, "Signature"),
	    .cert_url = json_get_str(root, "SigningCertURL"),
	    .unsubscribe_url = json_get_str(root, "UnsubscribeURL"),
	};
}

/* --- real messages -------------------------------------------------- */

static const char *
vectors(void)
{
	const char *named = getenv("AWAITD_VECTORS");
	static char path[4096];

	if (!str_empty(named))
		snprintf(path, sizeof(path), "%s/sns", named);
	else
		snprintf(path, sizeof(path), "%s/../shared/vectors/sns",
		    getenv("abs_top_srcdir") != NULL ? getenv("abs_top_srcdir")
						     : ".");
	return access(path, R_OK) == 0 ? path : NULL;
}

static void
load(const char *folder, const char *name, struct buf *out)
{
	char *path = xasprintf("%s/%s", folder, name);
	struct error err;

	buf_init(out, 1024 * 1024);
	if (file_read(path, out, &err) == -1)
		fail_msg("%s", err.text);
	free(path);
}

/* Whether what we write of it is what came, byte by byte. */
static void
check_bytes(const struct sns_letter *l, const struct buf *file)
{
	struct error err;
	struct buf ours;
	size_t n = file->len;

	buf_init(&ours, SNS_LETTER_MAX);
	assert_int_equal(sns_letter_write(l, &ours, &err), 0);
	while (n > 0 && file->data[n - 1] == '\n')
		n--;
	assert_int_equal(ours.len, n);
	assert_memory_equal(ours.data, file->data, n);
	buf_done(&ours);
}

static void
check_message(const char *folder, const char *name, X509 *cert)
{
	struct buf file, text;
	struct sns_letter l;
	struct json *root;
	struct error err;

	load(folder, name, &file);
	assert_int_equal(json_parse(file.data, file.len, &root, &err), 0);
	l = letter_of(root);
	buf_init(&text, SNS_LETTER_MAX);
	sns_letter_text(&l, &text);
	if (!verifies(cert, l.signature_version, &text, l.signature))
		fail_msg("%s/%s does not verify", folder, name);
	text.data[3] ^= 1;
	assert_false(verifies(cert, l.signature_version, &text, l.signature));
	/* One was copied from a document that indents otherwise. */
	if (json_get(root, "MessageAttributes") == NULL)
		check_bytes(&l, &file);
	json_free(root);
	buf_done(&text);
	buf_done(&file);
}

static unsigned
check_folder(const char *folder)
{
	DIR *d = opendir(folder);
	struct dirent *e;
	struct buf pem;
	X509 *cert = NULL;
	unsigned n = 0;

	assert_non_null(d);
	while ((e = readdir(d)) != NULL) {
		if (!str_ends(e->d_name, ".pem"))
			continue;
		load(folder, e->d_name, &pem);
		cert = cert_of(pem.data, pem.len);
		buf_done(&pem);
	}
	assert_non_null(cert);
	rewinddir(d);
	while ((e = readdir(d)) != NULL) {
		if (!str_ends(e->d_name, ".json"))
			continue;
		check_message(folder, e->d_name, cert);
		n++;
	}
	closedir(d);
	X509_free(cert);
	return n;
}

static void
amazons_messages_verify_over_our_text(void **state)
{
	static const char *const folders[] = {"java-sdk-v2-7506a1e3",
	    "php-validator-7ff53184", "pub-2024-60eadc53"};
	const char *root = vectors();
	unsigned n = 0;
	size_t i;

	(void)state;
	if (root == NULL) {
		print_message("no vectors of Amazon's messages: skipped\n");
		skip();
	}
	for (i = 0; i < ARRAY_LEN(folders); i++) {
		char *folder = xasprintf("%s/%s", root, folders[i]);

		n += check_folder(folder);
		free(folder);
	}
	assert_int_equal(n, 12);
}

/* --- our own -------------------------------------------------------- */

static struct sns_key *
open_key(void)
{
	struct sns_key *k;
	struct error err;

	if (sns_key_open(dir, &k, &err) == -1)
		fail_msg("%s", err.text);
	return k;
}

static void
refused(const char *text)
{
	struct sns_key *k;
	struct error err;

	assert_int_equal(sns_key_open(dir, &k, &err), -1);
	assert_int_equal(err.code, ERR_CONFIG);
	assert_non_null(strstr(err.text, text));
	assert_non_null(strstr(err.hint, "remove"));
}

static void
write_text(const char *path, const char *text)
{
	struct error err;

	if (file_write_atomic(path, text, strlen(text), 0600, &err) == -1)
		fail_msg("%s", err.text);
}

static void
both_versions_verify_with_the_certificate(void **state)
{
	struct sns_key *k = open_key();
	X509 *cert = cert_of(sns_key_pem(k), strlen(sns_key_pem(k)));
	static const char *const versions[] = {"1", "2"};
	struct buf text, signature;
	struct error err;
	size_t i;

	(void)state;
	buf_init(&text, 100);
	buf_puts(&text, "Message\nhello\n");
	for (i = 0; i < 2; i++) {
		buf_init(&signature, 4096);
		assert_int_equal(
		    sns_key_sign(k, versions[i], &text, &signature, &err), 0);
		assert_int_equal(signature.len, 344);
		assert_true(verifies(cert, versions[i], &text, signature.data));
		assert_false(
		    verifies(cert, versions[1 - i], &text, signature.data));
		buf_done(&signature);
	}
	assert_int_equal(EVP_PKEY_get_bits(X509_get0_pubkey(cert)), 2048);
	assert_int_equal(
	    X509_check_host(cert, "sns.amazonaws.com", 0, 0, NULL), 1);
	assert_int_equal(X509_self_signed(cert, 1), 1);
	buf_done(&text);
	X509_free(cert);
	sns_key_free(k);
}

static void
the_pair_is_made_once_and_kept(void **state)
{
	struct sns_key *k = open_key();
	char *file = xstrdup(sns_key_file(k));
	struct stat st;

	(void)state;
	assert_int_equal(strlen(file),
	    strlen("SimpleNotificationService-") + 32 + strlen(".pem"));
	assert_true(str_starts(file, "SimpleNotificationService-"));
	assert_int_equal(stat(key_path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	sns_key_free(k);
	k = open_key();
	assert_string_equal(sns_key_file(k), file);
	sns_key_free(k);
	/* Without a key its certificate says nothing. */
	unlink(key_path);
	k = open_key();
	assert_string_not_equal(sns_key_file(k), file);
	sns_key_free(k);
	free(file);
}

static void
a_lost_certificate_is_made_again_for_its_key(void **state)
{
	struct sns_key *k = open_key();
	struct buf text, signature;
	struct error err;
	X509 *cert;

	(void)state;
	buf_init(&text, 10);
	buf_puts(&text, "x");
	buf_init(&signature, 4096);
	assert_int_equal(sns_key_sign(k, "2", &text, &signature, &err), 0);
	sns_key_free(k);
	unlink(cert_path);
	k = open_key();
	cert = cert_of(sns_key_pem(k), strlen(sns_key_pem(k)));
	assert_true(verifies(cert, "2", &text, signature.data));
	assert_int_equal(access(cert_path, R_OK), 0);
	X509_free(cert);
	buf_done(&text);
	buf_done(&signature);
	sns_key_free(k);
}

static void
what_is_damaged_is_not_replaced(void **state)
{
	struct buf other;
	struct error err;

	(void)state;
	sns_key_free(open_key());
	buf_init(&other, 65536);
	assert_int_equal(file_read(cert_path, &other, &err), 0);
	buf_putc(&other, '\0');
	write_text(cert_path, "-----BEGIN CERTIFICATE-----\nAAAA\n");
	refused("no certificate");
	write_text(key_path, "what?");
	refused("no private key");
	write_text(key_path,
	    "-----BEGIN PRIVATE KEY-----\n"
	    "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
	    "-----END PRIVATE KEY-----\n");
	refused("no RSA key");
	unlink(key_path);
	sns_key_free(open_key());
	write_text(cert_path, other.data);
	refused("not that of");
	buf_done(&other);
}

static void
fields_that_are_not_there_are_left_out(void **state)
{
	struct sns_letter l = {
	    .type = "Notification",
	    .message_id = "id",
	    .topic = "arn",
	    .message = "a\n\"b\"\\ \xc3\xa9",
	    .timestamp = "now",
	    .signature_version = "1",
	    .signature = "x",
	    .cert_url = "c",
	    .unsubscribe_url = "u",
	    .attributes = "{\"k\":{\"Type\":\"String\",\"Value\":\"v\"},"
			  "\"l\":{\"Type\":\"Number\",\"Value\":\"1\"}}",
	};
	struct error err;
	struct buf out;

	(void)state;
	buf_init(&out, SNS_LETTER_MAX);
	assert_int_equal(sns_letter_write(&l, &out, &err), 0);
	buf_putc(&out, '\0');
	assert_string_equal(out.data,
	    "{\n  \"Type\" : \"Notification\",\n  \"MessageId\" : \"id\",\n"
	    "  \"TopicArn\" : \"arn\",\n"
	    "  \"Message\" : \"a\\n\\\"b\\\"\\\\ \xc3\xa9\",\n"
	    "  \"Timestamp\" : \"now\",\n  \"SignatureVersion\" : \"1\",\n"
	    "  \"Signature\" : \"x\",\n  \"SigningCertURL\" : \"c\",\n"
	    "  \"UnsubscribeURL\" : \"u\",\n  \"MessageAttributes\" : {\n"
	    "    \"k\" : {\"Type\":\"String\",\"Value\":\"v\"},\n"
	    "    \"l\" : {\"Type\":\"Number\",\"Value\":\"1\"}\n  }\n}");
	buf_done(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(amazons_messages_verify_over_our_text),
	    cmocka_unit_test_setup(
		both_versions_verify_with_the_certificate, setup),
	    cmocka_unit_test_setup(the_pair_is_made_once_and_kept, setup),
	    cmocka_unit_test_setup(
		a_lost_certificate_is_made_again_for_its_key, setup),
	    cmocka_unit_test_setup(what_is_damaged_is_not_replaced, setup),
	    cmocka_unit_test(fields_that_are_not_there_are_left_out),
	};

	return cmocka_run_group_tests(tests, setup_all, teardown_all);
}
