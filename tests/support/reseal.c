/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reseal FILE SQL: changes a state file that nobody has open, as if awaitd had
 * written it so: all rows get the checksums that belong to them.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/seal.h"

int
main(int argc, char **argv)
{
	sqlite3 *db;
	int bad;

	if (argc != 3) {
		fprintf(stderr, "usage: reseal FILE SQL\n");
		return 2;
	}
	bad = sqlite3_open(argv[1], &db) != SQLITE_OK ||
	    sqlite3_exec(db, argv[2], NULL, NULL, NULL) != SQLITE_OK ||
	    seal(db) != SQLITE_OK;
	if (bad)
		fprintf(stderr, "reseal: %s\n", sqlite3_errmsg(db));
	sqlite3_close(db);
	return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
