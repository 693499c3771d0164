/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repage IMAGE TO: the same image as TO.jpg, TO.pgm and TO.tif, the last with
 * two pages of it, for the tests of awaitd-ocr.
 */
#include <leptonica/allheaders.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

int
main(int argc, char **argv)
{
	char *jpg, *pgm, *tif;
	PIX *any, *grey;
	int bad;

	if (argc != 3 || (any = pixRead(argv[1])) == NULL)
		return EXIT_FAILURE;
	grey = pixConvertTo8(any, 0);
	jpg = xasprintf("%s.jpg", argv[2]);
	pgm = xasprintf("%s.pgm", argv[2]);
	tif = xasprintf("%s.tif", argv[2]);
	bad = grey == NULL || pixWrite(jpg, grey, IFF_JFIF_JPEG) ||
	    pixWrite(pgm, grey, IFF_PNM) ||
	    pixWriteTiff(tif, grey, IFF_TIFF_LZW, "w") ||
	    pixWriteTiff(tif, grey, IFF_TIFF_LZW, "a");
	pixDestroy(&any);
	pixDestroy(&grey);
	free(jpg);
	free(pgm);
	free(tif);
	return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
