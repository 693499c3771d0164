/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The values of a configuration, section by section. What each key means is
 * in awaitd.conf(5); how it is written, in keys.c.
 */
#ifndef CONF_TYPES_H
#define CONF_TYPES_H

#include <stddef.h>
#include <stdint.h>

#include "base/schedule.h"
#include "conf/types_head.h"
#include "conf/types_notice.h"
#include "conf/types_target.h"

enum conf_inline { CONF_INLINE_AUTO, CONF_INLINE_NEVER };
enum conf_names { CONF_NAMES_AWAITD, CONF_NAMES_SERVICE };
enum conf_store { CONF_STORE_SQLITE, CONF_STORE_MEMORY };
enum conf_duplicates { CONF_DUPLICATES_ALLOW, CONF_DUPLICATES_AVOID };
enum conf_retry_failed { CONF_RETRY_NEVER, CONF_RETRY_TRANSIENT };
enum conf_sweep { CONF_SWEEP_AUTO, CONF_SWEEP_NEVER };
enum conf_payload {
	CONF_PAYLOAD_EVENT,
	CONF_PAYLOAD_RAW,
	CONF_PAYLOAD_REFERENCE,
};
enum conf_cloudevents {
	CONF_CLOUDEVENTS_NO,
	CONF_CLOUDEVENTS_BINARY,
	CONF_CLOUDEVENTS_STRUCTURED,
};
enum conf_other_exit { CONF_OTHER_EXIT_RETRY, CONF_OTHER_EXIT_DEAD };

/* [awaitd] */
struct conf_global {
	struct conf_head head;
	char *deployment;
	char *state;
	int log_level;
	int log_format;
	int store; /* enum conf_store */
	int64_t retention_ms;
	int64_t idempotency_ms;
	int64_t stop_timeout_ms;
	int64_t bucket_requests_per_second;
	int64_t price_get; /* millionths of a dollar for 1,000 */
	int64_t price_list;
	int64_t spool_max; /* bytes */
	char *dead_letter; /* a section: "webhook ops", or NULL */
};

#define CONF_TOKEN_MIN 16

/* [api] */
struct conf_api {
	struct conf_head head;
	struct conf_list listen; /* unix:PATH, HOST:PORT; none: the default */
	char *token; /* what a TCP client must know; or … */
	char *token_file; /* … what holds it; or neither */
	struct conf_list users; /* names or numbers, besides our own and root */
	int64_t max_connections; /* of each listener */
};

/* [gateway] */
struct conf_gateway {
	struct conf_head head;
	char *listen; /* HOST:PORT, or NULL: there is none */
	char *credentials_file; /* in the form of AWS's own */
	int64_t timeout_ms; /* till Amazon's answer is not waited for */
	int64_t max_connections;
};

/* [metrics] */
struct conf_metrics {
	struct conf_head head;
	char *listen; /* HOST:PORT, or NULL */
};

/* [endpoint NAME] */
struct conf_endpoint {
	struct conf_head head;
	char *region;
	char *content_type;
	int inline_bodies; /* enum conf_inline */
	char *input_prefix;
	char *output_path;
	char *expected_bucket_owner;
	int output_names; /* enum conf_names */
	int64_t request_ttl_ms;
	int64_t invocation_timeout_ms;
	int64_t poll_start_ms;
	int64_t poll_max_ms;
	int64_t poll_interval_ms;
	int64_t poll_delay_ms; /* 0: as poll_requests says */
	int64_t poll_requests;
	int64_t doubt_grace_ms;
	int duplicates; /* enum conf_duplicates */
	int retry_failed; /* enum conf_retry_failed */
	int64_t late_looks_ms;
	int sweep; /* enum conf_sweep */
	struct conf_list deliver; /* sections of targets: "webhook hook" */
};

struct conf_index;

struct conf {
	char *file; /* that was read, or NULL */
	struct conf_index *index; /* of the named sections: section.c's */
	struct conf_global global;
	struct conf_api api;
	struct conf_gateway gateway;
	struct conf_metrics metrics;
	struct conf_sns sns;
	struct conf_sqs sqs;
	struct conf_endpoint **endpoints;
	size_t nendpoints;
	struct conf_webhook **webhooks;
	size_t nwebhooks;
	struct conf_webhook callback; /* without `allow`: there is none */
	struct conf_exec **execs;
	size_t nexecs;
	struct conf_dir **dirs;
	size_t ndirs;
	struct conf_unix **unixes;
	size_t nunixes;
	struct conf_endpoint *fallback; /* every default */
};

#endif
