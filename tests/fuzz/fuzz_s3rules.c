/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a bucket is to tell, from anybody: no crash, no leak, and what is read
 * is the same once it was kept.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "local/s3events_rule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct s3events_rules *rules = s3events_rules_new();
	struct s3events_rules *again = s3events_rules_new();
	char *text = NULL, *more = NULL;
	struct error err = {0};

	if (s3events_rules_read_xml(rules, (const char *)data, size, &err) ==
	    -1) {
		if (rules->n != 0 || err.text[0] == '\0')
			abort();
	} else {
		text = s3events_rules_text(rules);
	}
	if (text != NULL) {
		s3events_rules_of_text(again, text);
		more = s3events_rules_text(again);
		if (more == NULL || strcmp(text, more) != 0)
			abort();
	}
	free(text);
	free(more);
	s3events_rules_free(rules);
	s3events_rules_free(again);
	return 0;
}
