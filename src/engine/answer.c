/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Outcomes of InvokeEndpointAsync. A status alone proves nothing: a proxy in
 * between may have made it up after the service had accepted. So every class
 * but the doubt asks for AWS's own error code.
 */
#include "engine/answer.h"

#include <stdlib.h>

#include "aws/awserr.h"
#include "base/str.h"

static bool
is_client_error(const struct error *err)
{
	return err->http_status >= 400 && err->http_status < 500;
}

/* AWS's own words, which aws/awserr.c understands. */
static enum answer
class_of_words(const struct error *err)
{
	enum awserr_class class = awserr_class(err);

	if (class == AWSERR_THROTTLED)
		return ANSWER_NOT_ACCEPTED;
	/* Of the operation's own errors the only one that passes. */
	if (err->http_status == 503 &&
	    str_starts(err->remote_code, "ServiceUnavailable"))
		return ANSWER_NOT_ACCEPTED;
	if (!is_client_error(err) || err->http_status == 408)
		return ANSWER_IN_DOUBT;
	if (class == AWSERR_EXPIRED || class == AWSERR_SKEW)
		return ANSWER_NOT_ACCEPTED;
	return ANSWER_REJECTED;
}

enum answer
answer_class(const struct error *err)
{
	if (err == NULL)
		return ANSWER_ACCEPTED;
	if (err->code == ERR_USAGE || err->code == ERR_CONFIG)
		return ANSWER_REJECTED;
	if (!err->sent)
		return ANSWER_NOT_SENT;
	if (!awserr_has_code(err))
		return ANSWER_IN_DOUBT;
	return class_of_words(err);
}

bool
answer_is_credentials(const struct error *err)
{
	switch (awserr_class(err)) {
	case AWSERR_NO_CREDENTIALS:
	case AWSERR_EXPIRED:
	case AWSERR_SKEW:
		return true;
	default:
		return false;
	}
}

bool
answer_is_news(const struct error *err)
{
	return awserr_class(err) == AWSERR_NO_CREDENTIALS ||
	    err->http_status == 503 || err->http_status == 429;
}

const char *
answer_name(enum answer answer)
{
	switch (answer) {
	case ANSWER_ACCEPTED:
		return "accepted";
	case ANSWER_NOT_SENT:
		return "not-sent";
	case ANSWER_NOT_ACCEPTED:
		return "not-accepted";
	case ANSWER_REJECTED:
		return "rejected";
	case ANSWER_IN_DOUBT:
		return "in-doubt";
	}
	abort();
}
