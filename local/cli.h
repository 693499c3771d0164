/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of awaitd-local. */
#ifndef LOCAL_CLI_H
#define LOCAL_CLI_H

/* Everything the program does; returns its exit status: 0, 1, or 2 where
 * the command line or the configuration is wrong. */
int cli_main(int argc, char **argv);

#endif
