/* SPDX-License-Identifier: Apache-2.0 */
/* Errors of the API, written. Who may see what is decided by who fills them. */
#include "serve/problem.h"

#include "base/jsonw.h"
#include "net/http_server.h"

void
problem_write(const struct problem *p, struct buf *out)
{
	struct jsonw w;

	jsonw_init(&w, out);
	jsonw_begin(&w, NULL, '{');
	jsonw_str(&w, "type", "about:blank");
	jsonw_str(&w, "title", http_reason(p->status));
	jsonw_int(&w, "status", p->status);
	jsonw_str(&w, "code", p->code);
	jsonw_str(&w, "detail", p->detail);
	jsonw_opt(&w, "hint", p->hint);
	if (p->begun.name != NULL) {
		jsonw_int(&w, p->begun.name, p->begun.n);
		jsonw_opt(&w, "next", p->begun.next);
	}
	jsonw_end(&w, '}');
	buf_putc(out, '\n');
}

const char *
problem_code(int status)
{
	switch (status) {
	case 408:
		return "timeout";
	case 413:
	case 414:
	case 431:
		return "too_large";
	case 429:
	case 503:
		return "unavailable";
	default:
		return "bad_request";
	}
}
