/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration of awaitd-local: one table of keys (conf.c) from which
 * parsing, defaults and help follow; conf_check.c judges the whole.
 */
#ifndef LOCAL_CONF_H
#define LOCAL_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/log.h"
#include "local/conf_section.h"

struct conf {
	char *listen;
	char *host; /* of listen */
	int port;
	char *data;
	char *access_key;
	char *secret_key;
	char *secret_key_file;
	char *region;
	char *account;
	bool allow_remote;
	int log_level; /* enum log_level */
	int log_format; /* enum log_format */
	int64_t max_object;
	char *faults; /* a file of them, or "" */
	char *ca_file; /* "": the system's */
	char *signing_cert_url; /* of [sns]; "": our own */
	struct conf_admin admin;
	struct conf_s3 s3;
	struct conf_user *users; /* [0] is [local]'s own, after conf_finish */
	size_t users_n;
	struct conf_bucket *buckets;
	size_t buckets_n;
	struct conf_queue *queues;
	size_t queues_n;
	struct conf_endpoint *endpoints;
	size_t endpoints_n;
};

void conf_init(struct conf *c);
void conf_done(struct conf *c);

/* ERR_CONFIG with file:line and a hint. */
int conf_read(struct conf *c, const char *path, struct error *err);

/* "SECTION.KEY=VALUE", such as "endpoint ocr.max_concurrent=2". */
int conf_set(struct conf *c, const char *assignment, struct error *err);

/* One key of one section; makes the section where it is missing. */
int conf_set_key(struct conf *c, const char *section, const char *key,
    const char *value, struct error *err);

/* Judge the whole, split commands, read secrets. Once, at the end. */
int conf_finish(struct conf *c, struct error *err);

/* A command's words (str_split_words), at least one. */
int conf_split_command(const char *text, char ***out, struct error *err);

bool conf_is_loopback(const char *host); /* others cannot reach it */

/* Every key with its default and meaning, for --help. */
void conf_help(struct buf *out);

#endif
