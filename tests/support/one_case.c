/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In a test of campaign-mutants: it runs the one case that AWAITD_CASE names,
 * as others may take a minute.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

__attribute__((constructor)) static void
choose_case(void)
{
	cmocka_set_test_filter(getenv("AWAITD_CASE"));
}
