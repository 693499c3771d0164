/* SPDX-License-Identifier: Apache-2.0 */
/*
 * awaitd-ocr: Tesseract on its library as a container. One engine a worker,
 * loaded once; the pages of a TIFF are parted by form feeds. The only home of
 * Tesseract and Leptonica. OCR_LANGUAGE names the language, "eng" without.
 *
 * The bytes decide what an image is, never a name: there is no list of files
 * to be read, as the tesseract command would take a text for one.
 */
#include "containers/container.h"

#include <leptonica/allheaders.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tesseract/capi.h>
#include <unistd.h>

#include "base/jsonw.h"
#include "base/log.h"
#include "base/str.h"

/* Asked of the header before anything is decoded: A3 at 600 dpi has 70 million
 * pixels, of 4 bytes each; Tesseract counts in 16 bits with a sign. */
#define PIXELS_MAX 80000000
#define SIDE_MAX 32767
#define PAGES_MAX 100
#define MESSAGE_SIZE 256

struct pages {
	TessBaseAPI *engine;
	struct buf *text;
	int n;
	int confidence; /* of all pages together */
};

/* --- what leptonica says -------------------------------------------- */

/* The first line it said in this thread since it was asked for an image. */
static _Thread_local char said[MESSAGE_SIZE];

/* "Error in pixReadStreamPng: no data\n": the function's name is not told. */
static void
on_message(const char *line)
{
	const char *colon = strstr(line, ": ");
	char *end;

	if (said[0] != '\0' || !str_starts(line, "Error in "))
		return;
	snprintf(said, sizeof(said), "%s", colon != NULL ? colon + 2 : line);
	end = strchr(said, '\n');
	if (end != NULL)
		*end = '\0';
	str_defang(said);
}

static int
bad_image(int page, const char *what, struct error *err)
{
	return err_set(err, ERR_USAGE, "page %d: %s%s%s", page, what,
	    said[0] != '\0' ? ": " : "", said);
}

/* --- images --------------------------------------------------------- */

static bool
is_tiff(int format)
{
	return L_FORMAT_IS_TIFF(format);
}

/* What the first bytes say, and the size of the page from its header. */
static int
look(
    const struct container_request *r, int page, int *format, struct error *err)
{
	const l_uint8 *data = (const l_uint8 *)r->data;
	l_int32 w = 0, h = 0, bps, spp, failed;

	if (is_tiff(*format))
		failed = readHeaderMemTiff(data, r->len, page - 1, &w, &h, &bps,
		    &spp, NULL, NULL, NULL);
	else
		failed = pixReadHeaderMem(
		    data, r->len, NULL, &w, &h, &bps, &spp, NULL);
	if (failed || w < 1 || h < 1)
		return bad_image(page, "the image has no sound header", err);
	if (w > SIDE_MAX || h > SIDE_MAX || (int64_t)w * h > PIXELS_MAX)
		return err_set(err, ERR_USAGE,
		    "page %d: an image of %d x %d is too large", page, w, h);
	return 0;
}

static int
find_format(const struct container_request *r, int *format, struct error *err)
{
	l_uint8 start[16] = {0};

	/* Leptonica looks at up to 12 bytes, however few there are. */
	memcpy(start, r->data, r->len < sizeof(start) ? r->len : sizeof(start));
	if (findFileFormatBuffer(start, format) == 0 &&
	    (*format == IFF_PNG || *format == IFF_JFIF_JPEG ||
		*format == IFF_PNM || is_tiff(*format)))
		return 0;
	return err_set(
	    err, ERR_USAGE, "the payload is no PNG, JPEG, TIFF or PNM image");
}

/* Of a TIFF the page at *offset, which then is that of the next or 0. */
static PIX *
decode(const struct container_request *r, int format, size_t *offset)
{
	const l_uint8 *data = (const l_uint8 *)r->data;
	l_int32 warnings = 0;

	if (is_tiff(format))
		return pixReadMemFromMultipageTiff(data, r->len, offset);
	if (format == IFF_PNG)
		return pixReadMemPng(data, r->len);
	if (format == IFF_PNM)
		return pixReadMemPnm(data, r->len);
	/* Without the hint to go on, a JPEG that was cut short is refused. */
	return pixReadMemJpeg(data, r->len, 0, 1, &warnings, 0);
}

/* --- text ----------------------------------------------------------- */

