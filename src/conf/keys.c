/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one table of sections and the one table of keys. Each key is documented
 * in doc/awaitd.conf.5.scd and stands with its default in etc/awaitd.conf;
 * `make lint` holds them to it.
 */
#include "conf/keys.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "conf/conf.h"
#include "job/route.h"

#define NAME_MAX_LEN 63
#define SOCKET_PATH_MAX 107 /* of sun_path, less its NUL */
#define SECOND_MS INT64_C(1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS (60 * MINUTE_MS)
#define PRICE_MAX INT64_C(1000000000)
#define SCHEDULE "5s, 30s, 2m, 5m, 30m, 2h, 5h, 10h, 14h, 20h"

/* clang-format off */
const struct conf_kind conf_kinds[] = {
    {"awaitd", false, false, sizeof(struct conf_global),
	offsetof(struct conf, global), 0},
    {"api", false, false, sizeof(struct conf_api),
	offsetof(struct conf, api), 0},
    {"gateway", false, false, sizeof(struct conf_gateway),
	offsetof(struct conf, gateway), 0},
    {"metrics", false, false, sizeof(struct conf_metrics),
	offsetof(struct conf, metrics), 0},
    {"sns", false, false, sizeof(struct conf_sns), offsetof(struct conf, sns),
	0},
    {"sqs", false, false, sizeof(struct conf_sqs), offsetof(struct conf, sqs),
	0},
    {"endpoint", true, false, sizeof(struct conf_endpoint),
	offsetof(struct conf, endpoints), offsetof(struct conf, nendpoints)},
    {"webhook", true, true, sizeof(struct conf_webhook),
	offsetof(struct conf, webhooks), offsetof(struct conf, nwebhooks)},
    {"callback", false, false, sizeof(struct conf_webhook),
	offsetof(struct conf, callback), 0},
    {"exec", true, true, sizeof(struct conf_exec),
	offsetof(struct conf, execs), offsetof(struct conf, nexecs)},
    {"dir", true, true, sizeof(struct conf_dir), offsetof(struct conf, dirs),
	offsetof(struct conf, ndirs)},
    {"unix", true, true, sizeof(struct conf_unix),
	offsetof(struct conf, unixes), offsetof(struct conf, nunixes)},
};
/* clang-format on */

const size_t conf_kinds_len = ARRAY_LEN(conf_kinds);

/* --- what texts must be --------------------------------------------- */

static const char *
must_s3_prefix(const char *s)
{
	if (!str_starts(s, "s3://") || s[5] == '/' || s[5] == '\0')
		return "it must be s3://bucket/path";
	return NULL;
}

static const char *
must_account(const char *s)
{
	if (strlen(s) != 12 || strspn(s, "0123456789") != 12)
		return "it must be the 12 digits of an AWS account";
	return NULL;
}

/* More is looked at by those who will speak to it. */
static const char *
must_url(const char *s)
{
	size_t scheme = str_starts(s, "http://") ? 7
	    : str_starts(s, "https://")          ? 8
						 : 0;
	size_t host = strcspn(s + scheme, "/?#");

	if (scheme == 0 || host == 0)
		return "it must be an http:// or https:// URL";
	if (memchr(s + scheme, '@', host) != NULL)
		return "it must hold no user name or password";
	return NULL;
}

static const char *
must_host_port(const char *s)
{
	char *host;
	int port;

	if (str_split_host_port(s, &host, &port) == -1)
		return "it must be HOST:PORT, such as 127.0.0.1:8080 or "
		       "[::1]:8080";
	free(host);
	return NULL;
}

static const char *
must_listen(const char *s)
{
	if (!str_starts(s, "unix:"))
		return must_host_port(s) == NULL
		    ? NULL
		    : "it must be unix:PATH or HOST:PORT";
	if (s[5] == '\0' || strlen(s + 5) > SOCKET_PATH_MAX)
		return "the path of a socket has 1 to 107 bytes";
	/* Clients would look for another one in each folder. */
	if (s[5] != '/')
		return "the path of a socket must begin with /";
	return NULL;
}

