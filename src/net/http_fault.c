/* SPDX-License-Identifier: Apache-2.0 */
/* curl's codes: https://curl.se/libcurl/c/libcurl-errors.html */
#include "net/http_fault.h"

#include <stddef.h>

#include "base/mem.h"

static const struct {
	CURLcode code;
	enum error_net net;
} faults[] = {
    {CURLE_COULDNT_RESOLVE_HOST, NET_DNS},
    {CURLE_COULDNT_RESOLVE_PROXY, NET_DNS},
    {CURLE_COULDNT_CONNECT, NET_CONNECT},
    {CURLE_INTERFACE_FAILED, NET_CONNECT},
    {CURLE_PROXY, NET_CONNECT},
    {CURLE_SSL_CONNECT_ERROR, NET_TLS},
    {CURLE_PEER_FAILED_VERIFICATION, NET_TLS},
    {CURLE_SSL_CERTPROBLEM, NET_TLS},
    {CURLE_SSL_CLIENTCERT, NET_TLS},
    {CURLE_SSL_CIPHER, NET_TLS},
    {CURLE_SSL_CACERT_BADFILE, NET_TLS},
    {CURLE_SSL_CRL_BADFILE, NET_TLS},
    {CURLE_SSL_ISSUER_ERROR, NET_TLS},
    {CURLE_SSL_INVALIDCERTSTATUS, NET_TLS},
    {CURLE_SSL_PINNEDPUBKEYNOTMATCH, NET_TLS},
    {CURLE_SSL_ENGINE_NOTFOUND, NET_TLS},
    {CURLE_SSL_ENGINE_SETFAILED, NET_TLS},
    {CURLE_SSL_ENGINE_INITFAILED, NET_TLS},
    {CURLE_USE_SSL_FAILED, NET_TLS},
    {CURLE_SEND_ERROR, NET_BROKEN},
    {CURLE_SEND_FAIL_REWIND, NET_BROKEN},
    {CURLE_RECV_ERROR, NET_BROKEN},
    {CURLE_GOT_NOTHING, NET_BROKEN},
    {CURLE_PARTIAL_FILE, NET_BROKEN},
    {CURLE_WEIRD_SERVER_REPLY, NET_NONSENSE},
    {CURLE_HTTP2, NET_NONSENSE},
    {CURLE_HTTP2_STREAM, NET_NONSENSE},
    {CURLE_BAD_CONTENT_ENCODING, NET_NONSENSE},
    /* A field without end: by its name since 8.6, and before then so. */
    {CURLE_OUT_OF_MEMORY, NET_NONSENSE},
#if LIBCURL_VERSION_NUM >= 0x080600
    {CURLE_TOO_LARGE, NET_NONSENSE},
#endif
    /* Of an answer: HTTP/0.9. A URL of another scheme was refused before. */
    {CURLE_UNSUPPORTED_PROTOCOL, NET_NONSENSE},
};

enum error_net
http_fault_of(CURLcode code)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(faults); i++) {
		if (faults[i].code == code)
			return faults[i].net;
	}
	return NET_UNKNOWN;
}
