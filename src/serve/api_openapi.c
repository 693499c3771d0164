/* SPDX-License-Identifier: Apache-2.0 */
/* GET /openapi.json: what this API is, for machines. */
#include "serve/api_call.h"
#include "serve/openapi.h"

void
api_openapi(struct api_call *c)
{
	api_reply(c, 200, "application/json", openapi_openapi,
	    sizeof(openapi_openapi) - 1);
}
