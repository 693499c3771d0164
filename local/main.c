/* SPDX-License-Identifier: Apache-2.0 */
/*
 * awaitd-local: the other side of asynchronous inference, an endpoint of
 * one's own. Everything is in local/, so that tests can link all of it.
 */
#include "local/cli.h"

int
main(int argc, char **argv)
{
	return cli_main(argc, argv);
}
