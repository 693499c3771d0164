/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Outcomes of InvokeEndpointAsync. A status alone proves nothing: a proxy in
 * between may have made it up after the service had accepted. So every class
 * but the doubt asks for AWS's own error code.
 */
#include "engine/answer.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

/*
 * AWS's code and status to class; the first row that fits counts. Sources: the
 * operation's own and the common errors of the service model; for the clock,
 * the two messages of InvalidSignatureException.
 */
static const struct {
	int from; /* the status, from … to */
	int to;
	const char *code; /* the code's beginning */
	const char *words; /* in the message, or NULL */
	enum answer answer;
} rows[] = {
    {400, 499, "ExpiredToken", NULL, ANSWER_NOT_ACCEPTED},
    {400, 499, "RequestExpired", NULL, ANSWER_NOT_ACCEPTED},
    {400, 499, "RequestTimeTooSkewed", NULL, ANSWER_NOT_ACCEPTED},
    {400, 499, "InvalidSignature", "Signature expired", ANSWER_NOT_ACCEPTED},
    {400, 499, "InvalidSignature", "Signature not yet current",
	ANSWER_NOT_ACCEPTED},
    {503, 503, "ServiceUnavailable", NULL, ANSWER_NOT_ACCEPTED},
    {408, 408, "", NULL, ANSWER_IN_DOUBT},
    {400, 499, "", NULL, ANSWER_REJECTED},
};
#define CREDENTIAL_ROWS 5

/* Without a code the status stands in for it. */
static bool
has_aws_code(const struct error *err)
{
	return err->remote_code[0] != '\0' &&
	    strspn(err->remote_code, "0123456789") < strlen(err->remote_code);
}

static bool
fits(const struct error *err, size_t row)
{
	return err->http_status >= rows[row].from &&
	    err->http_status <= rows[row].to &&
	    str_starts(err->remote_code, rows[row].code) &&
	    (rows[row].words == NULL ||
		strstr(err->text, rows[row].words) != NULL);
}

enum answer
answer_class(const struct error *err)
{
	size_t i;

	if (err == NULL)
		return ANSWER_ACCEPTED;
	if (err->code == ERR_USAGE || err->code == ERR_CONFIG)
		return ANSWER_REJECTED;
	if (!err->sent)
		return ANSWER_NOT_SENT;
	if (!has_aws_code(err))
		return ANSWER_IN_DOUBT;
	/* Throttling has many names: aws/awserr.c has them. */
	if (err->code == ERR_THROTTLED)
		return ANSWER_NOT_ACCEPTED;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		if (fits(err, i))
			return rows[i].answer;
	}
	return ANSWER_IN_DOUBT;
}

bool
answer_is_credentials(const struct error *err)
{
	size_t i;

	for (i = 0; i < CREDENTIAL_ROWS && err->sent; i++) {
		if (fits(err, i))
			return true;
	}
	return false;
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
