/* SPDX-License-Identifier: Apache-2.0 */
/*
 * awaitd __complete WORD...: what the last of these words of a command line,
 * which may be empty, could become. For the scripts of `awaitd completion`; not
 * for people, and not documented.
 *
 * The first line says who knows: "words" (each of the lines that follow is one,
 * a tab, and what it is), "files" or "folders" (the shell does). There are no
 * errors: who cannot help says "words" and nothing more. It ends within a
 * second, whatever it waits for, with status 0.
 */
#ifndef CMD_COMPLETE_H
#define CMD_COMPLETE_H

#define COMPLETE_COMMAND "__complete"

/* A cmd_status. */
int complete_main(int nwords, char **words);

#endif
