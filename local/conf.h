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

/* Of loopback only: anybody may know them. */
#define CONF_DEMO_ACCESS_KEY "awaitd-local"
#define CONF_DEMO_SECRET_KEY "awaitd-local-demo-secret-key"

enum conf_names { CONF_NAMES_HONOURED, CONF_NAMES_IGNORED };
enum conf_failure_names { CONF_FAILURE_OWN, CONF_FAILURE_FOLLOW };
enum conf_expired {
	CONF_EXPIRED_OBJECT, /* and a notification */
	CONF_EXPIRED_NOTIFICATION,
	CONF_EXPIRED_SILENT
};
enum conf_addressing { CONF_ADDRESSING_PATH, CONF_ADDRESSING_VIRTUAL };

/* Where a section began, for complaints about the whole of it. */
struct conf_place {
	char *file;
	int line;
};

struct conf_user {
	char *name;
	struct conf_place place;
	char *access_key;
	char *secret_key;
	char *secret_key_file;
	char *session_token;
	bool list;
};

struct conf_bucket {
	char *name;
	struct conf_place place;
};

/* The model is one of command, container and serve. */
struct conf_endpoint {
	char *name;
	struct conf_place place;
	char *command; /* as written */
	char *container; /* URL, without a slash at its end */
	char *serve; /* as written; {port} and {name} stand in it */
	char **argv; /* of command or serve, split; NULL at its end */
	int64_t max_concurrent; /* of one instance */
	int64_t min_instances; /* of serve */
	int64_t max_instances;
	int64_t backlog_per_instance; /* 0: as max_concurrent */
	int64_t scale_in_after_ms;
	int64_t startup_timeout_ms;
	int64_t max_backlog;
	char *success_topic; /* ARN or "" */
	char *error_topic;
	char *include_response; /* as written */
	bool include_success; /* the same, read */
	bool include_error;
	char *s3_output_path;
	char *s3_failure_path; /* or "": none */
	int names; /* enum conf_names */
	int failure_names; /* enum conf_failure_names */
	int expired; /* enum conf_expired */
	char *content_type;
	char *result_content_type;
};

struct conf_admin {
	char *listen; /* HOST:PORT, unix:PATH, or "": off */
	char *host; /* of listen, or NULL */
	int port;
	char *unix_path;
	char *token_file;
	char *token; /* or NULL */
};

/* Another S3 than our own; endpoint "" where there is none. */
struct conf_s3 {
	char *endpoint; /* URL */
	char *region;
	char *access_key;
	char *secret_key;
	char *secret_key_file;
	int addressing; /* enum conf_addressing */
};

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
