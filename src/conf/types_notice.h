/* SPDX-License-Identifier: Apache-2.0 */
/* The values of the sections that say where notifications come from. */
#ifndef CONF_TYPES_NOTICE_H
#define CONF_TYPES_NOTICE_H

#include <stdint.h>

#include "conf/types_head.h"

enum conf_sns_version { CONF_SNS_ANY, CONF_SNS_2 };
enum conf_raw { CONF_RAW_REFUSE, CONF_RAW_ACCEPT };

/* [sns] */
struct conf_sns {
	struct conf_head head;
	char *listen; /* HOST:PORT, or NULL */
	struct conf_list topic; /* ARNs */
	char *path; /* of the URL that is subscribed */
	char *certificate_file; /* both, or neither: plain HTTP */
	char *private_key_file;
	char *user_file; /* "user:password" of the URL, or NULL */
	int raw; /* enum conf_raw */
	int signature_version; /* enum conf_sns_version */
	int64_t max_age_ms;
	char *ca_file; /* of SNS's certificates; NULL: the system's */
};

/* [sqs] */
struct conf_sqs {
	struct conf_head head;
	struct conf_list queue_url;
};

#endif
