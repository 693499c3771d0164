/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a model failed, as far as its failure object tells: may the same request
 * succeed later? Only for files of this folder.
 */
#ifndef ENGINE_REASON_H
#define ENGINE_REASON_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The object's beginning: SageMaker's plain text, or what the container said,
 * such as {"code": 500, "message": "…"}. What is not known to pass is taken to
 * stay; a client error (4xx) always is.
 */
bool reason_passes(const char *text, size_t len);

#endif
