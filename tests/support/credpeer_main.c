/* SPDX-License-Identifier: Apache-2.0 */
/*
 * credpeer --port-file FILE --ledger FILE
 * Faults and what is right are set by POST /admin/fail/PLACE/WHAT/TIMES and
 * POST /admin/set/NAME/VALUE. Each other request is a line of the ledger:
 * place, method, path. Ends on SIGTERM and SIGINT.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "tests/support/credpeer.h"

static void
die(const char *what, const char *why)
{
	fprintf(stderr, "credpeer: %s: %s\n", what, why);
	exit(1);
}

static void
tell_port(const char *path, int port)
{
	char text[16];
	struct error err;

	snprintf(text, sizeof(text), "%d\n", port);
	if (file_write_atomic(path, text, strlen(text), 0600, &err) == -1)
		die(path, err.text);
}

static void
on_signal(void *arg)
{
	loop_stop(arg);
}

int
main(int argc, char **argv)
{
	struct loop_signal *term, *intr;
	struct loop *loop = loop_new();
	struct credpeer peer;
	struct error err;

	if (argc != 5 || !str_eq(argv[1], "--port-file") ||
	    !str_eq(argv[3], "--ledger"))
		die("usage", "credpeer --port-file FILE --ledger FILE");
	if (credpeer_init(&peer, loop, 0, &err) == -1)
		die("listen", err.text);
	peer.ledger =
	    open(argv[4], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (peer.ledger == -1)
		die(argv[4], strerror(errno));
	term = loop_signal_new(loop, SIGTERM, on_signal, loop);
	intr = loop_signal_new(loop, SIGINT, on_signal, loop);
	tell_port(argv[2], http_server_port(peer.server));
	loop_run(loop);
	credpeer_done(&peer);
	loop_signal_free(term);
	loop_signal_free(intr);
	loop_free(loop);
	return 0;
}
