/* SPDX-License-Identifier: Apache-2.0 */
/* What curl's codes say of an exchange that failed. Only for http_client.c. */
#ifndef NET_HTTP_FAULT_H
#define NET_HTTP_FAULT_H

#include <curl/curl.h>

#include "base/error.h"

/* Where it broke; NET_UNKNOWN where the code does not tell. */
enum error_net http_fault_of(CURLcode code);

#endif
