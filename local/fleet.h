/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The containers of an endpoint: one at a URL, or as many processes of `serve`
 * as the backlog asks for, from min_instances to max_instances and back.
 */
#ifndef LOCAL_FLEET_H
#define LOCAL_FLEET_H

#include "local/instance.h"
#include "local/model.h"

/* See model_new. pace NULL: that of everyday. */
int fleet_new(const struct model_options *options,
    const struct instance_pace *pace, struct model **out, struct error *err);

#endif
