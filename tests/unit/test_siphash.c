/* SPDX-License-Identifier: Apache-2.0 */
/* base/siphash, beside OpenSSL's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <string.h>

#include "base/siphash.h"

/* Little-endian, as the words of the key are. */
static uint64_t
word_of(const unsigned char *p)
{
	uint64_t word = 0;
	int i;

	for (i = 7; i >= 0; i--)
		word = word << 8 | p[i];
	return word;
}

static uint64_t
theirs(const unsigned char key[16], const unsigned char *data, size_t len)
{
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "SIPHASH", NULL);
	EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(mac);
	unsigned c = 1, d = 3;
	size_t size = 8, n;
	unsigned char out[8];
	OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &size),
	    OSSL_PARAM_construct_uint(OSSL_MAC_PARAM_C_ROUNDS, &c),
	    OSSL_PARAM_construct_uint(OSSL_MAC_PARAM_D_ROUNDS, &d),
	    OSSL_PARAM_construct_end(),
	};

	assert_int_equal(EVP_MAC_init(ctx, key, 16, params), 1);
	assert_int_equal(EVP_MAC_update(ctx, data, len), 1);
	assert_int_equal(EVP_MAC_final(ctx, out, &n, sizeof(out)), 1);
	assert_int_equal(n, sizeof(out));
	EVP_MAC_CTX_free(ctx);
	EVP_MAC_free(mac);
	return word_of(out);
}

static void
it_is_what_openssl_makes_of_every_length(void **state)
{
	unsigned char key[16], data[300];
	uint64_t words[2];
	size_t i, len;

	(void)state;
	for (i = 0; i < sizeof(key); i++)
		key[i] = (unsigned char)(i * 37 + 200);
	for (i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)(i * 91 + 13);
	words[0] = word_of(key);
	words[1] = word_of(key + 8);
	for (len = 0; len <= sizeof(data); len++)
		assert_true(
		    siphash(words, data, len) == theirs(key, data, len));
}

static void
each_half_of_the_key_counts(void **state)
{
	static const uint64_t keys[][2] = {{0, 0}, {1, 0}, {0, 1}};
	uint64_t a = siphash(keys[0], "x", 1), b = siphash(keys[1], "x", 1),
		 c = siphash(keys[2], "x", 1);

	(void)state;
	assert_true(a != b && b != c && a != c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(it_is_what_openssl_makes_of_every_length),
	    cmocka_unit_test(each_half_of_the_key_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
