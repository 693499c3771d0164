/* SPDX-License-Identifier: Apache-2.0 */
/* Handlers that do what no handler should; a test program that is started with
 * a kind's name is one. */
#ifndef TESTS_WILD_H
#define TESTS_WILD_H

#include <stdbool.h>
#include <stddef.h>

#include "deliver/driver.h"

struct wild {
	const char *name;
	void (*run)(void); /* returning is exit status 0 */
	enum deliver_verdict verdict; /* where other_exit is dead */
	const char *note; /* how it begins, or NULL: there is none */
};

extern const struct wild wild_kinds[];
extern const size_t wild_nkinds;

/*
 * Be the kind of that name. `begun` is a file that is made once it does what
 * it is here for.
 */
int wild_run(const char *name, const char *begun);

#endif
