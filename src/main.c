/* SPDX-License-Identifier: Apache-2.0 */
/* awaitd: everything is in cmd/. It ends when its files are gone, too. */
#include "base/coredump.h"
#include "base/discard.h"
#include "cmd/cmd.h"

int
main(int argc, char **argv)
{
	int status;

	coredump_forbid();
	status = cmd_main(argc, argv);
	discard_wait();
	return status;
}
