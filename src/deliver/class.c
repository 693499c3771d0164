/* SPDX-License-Identifier: Apache-2.0 */
/* Classes of trouble: their names, and what errors belong to them. */
#include "deliver/class.h"

#include <stddef.h>

#include "base/mem.h"
#include "base/str.h"

static const char *const names[] = {
    [CLASS_NONE] = NULL,
    [CLASS_DNS] = "dns",
    [CLASS_CONNECT] = "connect",
    [CLASS_TLS] = "tls",
    [CLASS_TIMEOUT] = "timeout",
    [CLASS_RESET] = "reset",
    [CLASS_PROTOCOL] = "protocol",
    [CLASS_EGRESS] = "egress",
    [CLASS_STATUS] = "status",
    [CLASS_EARLY] = "early",
    [CLASS_START] = "start",
    [CLASS_EXIT] = "exit",
    [CLASS_SIGNAL] = "signal",
    [CLASS_LOST] = "lost",
    [CLASS_SOURCE] = "source",
    [CLASS_ROOM] = "room",
    [CLASS_IO] = "io",
    [CLASS_EXISTS] = "exists",
    [CLASS_LIMIT] = "limit",
    [CLASS_CONFIG] = "config",
    [CLASS_STOPPED] = "stopped",
    [CLASS_DIED] = "died",
    [CLASS_OTHER] = "other",
};

const char *
deliver_class_name(enum deliver_class c)
{
	return names[c];
}

int
deliver_class_parse(const char *name, enum deliver_class *out)
{
	size_t i;

	for (i = CLASS_NONE + 1; i < ARRAY_LEN(names); i++) {
		if (str_eq(names[i], name)) {
			*out = (enum deliver_class)i;
			return 0;
		}
	}
	return -1;
}

void
deliver_class_list(struct buf *out)
{
	size_t i;

	for (i = CLASS_NONE + 1; i < ARRAY_LEN(names); i++)
		buf_printf(
		    out, "%s%s", i > CLASS_NONE + 1 ? ", " : "", names[i]);
}

static enum deliver_class
of_net(enum error_net net)
{
	switch (net) {
	case NET_DNS:
		return CLASS_DNS;
	case NET_CONNECT:
		return CLASS_CONNECT;
	case NET_TLS:
		return CLASS_TLS;
	case NET_NONSENSE:
		return CLASS_PROTOCOL;
	case NET_BROKEN:
	case NET_UNKNOWN:
		break;
	}
	return CLASS_RESET;
}

enum deliver_class
deliver_class_of(const struct error *err)
{
	if (err_no_room(err))
		return CLASS_ROOM;
	switch (err->code) {
	case ERR_NET:
		return of_net(err->net);
	case ERR_TIMEOUT:
		return CLASS_TIMEOUT;
	case ERR_REFUSED:
		return CLASS_EGRESS;
	case ERR_PROTOCOL:
		return CLASS_PROTOCOL;
	case ERR_CONFIG:
	case ERR_USAGE:
		return CLASS_CONFIG;
	case ERR_IO:
	case ERR_BUSY:
		return CLASS_IO;
	case ERR_EXISTS:
		return CLASS_EXISTS;
	case ERR_LIMIT:
		/* An answer's head without end is none. */
		return err->net == NET_NONSENSE ? CLASS_PROTOCOL : CLASS_LIMIT;
	default:
		return CLASS_OTHER;
	}
}
