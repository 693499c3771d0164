/* SPDX-License-Identifier: Apache-2.0 */
/* DNS, TCP and TLS of one host. */
#include "cmd/check_connect.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

#define TIMEOUT_MS 10000

struct connect {
	struct http_client *http; /* borrowed */
	struct http_client *own; /* or NULL */
	char *proxy; /* or NULL */
	struct http_call *call;
	char *url;
	bool is_aws;
};

void
check_connect_init(struct check_probe *p, struct http_client *http,
    const char *url, bool is_aws)
{
	struct connect *x = xcalloc(1, sizeof(*x));

	x->http = http;
	x->url = xstrdup(url);
	x->is_aws = is_aws;
	p->data = x;
}

void
check_connect_take(
    struct check_probe *p, struct http_client *take_http, char *take_proxy)
{
	struct connect *x = p->data;

	x->http = x->own = take_http;
	x->proxy = take_proxy;
}

/* libcurl says what happened, and in its words only. */
static bool
says(const struct error *err, const char *word)
{
	return strcasestr(err->text, word) != NULL;
}

static void
hint_certificate(struct error *err, bool is_aws)
{
	if (says(err, "expired"))
		err_hint(err,
		    "The certificate's time is over, or this "
		    "machine's clock is wrong.");
	else if (is_aws)
		err_hint(err,
		    "Install ca-certificates, or name the certificates of a "
		    "proxy that reads along in AWS_CA_BUNDLE.");
	else
		err_hint(err,
		    "The receiver needs a certificate for this name that this "
		    "machine trusts (ca-certificates).");
}

/* The names that libcurl looks for. */
static bool
has_proxy(void)
{
	static const char *const names[] = {"https_proxy", "HTTPS_PROXY",
	    "http_proxy", "all_proxy", "ALL_PROXY"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++) {
		if (!str_empty(getenv(names[i])))
			return true;
	}
	return false;
}

void
check_hint_connect(struct error *err, bool is_aws)
{
	if ((err->code != ERR_NET && err->code != ERR_TIMEOUT) ||
	    err->hint[0] != '\0')
		return;
	if (says(err, "resolve host"))
		err_hint(err, "%s",
		    is_aws ? "Check the region's name, an endpoint URL that is "
			     "set (AWS_ENDPOINT_URL), and this machine's DNS."
			   : "Check the name in the URL, and this machine's "
			     "DNS.");
	else if (says(err, "certificate"))
		hint_certificate(err, is_aws);
	else if (says(err, "ssl") || says(err, "tls"))
		err_hint(err,
		    "What answers there speaks no TLS, or none that both know; "
		    "is it https and the right port?");
	else if (says(err, "proxy") || says(err, "CONNECT tunnel"))
		err_hint(err, "Check https_proxy and no_proxy.");
	else if (has_proxy())
		err_hint(err,
		    "Check the proxy that the environment names "
		    "(https_proxy, no_proxy).");
	else
		err_hint(err,
		    "Check that it runs, and that no firewall is between.");
}

static void
on_connected(const struct http_response *r, const struct error *err, void *arg)
{
	struct check_probe *p = arg;
	struct connect *x = p->data;
	struct error why;

	x->call = NULL;
	if (r != NULL) {
		check_end(p, CHECK_OK, "%s%s%s%s",
		    str_starts(x->url, "https:")
			? "connects, and its certificate is good"
			: "connects",
		    x->proxy != NULL ? ", through the proxy " : "",
		    x->proxy != NULL ? x->proxy : "",
		    x->proxy != NULL ? ", which has to vet addresses" : "");
		return;
	}
	why = *err;
	check_hint_connect(&why, x->is_aws);
	check_end_err(p, CHECK_FAIL, &why);
}

void
check_connect_start(struct check_probe *p)
{
	struct connect *x = p->data;
	struct http_request r = {
	    .method = "GET",
	    .url = x->url,
	    .connect_only = true,
	    .timeout_ms = TIMEOUT_MS,
	};
	struct error err;

	if (http_start(x->http, &r, on_connected, p, &x->call, &err) == -1)
		check_end_err(p, CHECK_FAIL, &err);
}

void
check_connect_cancel(struct check_probe *p)
{
	struct connect *x = p->data;

	http_cancel(x->call);
	x->call = NULL;
}

void
check_connect_forget(struct check_probe *p)
{
	struct connect *x = p->data;

	http_client_free(x->own);
	free(x->proxy);
	free(x->url);
}
