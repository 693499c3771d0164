/* SPDX-License-Identifier: Apache-2.0 */
/*
 * awaitd-local: the other side of asynchronous inference, an endpoint of
 * one's own. Everything is in local/, so that tests can link all of it.
 */
#include "base/coredump.h"
#include "base/discard.h"
#include "local/cli.h"

int
main(int argc, char **argv)
{
	int status;

	coredump_forbid();
	status = cli_main(argc, argv);
	discard_wait();
	return status;
}
