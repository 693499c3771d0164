/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an answer to InvokeEndpointAsync says of the one thing that counts: may
 * the request have been accepted? Only for files of this folder.
 */
#ifndef ENGINE_ANSWER_H
#define ENGINE_ANSWER_H

#include <stdbool.h>

#include "base/error.h"

enum answer {
	ANSWER_ACCEPTED,
	ANSWER_NOT_SENT, /* no byte can have left: the same names go again */
	ANSWER_NOT_ACCEPTED, /* AWS itself says that it took nothing, and may
				later: the same names go again */
	ANSWER_REJECTED, /* AWS, or our own check, says no for good */
	ANSWER_IN_DOUBT, /* all else */
};

/* NULL is a 202 with a place. */
enum answer answer_class(const struct error *err);

/* Of any call: nothing was done, for want of valid credentials or of the right
 * time. Somebody has to do something about it, and the job waits for that. */
bool answer_is_credentials(const struct error *err);

/* Of a look: what is logged once for all jobs (news.c, limits.c). */
bool answer_is_news(const struct error *err);

const char *answer_name(enum answer answer);

#endif
