/* SPDX-License-Identifier: Apache-2.0 */
/* What the client of AWS has to say, as lines of the log. */
#ifndef ENGINE_NEWS_H
#define ENGINE_NEWS_H

#include "aws/creds_cache.h"

/* aws_client_options.news */
aws_news_fn news_log;

#endif
