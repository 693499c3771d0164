/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/store.h without its thread, over the real SQLite backend; replaces
 * store/store.c. One operation a turn of the loop, each its own transaction:
 * a test can ask what is on disk at any moment, and can die between any two.
 */
#ifndef TESTS_FAKE_STORE_H
#define TESTS_FAKE_STORE_H

#include <stdbool.h>

#include "store/store.h"

/* Another backend than SQLite, for all stores that are opened from now on. */
struct store_backend;
void fake_store_use(const struct store_backend *backend);

/* What is committed now, or NULL. The caller's. */
struct job *fake_store_job(struct store *store, const char *id);

/* The same of a delivery, with its body and its attempts. */
struct delivery *fake_store_delivery(struct store *store, const char *id);

/* From now on every write fails, and changes nothing. */
void fake_store_break(struct store *store);

/* Asked before and after each write: false ends the process there. */
typedef bool fake_store_hook(const char *when, void *arg);
void fake_store_watch(struct store *store, fake_store_hook *hook, void *arg);

/* The file is let go of; what was not written is lost, nobody is called. */
void fake_store_drop(struct store *store);

#endif
