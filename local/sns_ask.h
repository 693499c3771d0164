/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request of the query protocol: what was asked, and the answer as XML.
 * An operation reads its parameters, judges them, then writes; the answer goes
 * out when what it wrote is durable.
 * Source: Amazon SNS API reference, 2010-03-31, and its "Common errors".
 */
#ifndef LOCAL_SNS_ASK_H
#define LOCAL_SNS_ASK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"
#include "aws/sigv4_verify.h"
#include "local/call.h"
#include "local/db_sns.h"
#include "local/sns_form.h"
#include "local/sns_parts.h"

#define SNS_XMLNS "http://sns.amazonaws.com/doc/2010-03-31/"
#define SNS_PAGE 100 /* entries of a list */

struct sns_ask;

/* 0 with what stands inside the result, or -1 behind sns_fail. */
typedef int sns_operation_fn(struct sns_ask *a);

struct sns_operation {
	const char *name;
	sns_operation_fn *fn;
	bool open; /* also without a signature */
	bool empty; /* the answer has no result */
	/* Names that it knows; "Tags." stands for all that begin so. */
	const char *const *params;
};

struct sns_ask {
	struct sns *s;
	struct call *call; /* NULL: the client has left */
	const struct sns_operation *op;
	bool is_signed;
	bool wrote; /* into the open transaction */
	struct hash *sha256;
	struct buf body;
	struct sns_form form;
	struct buf result;
	const char *code; /* after sns_fail; static */
	char *message;
};

/* The action's operations, in three files. */
sns_operation_fn sns_create_topic, sns_delete_topic, sns_get_topic_attributes,
    sns_set_topic_attributes, sns_list_topics;
sns_operation_fn sns_subscribe, sns_confirm_subscription, sns_unsubscribe,
    sns_get_subscription_attributes, sns_set_subscription_attributes,
    sns_list_subscriptions, sns_list_subscriptions_by_topic;
sns_operation_fn sns_publish_message, sns_publish_batch;

/* Always -1. The code is one of sns_ask.c's table. */
int sns_fail(struct sns_ask *a, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* InternalError, logged; what was written is given up. */
int sns_fail_here(struct sns_ask *a, const struct error *err);
/* Forget a failure. */
void sns_forgive(struct sns_ask *a);

/* NULL where it was not sent. */
const char *sns_param(const struct sns_ask *a, const char *name);
/* 0, or -1 behind sns_fail where it was not sent. */
int sns_need(struct sns_ask *a, const char *name, const char **out);

/* The topic that the parameter names, or -1. */
int sns_need_topic(struct sns_ask *a, const char *name, struct db_topic *out);
/* Whether it is an ARN of this region; -1 behind sns_fail. */
int sns_check_arn(struct sns_ask *a, const char *name, const char *arn);

/* <Attributes>, entry by entry; nothing where the value is NULL. */
void sns_entry(struct sns_ask *a, const char *key, const char *value);
void sns_entry_int(struct sns_ask *a, const char *key, int64_t value);

/* A list that is cut into pages. */
struct sns_page {
	struct sns_ask *a;
	char *after; /* what NextToken says, or "" */
	char *last;
	size_t n;
	bool more;
};
int sns_page_begin(struct sns_page *p, struct sns_ask *a, const char *list);
/* Whether there is room for one more, which is `arn`. */
bool sns_page_room(struct sns_page *p, const char *arn);
void sns_page_end(struct sns_page *p, const char *list);

/* Takes the call; signed, or for an operation that is open. */
void sns_ask_start(struct sns *s, struct call *c, bool is_signed);

/* The answer that goes out: NULL code: it went well. Ends the ask. */
void sns_ask_end(struct sns_ask *a);

/* A refusal without an ask. */
void sns_refuse_with(struct call *c, const char *code, const char *message);

/* The operation of that name, or NULL. */
const struct sns_operation *sns_operation_of(const char *name);

#endif
