/* SPDX-License-Identifier: Apache-2.0 */
/* Targets that must not be reached, and some that may, so that it shows. */
#ifndef TESTS_EGRESS_CASES_H
#define TESTS_EGRESS_CASES_H

#include <stdbool.h>
#include <stddef.h>

/* What a name means: addresses between blanks. */
struct egress_name {
	const char *name, *addresses;
};
extern const struct egress_name egress_names[];
extern const size_t egress_names_len;

struct egress_case {
	const char *url;
	/* None: EGRESS_V4 and EGRESS_V6. */
	const char *networks[2];
	/* The one address that may be connected to, and is; or NULL. */
	const char *reach;
	/* It is where the URL leads, and not a proxy. */
	bool genuine;
	int status; /* 0: any, or none */
	const char *says; /* the reason holds this; or NULL */
	const char *proxy, *no_proxy; /* of the environment, or NULL */
	const char *own_proxy; /* the target's key; or NULL */
};

#define EGRESS_V4 "127.10.0.0/16"
#define EGRESS_V6 "fd12::/16"

extern const struct egress_case egress_cases[];
extern const size_t egress_cases_len;

#endif
