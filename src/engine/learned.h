/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a 202 let see of an endpoint: its S3OutputPath. Nothing that must
 * survive. Only for files of this folder.
 */
#ifndef ENGINE_LEARNED_H
#define ENGINE_LEARNED_H

#include <sys/queue.h>

struct learned;
TAILQ_HEAD(learned_list, learned);

/* Of this endpoint, or NULL. Borrowed. */
const char *learned_path(const struct learned_list *list, const char *endpoint);
void learned_set(
    struct learned_list *list, const char *endpoint, const char *path);
void learned_forget(struct learned_list *list);

#endif
