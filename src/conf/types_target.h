/* SPDX-License-Identifier: Apache-2.0 */
/* The values of sections that results are delivered to. */
#ifndef CONF_TYPES_TARGET_H
#define CONF_TYPES_TARGET_H

#include <stdint.h>

#include "base/schedule.h"
#include "conf/types_head.h"

/* [webhook NAME], and [callback]: that one has no url, the other no allow. */
struct conf_webhook {
	struct conf_head head;
	char *url;
	struct conf_list allow; /* hosts, "*.example.com", "*" */
	struct conf_list secret; /* or … */
	struct conf_list secret_file; /* … what holds them; or neither */
	int payload; /* enum conf_payload */
	int cloudevents; /* enum conf_cloudevents */
	char *header_file;
	int64_t inline_max; /* bytes */
	int64_t url_valid_ms;
	int64_t timeout_ms;
	struct schedule schedule;
	int64_t max_in_flight;
	int64_t rate; /* a second, 0: no limit */
	int64_t breaker_failures; /* 0: no breaker */
	int64_t breaker_max_ms;
	struct conf_list allow_networks;
	char *ca_file;
	char *certificate_file; /* both, or neither */
	char *private_key_file;
	char *proxy; /* "environment", "none" or a URL */
	char *proxy_file; /* holds the URL; or NULL */
};

/* [exec NAME] */
struct conf_exec {
	struct conf_head head;
	struct conf_list command; /* argv, split as a shell would without
				     doing anything else; v ends in NULL */
	int payload; /* enum conf_payload */
	int64_t inline_max; /* bytes, of an event */
	int64_t url_valid_ms;
	int64_t timeout_ms;
	struct schedule schedule;
	int64_t max_in_flight;
	int64_t rate;
	int other_exit; /* enum conf_other_exit */
};

/* [dir NAME] */
struct conf_dir {
	struct conf_head head;
	char *path;
	int payload; /* enum conf_payload */
	int64_t inline_max;
	int64_t url_valid_ms;
	struct schedule schedule;
	int64_t max_in_flight;
};

/* [unix NAME] */
struct conf_unix {
	struct conf_head head;
	char *path;
	int payload; /* enum conf_payload */
	int64_t inline_max;
	int64_t url_valid_ms;
	int64_t timeout_ms;
	struct schedule schedule;
	int64_t max_in_flight;
	int64_t rate;
	int64_t breaker_failures;
	int64_t breaker_max_ms;
};

#endif
