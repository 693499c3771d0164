/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of faults, as a script or the admin address hands them in: what is
 * taken can be listed, and the list is taken again as the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "local/fault.h"

#define LIST_MAX (16 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
hold(bool promise)
{
	if (!promise)
		abort();
}

static void
list_again(const struct buf *first)
{
	struct faults *f = faults_new();
	struct error err;
	struct buf second, ids;

	buf_init(&second, LIST_MAX);
	buf_init(&ids, 64 * 1024);
	hold(faults_add_text(f, first->data, &ids, &err) == 0);
	faults_list(f, &second);
	hold(strcmp(first->data, second.data) == 0);
	buf_done(&ids);
	buf_done(&second);
	faults_free(f);
}

static void
take_all(struct faults *f)
{
	struct fault_subject s = {.operation = "GetObject",
	    .endpoint = "a",
	    .bucket = "b",
	    .key = "c",
	    .topic = "d"};
	const struct fault *taken;
	int i;

	for (i = 0; i < FAULT_N; i++) {
		taken = fault_take(f, (enum fault_kind)i, &s);
		hold(taken == NULL || taken->kind == (enum fault_kind)i);
		hold(taken == NULL || taken->count == 0 ||
		    taken->taken <= taken->count);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct faults *f = faults_new();
	char *text = xstrndup((const char *)data, size);
	struct error err = {0};
	struct buf list;

	log_init(LOG_NONE, LOG_TEXT);
	buf_init(&list, LIST_MAX);
	if (faults_add_text(f, text, NULL, &err) == 0) {
		faults_list(f, &list);
		hold(!list.overflow);
		list_again(&list);
		take_all(f);
	} else {
		hold(err.code == ERR_CONFIG && err.text[0] != '\0');
		hold(err.hint[0] != '\0');
		faults_list(f, &list);
		hold(list.len == 0);
	}
	buf_done(&list);
	free(text);
	faults_free(f);
	return 0;
}
