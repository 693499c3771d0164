/* SPDX-License-Identifier: Apache-2.0 */
/* awaitd: everything is in cmd/. */
#include "cmd/cmd.h"

int
main(int argc, char **argv)
{
	return cmd_main(argc, argv);
}
