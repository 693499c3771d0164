/* SPDX-License-Identifier: Apache-2.0 */
/* The values of the sections; conf.h has them together. */
#ifndef LOCAL_CONF_SECTION_H
#define LOCAL_CONF_SECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
	char *event_target; /* ARN of a queue or a topic, or "" */
	char *event_prefix; /* of the keys that it is told of */
	char *event_suffix;
};

struct conf_queue {
	char *name;
	struct conf_place place;
	int64_t visibility_timeout_ms;
	char *dead_letter_queue; /* name, or "" */
	int64_t max_receive_count;
	char *topic; /* that it is subscribed to: ARN, or "" */
	bool raw; /* so delivered */
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

#endif
