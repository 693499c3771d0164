/* SPDX-License-Identifier: Apache-2.0 */
/* From a file, the environment and flags into sections. Only for conf.c. */
#ifndef CONF_CONF_READ_H
#define CONF_CONF_READ_H

#include "base/error.h"
#include "conf/conf.h"

/* All that applies, in its order; what must hold between sections is not looked
 * at. */
int conf_read(
    struct conf *conf, const struct conf_options *options, struct error *err);

#endif