static int
read_page(struct pages *p, PIX *pix, struct error *err)
{
	char *text;

	TessBaseAPISetImage2(p->engine, pix);
	text = TessBaseAPIRecognize(p->engine, NULL) == 0
	    ? TessBaseAPIGetUTF8Text(p->engine)
	    : NULL;
	if (text == NULL)
		return err_set(err, ERR_REMOTE, "tesseract read nothing");
	if (p->n++ > 0)
		buf_putc(p->text, '\f');
	buf_puts(p->text, text);
	p->confidence += TessBaseAPIMeanTextConf(p->engine);
	TessDeleteText(text);
	TessBaseAPIClear(p->engine);
	return 0;
}

static int
read_pages(
    struct pages *p, const struct container_request *r, struct error *err)
{
	size_t offset = 0;
	int format, rc;
	PIX *pix;

	if (find_format(r, &format, err) == -1)
		return -1;
	do {
		said[0] = '\0';
		if (p->n == PAGES_MAX)
			return err_set(
			    err, ERR_USAGE, "more than %d pages", PAGES_MAX);
		if (look(r, p->n + 1, &format, err) == -1)
			return -1;
		pix = decode(r, format, &offset);
		if (pix == NULL)
			return bad_image(p->n + 1, "the image is broken", err);
		rc = read_page(p, pix, err);
		pixDestroy(&pix);
	} while (rc == 0 && offset != 0);
	return rc;
}

/* The first of the two types that is named wins; weights are not read. */
static bool
wants_json(const char *accept)
{
	char lower[256] = "";
	const char *json, *text;

	snprintf(lower, sizeof(lower), "%s", accept != NULL ? accept : "");
	str_lower(lower);
	json = strstr(lower, "application/json");
	text = strstr(lower, "text/plain");
	return json != NULL && (text == NULL || json < text);
}

static void
write_json(const struct pages *p, struct buf *out)
{
	struct jsonw w;

	jsonw_init(&w, out);
	jsonw_begin(&w, NULL, '{');
	jsonw_strn(&w, "text", p->text->data, p->text->len);
	jsonw_int(&w, "confidence", p->confidence / p->n);
	jsonw_int(&w, "pages", p->n);
	jsonw_end(&w, '}');
	buf_putc(out, '\n');
}

static int
run(void *self, const struct container_request *r, struct buf *answer,
    const char **type, struct error *err)
{
	struct pages p = {.engine = self};
	struct buf text;
	int rc;

	if (!wants_json(r->accept)) {
		*type = "text/plain; charset=utf-8";
		p.text = answer;
		return read_pages(&p, r, err);
	}
	*type = "application/json";
	buf_init(&text, CONTAINER_ANSWER_MAX);
	p.text = &text;
	rc = read_pages(&p, r, err);
	if (rc == 0 && p.n > 0)
		write_json(&p, answer);
	buf_done(&text);
	return rc;
}

/* --- engines -------------------------------------------------------- */

static int
make(void **out, struct error *err)
{
	const char *language = getenv("OCR_LANGUAGE");
	TessBaseAPI *engine = TessBaseAPICreate();

	if (str_empty(language))
		language = "eng";
	if (engine == NULL || TessBaseAPIInit3(engine, NULL, language) != 0) {
		if (engine != NULL)
			TessBaseAPIDelete(engine);
		return err_set(err, ERR_CONFIG,
		    "tesseract cannot load the language '%s'", language);
	}
	/* What it guesses about a page is no error. */
	TessBaseAPISetVariable(engine, "debug_file", "/dev/null");
	*out = engine;
	return 0;
}

static void
release(void *self)
{
	TessBaseAPIEnd(self);
	TessBaseAPIDelete(self);
}

/* OpenMP reads this before main() begins. Threads in threads only get in each
 * other's way: a page takes longer with them where all processors work. */
static void
limit_threads(char **argv)
{
	char self[4096] = "";

	if (getenv("OMP_THREAD_LIMIT") != NULL)
		return;
	setenv("OMP_THREAD_LIMIT", "1", 1);
	/* By its own path, so that it keeps its name among processes. */
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) > 0)
		execv(self, argv);
	log_warn("awaitd-ocr", "OMP_THREAD_LIMIT=1 comes too late");
}

int
main(int argc, char **argv)
{
	static const char *const types[] = {"image/png", "image/jpeg",
	    "image/tiff", "image/x-portable-anymap", "image/x-portable-bitmap",
	    "image/x-portable-graymap", "image/x-portable-pixmap", NULL};
	static const struct container_model model = {
	    .name = "awaitd-ocr",
	    .purpose = "The text of a scanned page: PNG, JPEG, TIFF or PNM.",
	    .types = types,
	    .max_payload = (int64_t)64 << 20,
	    .make = make,
	    .free = release,
	    .run = run,
	};

	limit_threads(argv);
	leptSetStderrHandler(on_message);
	return container_main(&model, argc, argv);
}
