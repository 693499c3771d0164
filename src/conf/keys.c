/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one table of keys. Each is documented in doc/awaitd.conf.5.scd and
 * stands with its default in etc/awaitd.conf; `make lint` holds them to it.
 */
#include "conf/keys.h"

#include "base/mem.h"
#include "conf/conf.h"

#define GLOBAL(field) offsetof(struct conf_global, field)
#define ENDPOINT(field) offsetof(struct conf_endpoint, field)
#define HOUR_MS 3600000L

const struct conf_key conf_keys[] = {
    {"awaitd", "deployment", CONF_TEXT, "awaitd", GLOBAL(deployment), NULL, 0,
	0, "first part of the output path extension we choose"},
    {"awaitd", "state", CONF_TEXT, "", GLOBAL(state), NULL, 0, 0,
	"folder of the state files"},
    {"awaitd", "log_level", CONF_CHOICE, "warn", GLOBAL(log_level),
	"debug|info|warn|error|none", 0, 0, "least severity that is logged"},
    {"awaitd", "log_format", CONF_CHOICE, "text", GLOBAL(log_format),
	"text|json", 0, 0, "form of a log line"},
    {"awaitd", "retention", CONF_DURATION, "7d", GLOBAL(retention_ms), NULL,
	60000, 0, "how long finished jobs are kept"},

    {"endpoint", "region", CONF_TEXT, "", ENDPOINT(region), NULL, 0, 0,
	"AWS region, where it is not the environment's"},
    {"endpoint", "content_type", CONF_TEXT, "", ENDPOINT(content_type), NULL, 0,
	0, "ContentType where the caller names none"},
    {"endpoint", "inline", CONF_CHOICE, "auto", ENDPOINT(inline_bodies),
	"auto|never", 0, 0, "send small inputs as the request's body"},
    {"endpoint", "input_prefix", CONF_S3_PREFIX, "", ENDPOINT(input_prefix),
	NULL, 0, 0, "where inputs are uploaded to"},
    {"endpoint", "output_path", CONF_S3_PREFIX, "", ENDPOINT(output_path), NULL,
	0, 0, "the endpoint's S3OutputPath"},
    {"endpoint", "output_names", CONF_CHOICE, "awaitd", ENDPOINT(output_names),
	"awaitd|service", 0, 0, "who names the results"},
    {"endpoint", "request_ttl", CONF_DURATION, "", ENDPOINT(request_ttl_ms),
	NULL, 60000, 6 * HOUR_MS, "RequestTTLSeconds"},
    {"endpoint", "invocation_timeout", CONF_DURATION, "",
	ENDPOINT(invocation_timeout_ms), NULL, 1000, HOUR_MS,
	"InvocationTimeoutSeconds"},
    {"endpoint", "poll_start", CONF_DURATION, "500ms", ENDPOINT(poll_start_ms),
	NULL, 50, 0, "the first look, and the least time between two"},
    {"endpoint", "poll_max", CONF_DURATION, "30s", ENDPOINT(poll_max_ms), NULL,
	50, 0, "the longest time between two looks"},
    {"endpoint", "poll_interval", CONF_DURATION, "", ENDPOINT(poll_interval_ms),
	NULL, 50, 0, "look at this fixed interval instead"},
    {"endpoint", "doubt_grace", CONF_DURATION, "30s", ENDPOINT(doubt_grace_ms),
	NULL, 0, 0, "look this long before a doubtful submission is repeated"},
};

const size_t conf_keys_len = ARRAY_LEN(conf_keys);

_Static_assert(ARRAY_LEN(conf_keys) <= CONF_KEYS_MAX, "enlarge it");
