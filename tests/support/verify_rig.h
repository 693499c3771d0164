/* SPDX-License-Identifier: Apache-2.0 */
/* A verifier in virtual time, the host of certificates, and one message after
 * the other. */
#ifndef TESTS_VERIFY_RIG_H
#define TESTS_VERIFY_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "aws/sns_verify.h"
#include "tests/support/fake_http.h"
#include "tests/support/sns_maker.h"

#define MINUTE ((int64_t)60 * 1000)
#define DAY (24 * 60 * MINUTE)

#define TOPIC "arn:aws:sns:us-east-1:123456789012:results"
#define HOST "https://sns.us-east-1.amazonaws.com"
#define HEX "0123456789abcdef0123456789abcdef"
#define FILE_OF(hex) "/SimpleNotificationService-" hex ".pem"
#define CERT_URL HOST FILE_OF(HEX)

struct verify_rig {
	struct loop *loop;
	struct http_client *http;
	struct sns_verifier *v;
	EVP_PKEY *key; /* SNS's */
	char *pem; /* and its certificate, good for a year */
	char time[32]; /* now, as SNS writes it */
	/* What it was told to keep, by its kind: the last name and value. */
	struct {
		unsigned n;
		char *name, *value;
	} news[2];
	/* What it is told: every message is likely, so far is the real time
	 * from this machine's. */
	bool likely;
	unsigned likely_asked;
	int64_t behind_ms;
	/* Of the last message: */
	unsigned ended;
	bool genuine;
	struct error err;
};
extern struct verify_rig rig;

int verify_rig_start(void **state); /* once a program */
int verify_rig_stop(void **state);
int verify_rig_setup(void **state);
int verify_rig_teardown(void **state);
#define VERIFY_TEST(f)                   \
	cmocka_unit_test_setup_teardown( \
	    f, verify_rig_setup, verify_rig_teardown)

/* Another verifier; loop, client, what others know, and TOPIC where there is
 * none, are filled in. */
void rig_verifier(struct sns_verifier_options *o);

/* The same, and what the one before had to keep is recalled. */
void rig_restart(void);

/* The host answers so for CERT_URL, always. */
void rig_serve(int status, const char *headers, const char *body);

/* The common letter of a type, sent now, not signed. */
struct letter rig_letter(const char *type);

/* Parse and verify: whether it is genuine; rig.err says why not. */
bool rig_take(const char *json, size_t len, bool fresh);
/* The same for a letter, signed by the key as it stands. */
bool rig_take_letter(const struct letter *l, EVP_PKEY *key);

/* n made-up certificates of the host, one message each: how many could not be
 * looked into (ERR_BUSY). They are other ones each time. */
unsigned rig_flood(unsigned n);

/* A self-signed certificate of that name, from and until so far from now. */
char *rig_cert(
    EVP_PKEY *key, const char *name, int64_t from_ms, int64_t until_ms);

#endif
