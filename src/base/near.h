/* SPDX-License-Identifier: Apache-2.0 */
/* "Did you mean ...?": which of several words is closest to one. */
#ifndef BASE_NEAR_H
#define BASE_NEAR_H

struct near {
	const char *word; /* as written */
	const char *best; /* of those that were tried; NULL: none is near */
	int distance; /* letters that differ, are missing or changed places */
};

/* Words are borrowed. */
void near_init(struct near *n, const char *word);
void near_try(struct near *n, const char *candidate);

#endif
