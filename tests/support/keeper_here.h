/* SPDX-License-Identifier: Apache-2.0 */
/* Tests run the keeper of the build tree. */
#ifndef TESTS_KEEPER_HERE_H
#define TESTS_KEEPER_HERE_H

/* Where "make check" says that is, or else the current folder. */
void keeper_here(void);

#endif
