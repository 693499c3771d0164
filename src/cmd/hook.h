/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A webhook as `awaitd listen` has received it: who it says it is, whether
 * that is true, and how it is shown.
 */
#ifndef CMD_HOOK_H
#define CMD_HOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "deliver/whsign.h"
#include "net/header.h"

enum hook_verified {
	HOOK_UNCHECKED, /* there is no secret to check it with */
	HOOK_GENUINE,
	HOOK_FORGED, /* or too old, or not signed; see the problem */
};

/* All borrowed but `json` and `problem`. */
struct hook {
	const char *id; /* "" where there is none */
	const char *timestamp;
	const char *attempt;
	bool replay;
	const struct headers *headers;
	const char *body;
	size_t len;
	struct json *json; /* or NULL: the body is none */
	enum hook_verified verified;
	char *problem;
};

/* Keeps pointers to all it is given; `sign` may be NULL. */
void hook_init(struct hook *h, const struct headers *headers, const char *body,
    size_t len, struct whsign *sign, int64_t now_s);
void hook_done(struct hook *h);

/* On stdout: a line of JSON, or a block for people. */
void hook_print(const struct hook *h, bool json);

#endif
