/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Digests, MACs and checksums against published values: FIPS 180-4, RFC 1321,
 * RFC 3174, RFC 4231, RFC 3720 (B.4).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/encode.h"
#include "base/hash.h"
#include "base/mem.h"

#define TWO_BLOCKS "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"

static void
assert_digest(
    enum hash_kind kind, const char *data, size_t size, const char *hex)
{
	unsigned char out[HASH_SHA256_SIZE];
	char text[2 * HASH_SHA256_SIZE + 1];
	struct hash *h = hash_new(kind);

	hash_update(h, data, strlen(data));
	hash_final(h, out);
	hash_free(h);
	encode_hex(out, size, text);
	assert_string_equal(text, hex);
}

static void
sha256_matches_published_digests(void **state)
{
	char hex[HASH_SHA256_HEX_SIZE];

	(void)state;
	assert_digest(HASH_SHA256, "", 32,
	    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_digest(HASH_SHA256, "abc", 32,
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	hash_sha256_hex(TWO_BLOCKS, strlen(TWO_BLOCKS), hex);
	assert_string_equal(hex,
	    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void
md5_and_sha1_match_published_digests(void **state)
{
	(void)state;
	assert_digest(
	    HASH_MD5, "", HASH_MD5_SIZE, "d41d8cd98f00b204e9800998ecf8427e");
	assert_digest(HASH_MD5, "message digest", HASH_MD5_SIZE,
	    "f96b697d7cb7938d525a2f31aaf161d0");
	assert_digest(HASH_SHA1, "abc", HASH_SHA1_SIZE,
	    "a9993e364706816aba3e25717850c26c9cd0d89d");
	assert_digest(HASH_SHA1, TWO_BLOCKS, HASH_SHA1_SIZE,
	    "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
}

static void
pieces_give_the_digest_of_the_whole(void **state)
{
	unsigned char whole[HASH_SHA256_SIZE], pieces[HASH_SHA256_SIZE];
	struct hash *h = hash_new(HASH_SHA256);
	char *million = xmalloc(1000000), hex[HASH_SHA256_HEX_SIZE];
	size_t at = 0, n = 1;

	(void)state;
	memset(million, 'a', 1000000);
	for (; at < 1000000; at += n, n = n * 2 + 1) {
		if (n > 1000000 - at)
			n = 1000000 - at;
		hash_update(h, million + at, n);
	}
	hash_final(h, pieces);
	hash_free(h);
	hash_sha256(million, 1000000, whole);
	free(million);
	assert_memory_equal(whole, pieces, sizeof(whole));
	encode_hex(whole, sizeof(whole), hex);
	assert_string_equal(hex,
	    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void
nothing_at_a_null_pointer_is_hashed_as_nothing(void **state)
{
	char hex[HASH_SHA256_HEX_SIZE];

	(void)state;
	hash_sha256_hex(NULL, 0, hex);
	assert_string_equal(hex,
	    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_int_equal(hash_crc32(0, NULL, 0), 0);
	hash_free(NULL);
}

static void
assert_hmac(const void *key, size_t key_len, const void *data, size_t len,
    const char *want)
{
	unsigned char mac[HASH_SHA256_SIZE];
	char hex[HASH_SHA256_HEX_SIZE];

	hash_hmac_sha256(key, key_len, data, len, mac);
	encode_hex(mac, sizeof(mac), hex);
	assert_string_equal(hex, want);
}

static void
hmac_matches_rfc_4231(void **state)
{
	static const char larger[] =
	    "Test Using Larger Than Block-Size Key - Hash Key First";
	unsigned char key[131], data[50];
	size_t i;

	(void)state;
	memset(key, 0x0b, 20);
	assert_hmac(key, 20, "Hi There", 8,
	    "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	assert_hmac("Jefe", 4, "what do ya want for nothing?", 28,
	    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof(key));
	memset(data, 0xdd, sizeof(data));
	assert_hmac(key, 20, data, 50,
	    "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
	assert_hmac(key, 131, larger, strlen(larger),
	    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
	memset(data, 0xcd, sizeof(data));
	for (i = 0; i < 25; i++)
		key[i] = (unsigned char)(i + 1);
	assert_hmac(key, 25, data, 50,
	    "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b");
}

static void
an_empty_key_makes_a_mac_too(void **state)
{
	static const char want[] =
	    "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad";

	(void)state;
	assert_hmac("", 0, "", 0, want);
}

static void
equal_means_every_byte(void **state)
{
	unsigned char a[32] = {0}, b[32] = {0};
	size_t i;

	(void)state;
	assert_true(hash_equal(a, b, sizeof(a)));
	for (i = 0; i < sizeof(a); i++) {
		b[i] = 0x80;
		assert_false(hash_equal(a, b, sizeof(a)));
		b[i] = 0;
	}
	b[31] = 1;
	assert_true(hash_equal(a, b, 31));
}

static void
wiped_bytes_are_gone(void **state)
{
	unsigned char secret[8] = "secret", zero[8] = {0};

	(void)state;
	hash_wipe(secret, sizeof(secret));
	assert_memory_equal(secret, zero, sizeof(zero));
}

static void
checksums_match_their_check_values(void **state)
{
	unsigned char block[32];

	(void)state;
	assert_int_equal(hash_crc32(0, "123456789", 9), 0xcbf43926);
	assert_int_equal(hash_crc32c(0, "123456789", 9), 0xe3069283);
	memset(block, 0, sizeof(block));
	assert_int_equal(hash_crc32c(0, block, 32), 0x8a9136aa);
	memset(block, 0xff, sizeof(block));
	assert_int_equal(hash_crc32c(0, block, 32), 0x62a8ab43);
	assert_int_equal(hash_crc32(0, "", 0), 0);
}

static void
a_checksum_goes_on_where_it_stopped(void **state)
{
	uint32_t crc = 0, crcc = 0;
	const char *p;

	(void)state;
	for (p = "123456789"; *p != '\0'; p++) {
		crc = hash_crc32(crc, p, 1);
		crcc = hash_crc32c(crcc, p, 1);
	}
	assert_int_equal(crc, 0xcbf43926);
	assert_int_equal(crcc, 0xe3069283);
}

/* Eight bytes at a time, and one at a time. */
static void
a_checksum_is_the_same_in_pieces_of_any_size(void **state)
{
	unsigned char block[256];
	uint32_t crc = 0, crcc = 0;
	uint64_t crc64 = 0;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(block); i++) {
		block[i] = (unsigned char)(i * 167 + 13);
		crc = hash_crc32(crc, block + i, 1);
		crcc = hash_crc32c(crcc, block + i, 1);
		crc64 = hash_crc64nvme(crc64, block + i, 1);
	}
	assert_int_equal(hash_crc32(0, block, sizeof(block)), crc);
	assert_int_equal(hash_crc32c(0, block, sizeof(block)), crcc);
	assert_true(hash_crc64nvme(0, block, sizeof(block)) == crc64);
}

static void
a_mac_of_nothing_under_no_key_needs_no_pointers(void **state)
{
	(void)state;
	assert_hmac(NULL, 0, NULL, 0,
	    "b613679a0814d9ec772f95d778c35fc5"
	    "ff1697c493715653c6c712144292c5ad");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sha256_matches_published_digests),
	    cmocka_unit_test(md5_and_sha1_match_published_digests),
	    cmocka_unit_test(pieces_give_the_digest_of_the_whole),
	    cmocka_unit_test(nothing_at_a_null_pointer_is_hashed_as_nothing),
	    cmocka_unit_test(hmac_matches_rfc_4231),
	    cmocka_unit_test(an_empty_key_makes_a_mac_too),
	    cmocka_unit_test(equal_means_every_byte),
	    cmocka_unit_test(wiped_bytes_are_gone),
	    cmocka_unit_test(checksums_match_their_check_values),
	    cmocka_unit_test(a_checksum_goes_on_where_it_stopped),
	    cmocka_unit_test(a_checksum_is_the_same_in_pieces_of_any_size),
	    cmocka_unit_test(a_mac_of_nothing_under_no_key_needs_no_pointers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
