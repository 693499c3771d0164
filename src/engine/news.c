/* SPDX-License-Identifier: Apache-2.0 */
/* News of credentials and clocks. */
#include "engine/news.h"

#include "base/log.h"

void
news_log(const struct error *trouble, const char *text, void *arg)
{
	(void)arg;
	log_begin(trouble != NULL ? LOG_WARN : LOG_INFO, "aws");
	if (trouble != NULL)
		log_err(trouble);
	else
		log_str("msg", text);
	log_end();
}
