/* SPDX-License-Identifier: Apache-2.0 */
/*
 * credpeer: everybody whom credentials are got from, at one loopback address:
 * IMDS, the container endpoint, STS, and SSO's portal and OIDC. All that is
 * known here stands below; who is refused is told in AWS's own forms.
 *
 * Issued are, for a NAME (imds, container, sso, web, or a role's):
 * ASIA<NAME>, secret-of-<NAME>, token-of-<NAME>. A role "X-by-Y" is for the
 * session of role Y only, any other one for the base key; one whose name has
 * "denied" in it is for nobody, one with "ext" wants CREDPEER_EXTERNAL_ID.
 */
#ifndef SUPPORT_CREDPEER_H
#define SUPPORT_CREDPEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/loop.h"
#include "net/http_server.h"

#define CREDPEER_KEY "AKIABASE"
#define CREDPEER_SECRET "secret/of+base"
#define CREDPEER_EXTERNAL_ID "ext id/1"
#define CREDPEER_ACCOUNT "123456789012"

enum credpeer_place {
	PLACE_IMDS_TOKEN,
	PLACE_IMDS_EXTENDED, /* both its paths, before the two below */
	PLACE_IMDS_ROLE,
	PLACE_IMDS_CREDS,
	PLACE_CONTAINER,
	PLACE_STS,
	PLACE_SSO,
	PLACE_OIDC,
	N_PLACES,
};

/* What goes wrong, so many times; then all is well again. */
struct credpeer_fault {
	/* "" nothing, "hang", "reset", "garbage", "redirect", "huge", "empty",
	 * "echo" (401, with all secrets of the request in its text), "failed"
	 * (IMDS: 200 with another Code), "expired" (credentials that are),
	 * "slow" (20 ms), a status such as "404", or a code of STS. */
	char what[64];
	long times;
};

struct credpeer {
	struct loop *loop;
	struct http_server *server;
	struct credpeer_fault faults[N_PLACES];
	unsigned asked[N_PLACES];
	/* What is right at the moment; see credpeer_set(). */
	char container_token[64], web_token[64], sso_token[64];
	char sso_refresh[64];
	char life_s[16]; /* of credentials and SSO tokens, seconds */
	char skew_s[16]; /* of our clock, in Date and Expiration */
	char imds_token[32]; /* the one that is valid */
	unsigned tokens; /* issued, of IMDS and SSO */
	int ledger; /* or -1: a line for each request */
};

int credpeer_init(
    struct credpeer *p, struct loop *loop, int port, struct error *err);
void credpeer_done(struct credpeer *p);

/* A name of a place or of a member of struct credpeer; false: of neither. */
bool credpeer_fail(
    struct credpeer *p, const char *place, const char *what, long times);
const char *credpeer_place_name(int place);
bool credpeer_set(struct credpeer *p, const char *name, const char *value);

/* --- within credpeer*.c --------------------------------------------- */

/* A request whose body was read. */
struct credpeer_call {
	struct credpeer *p;
	struct http_exchange *x;
	struct buf body;
	struct loop_timer *timer;
	const char *fault; /* what goes wrong with this one */
	enum credpeer_place place;
};

void credpeer_reply(
    struct credpeer_call *c, int status, const char *type, const char *body);
/* The three parts and the end, for a NAME. */
struct credpeer_keys {
	char access[96], secret[96], token[96], expiration[32];
	int64_t expires_at;
};
void credpeer_issue(
    const struct credpeer_call *c, const char *name, struct credpeer_keys *out);

void credpeer_sts(struct credpeer_call *c);

#endif
