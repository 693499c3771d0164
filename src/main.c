/* SPDX-License-Identifier: Apache-2.0 */
/* awaitd: everything is in cmd/. It ends when its files are gone, too. */
#include "base/coredump.h"
#include "base/discard.h"
#include "base/offload.h"
#include "cmd/cmd.h"

/* What was cancelled ends soon, unless its disk hangs. */
#define OFFLOAD_MS 5000

int
main(int argc, char **argv)
{
	int status;

	coredump_forbid();
	status = cmd_main(argc, argv);
	discard_wait();
	offload_wait_all(OFFLOAD_MS);
	return status;
}
