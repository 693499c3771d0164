/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verdicts of receivers. Whatever is not 2xx is tried again as the schedule
 * says, also "never" (400, 404, 415, 422): mostly a receiver's or our
 * configuration is wrong then, and gets mended while results wait. Only 410 is
 * meant for us alone. A receiver that fails before its answer, however, may
 * have got the body or not, and cannot be asked.
 */
#include "deliver/whanswer.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "deliver/whmask.h"

static const struct rule {
	int from, to; /* of the status */
	enum deliver_verdict verdict;
	const char *why; /* behind "answered N" */
} rules[] = {
    {200, 299, DELIVER_OK, ""},
    {300, 399, DELIVER_RETRY, ": redirects are not followed"},
    {410, 410, DELIVER_GONE, ": it wants no more of this"},
    {0, 999, DELIVER_RETRY, ""},
};

static const struct rule *
rule_of(int status)
{
	const struct rule *r = rules;

	while (status < r->from || status > r->to)
		r++;
	return r;
}

/* --- Retry-After ---------------------------------------------------- */

static int64_t
retry_after_of(const struct http_response *r, const char *value)
{
	size_t digits = strspn(value, "0123456789");
	int64_t s, at, now;

	if (digits > 0 && value[digits] == '\0') {
		/* Too many digits are still a number. */
		if (str_to_i64(value, 0, INT32_MAX, &s) == -1)
			s = INT32_MAX;
		return s * 1000;
	}
	if (timefmt_parse_http(value, &at) == -1)
		return 0;
	/* By the receiver's own clock. */
	now = http_response_date(r, "Date");
	if (now == -1)
		now = clock_wall_ms();
	return at > now ? at - now : 0;
}

/* 0: nothing of use. Of several the longest. */
static int64_t
retry_after_ms(const struct http_response *r)
{
	int64_t most = 0, ms;
	size_t i;

	for (i = 0; i < r->headers.n; i++) {
		if (!str_ieq(r->headers.v[i].name, "Retry-After"))
			continue;
		ms = retry_after_of(r, r->headers.v[i].value);
		if (ms > most)
			most = ms;
	}
	return most;
}

/* --- the verdict ---------------------------------------------------- */

static void
judge_response(const struct http_response *r, struct deliver_result *out)
{
	const struct rule *rule = rule_of(r->status);

	out->status = r->status;
	out->verdict = rule->verdict;
	out->response = deliver_text(r->body.data, r->body.len);
	if (out->verdict == DELIVER_OK && r->unsent) {
		/* It cannot have what never left. */
		out->verdict = DELIVER_RETRY;
		out->error_class = CLASS_EARLY;
		out->note = xasprintf(
		    "answered %d without taking all of the body", r->status);
		return;
	}
	if (out->verdict == DELIVER_OK)
		return;
	out->error_class = CLASS_STATUS;
	out->note = xasprintf("answered %d%s", r->status, rule->why);
	if (out->verdict == DELIVER_RETRY && r->status >= 400)
		out->retry_after_ms = retry_after_ms(r);
}

void
whanswer_judge(const struct http_response *r, const struct error *err,
    struct deliver_result *out)
{
	*out = (struct deliver_result){
	    .verdict = DELIVER_RETRY, .status = ATTEMPT_NO_STATUS};
	if (r != NULL) {
		judge_response(r, out);
	} else {
		out->stale = err->stale;
		out->error_class = deliver_class_of(err);
		out->note = xstrdup(err->text);
	}
}

/* --- what must not be kept ------------------------------------------ */

void
whanswer_mask(struct deliver_result *result, const struct headers *secret,
    const char *const *urls, size_t nurls)
{
	char *text = (char *)(uintptr_t)result->response;

	if (text != NULL)
		whmask(text, secret, urls, nurls);
}

void
whanswer_done(struct deliver_result *result)
{
	free((char *)(uintptr_t)result->note);
	free((char *)(uintptr_t)result->response);
	free((char *)(uintptr_t)result->response_headers);
	result->note = result->response = result->response_headers = NULL;
}