/* The parts are looked at by aws/sns.c. */
static const char *
must_topic(const char *s)
{
	if (!str_starts(s, "arn:") || strstr(s, ":sns:") == NULL)
		return "it must be the ARN of a topic, "
		       "arn:aws:sns:REGION:ACCOUNT:NAME";
	return NULL;
}

static const char *
must_path(const char *s)
{
	if (s[0] != '/' || strpbrk(s, "?# \t") != NULL)
		return "it must be the path of a URL, such as /sns";
	return NULL;
}

/* The bits are read by net/egress.c. */
static const char *
must_network(const char *s)
{
	if (*s == '\0' || s[strspn(s, "0123456789abcdefABCDEF.:/")] != '\0')
		return "it must be an address or a network, such as 10.0.0.0/8 "
		       "or fd00::/8";
	return NULL;
}

static const char *
must_proxy(const char *s)
{
	if (str_eq(s, "environment") || str_eq(s, "none") ||
	    str_starts(s, "http://") || str_starts(s, "https://"))
		return NULL;
	return "it must be environment, none, or an http:// or https:// URL";
}

static const char *
must_socket(const char *s)
{
	return strlen(s) <= SOCKET_PATH_MAX
	    ? NULL
	    : "the path of a socket has at most 107 bytes";
}

/* A host, "*.example.com", or "*". */
static const char *
must_callback(const char *s)
{
	if (str_eq(s, "*"))
		return NULL;
	if (str_starts(s, "*."))
		s += 2;
	/* A colon is an IPv6 address's, or a port's. */
	if (*s == '\0' || strpbrk(s, "*/@?# \t") != NULL ||
	    (strchr(s, ':') != NULL && *s != '['))
		return "it must be a host such as app.example.com, or "
		       "*.example.com, or *";
	return NULL;
}

static const char *
must_user(const char *s)
{
	if (strpbrk(s, " \t") != NULL)
		return "it must be the name or the number of a user; commas "
		       "stand between them";
	return NULL;
}

/* No header field holds anything else. */
static const char *
must_token(const char *s)
{
	if (strlen(s) < CONF_TOKEN_MIN || str_has_control(s))
		return "a token is at least 16 characters, in one line";
	return NULL;
}

/* The rest is read by deliver/whkey.c. */
static const char *
must_secret(const char *s)
{
	if (str_starts(s, "whsec_") || str_starts(s, "whsk_"))
		return NULL;
	return "a secret begins with whsec_ or whsk_";
}

bool
conf_name_ok(const char *name)
{
	size_t len = 0;

	for (; *name != '\0'; name++, len++) {
		if (!str_is_alnum(*name) && strchr("-_.", *name) == NULL)
			return false;
	}
	return len >= 1 && len <= NAME_MAX_LEN;
}

static const char *
must_target(const char *s)
{
	const char *name = strchr(s, ' ');
	size_t i, len = name != NULL ? (size_t)(name - s) : 0;

	for (i = 0; i < conf_kinds_len && name != NULL; i++) {
		const struct conf_kind *kind = &conf_kinds[i];

		if (kind->target && strlen(kind->name) == len &&
		    memcmp(kind->name, s, len) == 0 && conf_name_ok(name + 1))
			return NULL;
	}
	return "it must be the name of a section, 'webhook NAME', 'exec NAME', "
	       "'dir NAME' or 'unix NAME'";
}

static const char *
must_route(const char *s)
{
	struct route route;
	const char *why;

	if (route_parse(s, &route) == -1)
		return "behind the name of a section there can be ' on "
		       "success', ' on failure' or ' on both'";
	why = must_target(route.target);
	route_done(&route);
	return why;
}

/* --- the table ------------------------------------------------------ */

#define AT(section, field) offsetof(struct conf_##section, field)
#define PAYLOADS "event|raw|reference"
#define RATE_MAX 100000
#define FORMATS "no|binary|structured"
#define URL_VALID_MAX (7 * 24 * HOUR_MS) /* what SigV4 allows */

