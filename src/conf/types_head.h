/* SPDX-License-Identifier: Apache-2.0 */
/* What the structs of all sections have in common. */
#ifndef CONF_TYPES_HEAD_H
#define CONF_TYPES_HEAD_H

#include <stddef.h>

/* Indexed as the rows of the kind are in the table of keys; NULL stands for the
 * default. */
#define CONF_KEYS_MAX 32
struct conf_sources {
	char *v[CONF_KEYS_MAX];
};

/* Words that stand in a list, such as "webhook a, exec b". v ends in NULL, or
 * is NULL where there is none. */
struct conf_list {
	char **v;
	size_t n;
};

/* Every section's struct begins so. */
struct conf_head {
	char *name; /* of [endpoint NAME] and the like, else "" */
	char *place; /* where it begins, "FILE:LINE", or a flag */
	struct conf_sources sources;
};

#endif
