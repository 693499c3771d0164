/* SPDX-License-Identifier: Apache-2.0 */
/* Ed25519 against RFC 8032, 7.1. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/ed25519.h"
#include "base/mem.h"

static void
from_hex(const char *hex, unsigned char *out)
{
	unsigned byte;

	for (; *hex != '\0'; hex += 2, out++) {
		assert_int_equal(sscanf(hex, "%2x", &byte), 1);
		*out = (unsigned char)byte;
	}
}

static const struct {
	const char *seed, *public, *message, *signature;
} known[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
	"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
	"e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb882"
	"1590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
	"fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
	"af82",
	"6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b"
	"538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
};

static void
agrees_with_the_rfc(void **state)
{
	unsigned char seed[32], public[32], message[2], want[64], got[64];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(known); i++) {
		size_t len = strlen(known[i].message) / 2;
		struct ed25519 *k, *other;

		from_hex(known[i].seed, seed);
		from_hex(known[i].message, message);
		from_hex(known[i].signature, want);
		k = ed25519_new(seed);
		from_hex(known[i].public, public);
		ed25519_public(k, got);
		assert_memory_equal(got, public, 32);
		ed25519_sign(k, message, len, got);
		assert_memory_equal(got, want, 64);
		other = ed25519_new_public(public);
		assert_true(ed25519_verify(other, message, len, want));
		assert_true(ed25519_verify(k, message, len, want));
		ed25519_free(k);
		ed25519_free(other);
	}
}

static void
one_bit_that_differs_is_no_proof(void **state)
{
	unsigned char seed[32] = {7}, key[32], got[64], message[3] = "abc";
	struct ed25519 *k = ed25519_new(seed), *other;
	size_t bit;

	(void)state;
	ed25519_sign(k, message, sizeof(message), got);
	assert_true(ed25519_verify(k, message, sizeof(message), got));
	assert_false(ed25519_verify(k, message, sizeof(message) - 1, got));
	for (bit = 0; bit < 8 * sizeof(got); bit++) {
		got[bit / 8] ^= (unsigned char)(1 << bit % 8);
		assert_false(ed25519_verify(k, message, sizeof(message), got));
		got[bit / 8] ^= (unsigned char)(1 << bit % 8);
	}
	ed25519_public(k, key);
	for (bit = 0; bit < 8 * sizeof(key); bit++) {
		key[bit / 8] ^= (unsigned char)(1 << bit % 8);
		other = ed25519_new_public(key);
		assert_true(other == NULL ||
		    !ed25519_verify(other, message, sizeof(message), got));
		ed25519_free(other);
		key[bit / 8] ^= (unsigned char)(1 << bit % 8);
	}
	ed25519_free(k);
	ed25519_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(agrees_with_the_rfc),
	    cmocka_unit_test(one_bit_that_differs_is_no_proof),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