const struct conf_key conf_keys[] = {
    {"awaitd", "deployment", CONF_TEXT, "awaitd", AT(global, deployment),
	.help = "first part of the output path extension we choose"},
    {"awaitd", "state", CONF_TEXT, "", AT(global, state), .flags = CONF_RESTART,
	.help = "folder of the state files"},
    {"awaitd", "log_level", CONF_CHOICE, "warn", AT(global, log_level),
	.choices = "debug|info|warn|error|none",
	.help = "least severity that is logged"},
    {"awaitd", "log_format", CONF_CHOICE, "text", AT(global, log_format),
	.choices = "text|json", .help = "form of a log line"},
    {"awaitd", "retention", CONF_DURATION, "7d", AT(global, retention_ms),
	.min = MINUTE_MS, .help = "how long finished jobs are kept"},
    {"awaitd", "idempotency_keys", CONF_DURATION, "7d",
	AT(global, idempotency_ms), .min = MINUTE_MS,
	.help = "how long an Idempotency-Key is known, at least"},
    {"awaitd", "store", CONF_CHOICE, "sqlite", AT(global, store),
	.flags = CONF_RESTART, .choices = "sqlite|memory",
	.help = "where the jobs of a service are kept"},
    {"awaitd", "stop_timeout", CONF_DURATION, "20s",
	AT(global, stop_timeout_ms), .max = HOUR_MS,
	.help = "how long a stop waits for what is under way"},
    {"awaitd", "bucket_requests_per_second", CONF_COUNT, "1000",
	AT(global, bucket_requests_per_second), .min = 1, .max = 1000000,
	.help = "requests that one bucket gets, at most"},
    {"awaitd", "price_get", CONF_DECIMAL, "0.0004", AT(global, price_get),
	.min = 1, .max = PRICE_MAX,
	.help = "US dollars for 1,000 GETs or HEADs"},
    {"awaitd", "price_list", CONF_DECIMAL, "0.005", AT(global, price_list),
	.min = 1, .max = PRICE_MAX, .help = "US dollars for 1,000 listings"},
    {"awaitd", "spool_max", CONF_SIZE, "4000000kB", AT(global, spool_max),
	.min = 1000000, .max = INT64_C(1000000000000000),
	.help = "of large results on their way, all together"},
    {"awaitd", "dead_letter", CONF_TEXT, "", AT(global, dead_letter),
	.must = must_target,
	.help = "who is told of deliveries that are given up"},

    {"api", "listen", CONF_LIST, "", AT(api, listen), .flags = CONF_RESTART,
	.must = must_listen, .help = "where requests are taken"},
    {"api", "token", CONF_SECRET, "", AT(api, token), .flags = CONF_RESTART,
	.must = must_token, .help = "what a TCP client must know"},
    {"api", "token_file", CONF_PATH, "", AT(api, token_file),
	.flags = CONF_RESTART, .help = "holds that token"},
    {"api", "users", CONF_LIST, "", AT(api, users), .flags = CONF_RESTART,
	.must = must_user, .help = "who else may use the socket"},
    {"api", "max_connections", CONF_COUNT, "4096", AT(api, max_connections),
	.min = 16, .max = 100000, .flags = CONF_RESTART,
	.help = "clients of each address at a time"},

    {"gateway", "listen", CONF_TEXT, "", AT(gateway, listen),
	.flags = CONF_RESTART, .must = must_host_port,
	.help = "where AWS SDKs invoke endpoints through awaitd"},
    {"gateway", "credentials_file", CONF_PATH, "",
	AT(gateway, credentials_file),
	.help = "the access keys that its clients sign with"},
    {"gateway", "timeout", CONF_DURATION, "25s", AT(gateway, timeout_ms),
	.min = SECOND_MS, .max = 15 * MINUTE_MS,
	.help = "how long a request waits for Amazon's answer"},
    {"gateway", "max_connections", CONF_COUNT, "1024",
	AT(gateway, max_connections), .min = 16, .max = 100000,
	.flags = CONF_RESTART, .help = "clients at a time"},

    {"metrics", "listen", CONF_TEXT, "", AT(metrics, listen),
	.flags = CONF_RESTART, .must = must_host_port,
	.help = "where Prometheus can read"},

    {"sns", "listen", CONF_TEXT, "", AT(sns, listen), .flags = CONF_RESTART,
	.must = must_host_port, .help = "where SNS posts notifications to"},
    {"sns", "topic", CONF_LIST, "", AT(sns, topic), .flags = CONF_RESTART,
	.must = must_topic, .help = "ARNs of the topics that are believed"},
    {"sns", "path", CONF_TEXT, "/sns", AT(sns, path), .flags = CONF_RESTART,
	.must = must_path, .help = "path of the URL that is subscribed"},
    {"sns", "certificate_file", CONF_PATH, "", AT(sns, certificate_file),
	.flags = CONF_RESTART, .help = "PEM: our chain, for https"},
    {"sns", "private_key_file", CONF_PATH, "", AT(sns, private_key_file),
	.flags = CONF_RESTART, .help = "PEM: its key"},
    {"sns", "user_file", CONF_PATH, "", AT(sns, user_file),
	.flags = CONF_RESTART, .help = "holds user:password of that URL"},
    {"sns", "raw", CONF_CHOICE, "refuse", AT(sns, raw), .flags = CONF_RESTART,
	.choices = "refuse|accept",
	.help = "raw delivery, which nobody has signed"},
    {"sns", "signature_version", CONF_CHOICE, "any", AT(sns, signature_version),
	.flags = CONF_RESTART, .choices = "any|2",
	.help = "least SignatureVersion"},
    {"sns", "max_age", CONF_DURATION, "75m", AT(sns, max_age_ms),
	.flags = CONF_RESTART, .min = MINUTE_MS, .max = 24 * HOUR_MS,
	.help = "how old a notification may be"},
    {"sns", "ca_file", CONF_PATH, "", AT(sns, ca_file), .flags = CONF_RESTART,
	.help = "roots of SNS's certificates, instead of the system's"},

    {"sqs", "queue_url", CONF_LIST, "", AT(sqs, queue_url),
	.flags = CONF_RESTART, .must = must_url,
	.help = "queues that are asked for notifications"},

    {"endpoint", "region", CONF_TEXT, "", AT(endpoint, region),
	.help = "AWS region, where it is not the environment's"},
    {"endpoint", "content_type", CONF_TEXT, "", AT(endpoint, content_type),
	.help = "ContentType where the caller names none"},
    {"endpoint", "inline", CONF_CHOICE, "auto", AT(endpoint, inline_bodies),
	.choices = "auto|never",
	.help = "send small inputs as the request's body"},
    {"endpoint", "input_prefix", CONF_TEXT, "", AT(endpoint, input_prefix),
	.must = must_s3_prefix, .help = "where inputs are uploaded to"},
    {"endpoint", "output_path", CONF_TEXT, "", AT(endpoint, output_path),
	.must = must_s3_prefix, .help = "the endpoint's S3OutputPath"},
    {"endpoint", "expected_bucket_owner", CONF_TEXT, "",
	AT(endpoint, expected_bucket_owner), .must = must_account,
	.help = "the account that the buckets have to belong to"},
    {"endpoint", "output_names", CONF_CHOICE, "awaitd",
	AT(endpoint, output_names), .choices = "awaitd|service",
	.help = "who names the results"},
    {"endpoint", "request_ttl", CONF_SECONDS, "", AT(endpoint, request_ttl_ms),
	.min = MINUTE_MS, .max = 6 * HOUR_MS, .help = "RequestTTLSeconds"},
    {"endpoint", "invocation_timeout", CONF_SECONDS, "",
	AT(endpoint, invocation_timeout_ms), .min = SECOND_MS, .max = HOUR_MS,
	.help = "InvocationTimeoutSeconds"},
    {"endpoint", "poll_start", CONF_DURATION, "500ms",
	AT(endpoint, poll_start_ms), .min = 50,
	.help = "the first look, and the least time between two"},
    {"endpoint", "poll_max", CONF_DURATION, "30s", AT(endpoint, poll_max_ms),
	.min = 50, .help = "the longest time between two looks"},
    {"endpoint", "poll_interval", CONF_DURATION, "",
	AT(endpoint, poll_interval_ms), .min = 50,
	.help = "look at this fixed interval instead"},
    {"endpoint", "poll_delay", CONF_DURATION, "", AT(endpoint, poll_delay_ms),
	.min = 50, .help = "how late a result is to be noticed, on average"},
    {"endpoint", "poll_requests", CONF_COUNT, "20", AT(endpoint, poll_requests),
	.min = 2, .max = 1000,
	.help = "looks a job, on average, where poll_delay is not set"},
    {"endpoint", "doubt_grace", CONF_DURATION, "30s",
	AT(endpoint, doubt_grace_ms),
	.help = "look this long before a doubtful submission is repeated"},
    {"endpoint", "duplicates", CONF_CHOICE, "allow", AT(endpoint, duplicates),
	.choices = "allow|avoid",
	.help = "may the model run twice after an answer was lost"},
    {"endpoint", "retry_failed", CONF_CHOICE, "never",
	AT(endpoint, retry_failed), .choices = "never|transient",
	.help = "ask again where the model failed for a reason that passes"},
    {"endpoint", "late_looks", CONF_DURATION, "24h",
	AT(endpoint, late_looks_ms),
	.help = "look this long for the result of a job that expired"},
    {"endpoint", "sweep", CONF_CHOICE, "auto", AT(endpoint, sweep),
	.choices = "auto|never",
	.help = "look for many results by one listing"},
    {"endpoint", "deliver", CONF_LIST, "", AT(endpoint, deliver),
	.must = must_route, .help = "where results are delivered to"},

    {"webhook", "url", CONF_URL, "", AT(webhook, url), .flags = CONF_REQUIRED,
	.must = must_url, .help = "where events are posted to"},
    {"webhook", "secret", CONF_SECRETS, "", AT(webhook, secret),
	.must = must_secret, .help = "what requests are signed with"},
    {"webhook", "secret_file", CONF_PATHS, "", AT(webhook, secret_file),
	.help = "hold such secrets"},
    {"webhook", "payload", CONF_CHOICE, "event", AT(webhook, payload),
	.choices = PAYLOADS, .help = "what is posted"},
    {"webhook", "cloudevents", CONF_CHOICE, "no", AT(webhook, cloudevents),
	.choices = FORMATS, .help = "in which form of CloudEvents 1.0"},
    {"webhook", "header_file", CONF_PATH, "", AT(webhook, header_file),
	.help = "holds further header fields"},
    {"webhook", "url_valid", CONF_DURATION, "1d", AT(webhook, url_valid_ms),
	.min = MINUTE_MS, .max = URL_VALID_MAX,
	.help = "how long a result's presigned URL is good"},
    {"webhook", "inline_max", CONF_SIZE, "20kB", AT(webhook, inline_max),
	.max = 256 * 1024, .help = "largest result that an event holds"},
    {"webhook", "timeout", CONF_DURATION, "15s", AT(webhook, timeout_ms),
	.min = SECOND_MS, .max = 5 * MINUTE_MS, .help = "for one attempt"},
    {"webhook", "schedule", CONF_SCHEDULE, SCHEDULE, AT(webhook, schedule),
	.help = "delays before further attempts"},
    {"webhook", "max_in_flight", CONF_COUNT, "8", AT(webhook, max_in_flight),
	.min = 1, .max = 1000, .help = "attempts at the same time"},
    {"webhook", "rate", CONF_COUNT, "0", AT(webhook, rate), .max = RATE_MAX,
	.help = "attempts a second at most, 0: no limit"},
    {"webhook", "breaker_failures", CONF_COUNT, "5",
	AT(webhook, breaker_failures), .max = 1000,
	.help = "failures in a row behind which a target rests, 0: never"},
    {"webhook", "breaker_max", CONF_DURATION, "5m", AT(webhook, breaker_max_ms),
	.min = SECOND_MS, .max = 24 * HOUR_MS,
	.help = "longest time between two probes of a resting target"},
    {"webhook", "allow_networks", CONF_LIST, "", AT(webhook, allow_networks),
	.must = must_network,
	.help = "networks that are not public, and are "
		"meant"},
    {"webhook", "ca_file", CONF_PATH, "", AT(webhook, ca_file),
	.help = "roots of the receiver's certificate"},
    {"webhook", "certificate_file", CONF_PATH, "",
	AT(webhook, certificate_file),
	.help = "PEM: our chain, for the "
		"receiver to verify"},
    {"webhook", "private_key_file", CONF_PATH, "",
	AT(webhook, private_key_file), .help = "PEM: its key"},
    {"webhook", "proxy", CONF_URL, "environment", AT(webhook, proxy),
	.must = must_proxy, .help = "environment, none or a URL"},
    {"webhook", "proxy_file", CONF_PATH, "", AT(webhook, proxy_file),
	.help = "holds the proxy's URL with user and password"},

    {"callback", "allow", CONF_LIST, "", AT(webhook, allow),
	.must = must_callback, .help = "hosts that submissions may name"},
    {"callback", "secret", CONF_SECRETS, "", AT(webhook, secret),
	.must = must_secret, .help = "what requests are signed with"},
    {"callback", "secret_file", CONF_PATHS, "", AT(webhook, secret_file),
	.help = "hold such secrets"},
    {"callback", "payload", CONF_CHOICE, "event", AT(webhook, payload),
	.choices = PAYLOADS, .help = "what is posted"},
    {"callback", "cloudevents", CONF_CHOICE, "no", AT(webhook, cloudevents),
	.choices = FORMATS, .help = "in which form of CloudEvents 1.0"},
    {"callback", "header_file", CONF_PATH, "", AT(webhook, header_file),
	.help = "holds further header fields"},
    {"callback", "url_valid", CONF_DURATION, "1d", AT(webhook, url_valid_ms),
	.min = MINUTE_MS, .max = URL_VALID_MAX,
	.help = "how long a result's presigned URL is good"},
    {"callback", "inline_max", CONF_SIZE, "20kB", AT(webhook, inline_max),
	.max = 256 * 1024, .help = "largest result that an event holds"},
    {"callback", "timeout", CONF_DURATION, "15s", AT(webhook, timeout_ms),
	.min = SECOND_MS, .max = 5 * MINUTE_MS, .help = "for one attempt"},
    {"callback", "schedule", CONF_SCHEDULE, SCHEDULE, AT(webhook, schedule),
	.help = "delays before further attempts"},
    {"callback", "max_in_flight", CONF_COUNT, "4", AT(webhook, max_in_flight),
	.min = 1, .max = 1000, .help = "attempts at the same time, each host"},
    {"callback", "rate", CONF_COUNT, "0", AT(webhook, rate), .max = RATE_MAX,
	.help = "attempts a second at most, each host; 0: no limit"},
    {"callback", "breaker_failures", CONF_COUNT, "5",
	AT(webhook, breaker_failures), .max = 1000,
	.help = "failures in a row behind which a host rests, 0: never"},
    {"callback", "breaker_max", CONF_DURATION, "5m",
	AT(webhook, breaker_max_ms), .min = SECOND_MS, .max = 24 * HOUR_MS,
	.help = "longest time between two probes of a resting host"},
    {"callback", "allow_networks", CONF_LIST, "", AT(webhook, allow_networks),
	.must = must_network,
	.help = "networks that are not public, and are "
		"meant"},
    {"callback", "ca_file", CONF_PATH, "", AT(webhook, ca_file),
	.help = "roots of the receivers' certificates"},
    {"callback", "certificate_file", CONF_PATH, "",
	AT(webhook, certificate_file),
	.help = "PEM: our chain, for receivers "
		"to verify"},
    {"callback", "private_key_file", CONF_PATH, "",
	AT(webhook, private_key_file), .help = "PEM: its key"},
    {"callback", "proxy", CONF_URL, "environment", AT(webhook, proxy),
	.must = must_proxy, .help = "environment, none or a URL"},
    {"callback", "proxy_file", CONF_PATH, "", AT(webhook, proxy_file),
	.help = "holds the proxy's URL with user and password"},

    {"exec", "command", CONF_COMMAND, "", AT(exec, command),
	.flags = CONF_REQUIRED, .help = "the program and its arguments"},
    {"exec", "payload", CONF_CHOICE, "raw", AT(exec, payload),
	.choices = PAYLOADS, .help = "what its standard input is"},
    {"exec", "url_valid", CONF_DURATION, "1d", AT(exec, url_valid_ms),
	.min = MINUTE_MS, .max = URL_VALID_MAX,
	.help = "how long a result's presigned URL is good"},
    {"exec", "inline_max", CONF_SIZE, "20kB", AT(exec, inline_max),
	.max = 256 * 1024, .help = "largest result that an event holds"},
    {"exec", "timeout", CONF_DURATION, "5m", AT(exec, timeout_ms),
	.min = SECOND_MS, .max = 24 * HOUR_MS, .help = "for one attempt"},
    {"exec", "schedule", CONF_SCHEDULE, SCHEDULE, AT(exec, schedule),
	.help = "delays before further attempts"},
    {"exec", "max_in_flight", CONF_COUNT, "2", AT(exec, max_in_flight),
	.min = 1, .max = 1000, .help = "attempts at the same time"},
    {"exec", "rate", CONF_COUNT, "0", AT(exec, rate), .max = RATE_MAX,
	.help = "attempts a second at most, 0: no limit"},
    {"exec", "other_exit", CONF_CHOICE, "retry", AT(exec, other_exit),
	.choices = "retry|dead",
	.help = "what an exit status means that is neither 0 nor 75"},

    {"dir", "path", CONF_PATH, "", AT(dir, path), .flags = CONF_REQUIRED,
	.help = "the folder"},
    {"dir", "payload", CONF_CHOICE, "raw", AT(dir, payload),
	.choices = PAYLOADS, .help = "what stands beside the account"},
    {"dir", "inline_max", CONF_SIZE, "20kB", AT(dir, inline_max),
	.max = 256 * 1024, .help = "largest result that an event holds"},
    {"dir", "url_valid", CONF_DURATION, "1d", AT(dir, url_valid_ms),
	.min = MINUTE_MS, .max = URL_VALID_MAX,
	.help = "how long a result's presigned URL is good"},
    {"dir", "schedule", CONF_SCHEDULE, SCHEDULE, AT(dir, schedule),
	.help = "delays before further attempts"},
    {"dir", "max_in_flight", CONF_COUNT, "4", AT(dir, max_in_flight), .min = 1,
	.max = 1000, .help = "attempts at the same time"},

    {"unix", "path", CONF_PATH, "", AT(unix, path), .flags = CONF_REQUIRED,
	.must = must_socket, .help = "the socket that somebody listens at"},
    {"unix", "payload", CONF_CHOICE, "event", AT(unix, payload),
	.choices = PAYLOADS, .help = "what is sent"},
    {"unix", "inline_max", CONF_SIZE, "20kB", AT(unix, inline_max),
	.max = 256 * 1024, .help = "largest result that an event holds"},
    {"unix", "url_valid", CONF_DURATION, "1d", AT(unix, url_valid_ms),
	.min = MINUTE_MS, .max = URL_VALID_MAX,
	.help = "how long a result's presigned URL is good"},
    {"unix", "timeout", CONF_DURATION, "15s", AT(unix, timeout_ms),
	.min = SECOND_MS, .max = 5 * MINUTE_MS, .help = "for one attempt"},
    {"unix", "schedule", CONF_SCHEDULE, SCHEDULE, AT(unix, schedule),
	.help = "delays before further attempts"},
    {"unix", "max_in_flight", CONF_COUNT, "4", AT(unix, max_in_flight),
	.min = 1, .max = 1000, .help = "attempts at the same time"},
    {"unix", "rate", CONF_COUNT, "0", AT(unix, rate), .max = RATE_MAX,
	.help = "attempts a second at most, 0: no limit"},
    {"unix", "breaker_failures", CONF_COUNT, "5", AT(unix, breaker_failures),
	.max = 1000,
	.help = "failures in a row behind which a target rests, 0: never"},
    {"unix", "breaker_max", CONF_DURATION, "5m", AT(unix, breaker_max_ms),
	.min = SECOND_MS, .max = 24 * HOUR_MS,
	.help = "longest time between two probes of a resting target"},
};

const size_t conf_keys_len = ARRAY_LEN(conf_keys);
