/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Networks from configurations, and addresses from the DNS. What is refused of
 * IPv4 is refused in each of its wrappings; nothing opens what is never open.
 */
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "net/egress.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool ok)
{
	if (!ok)
		abort();
}

static int
check(const struct egress *e, const void *address, bool is_v4)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	struct error err;
	int rc;

	error_clear(&err);
	if (is_v4) {
		memcpy(&v4.sin_addr, address, 4);
		rc = egress_check(e, (struct sockaddr *)&v4, false, &err);
	} else {
		memcpy(&v6.sin6_addr, address, 16);
		rc = egress_check(e, (struct sockaddr *)&v6, false, &err);
	}
	must(rc == 0 || (err.code == ERR_REFUSED && *err.text != '\0'));
	return rc;
}

static void
check_wrappings(const struct egress *e, const uint8_t *v4)
{
	uint8_t mapped[16] = {[10] = 0xff, 0xff};
	uint8_t nat64[16] = {0, 0x64, 0xff, 0x9b};
	uint8_t to4[16] = {0x20, 0x02};
	int plain = check(e, v4, true);

	memcpy(mapped + 12, v4, 4);
	memcpy(nat64 + 12, v4, 4);
	memcpy(to4 + 2, v4, 4);
	must(check(e, mapped, false) == plain);
	must(plain == 0 || check(e, nat64, false) == -1);
	must(plain == 0 || check(e, to4, false) == -1);
	must(v4[0] != 169 || v4[1] != 254 || plain == -1);
}

/* An address, and behind it a network. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;
	const char *networks[2] = {NULL};
	struct egress *e;
	struct error err;

	if (size < 16)
		return 0;
	text = xstrndup((const char *)data + 16, size - 16);
	networks[0] = text;
	error_clear(&err);
	if (egress_new(networks, &e, &err) == 0) {
		check_wrappings(e, data);
		check_wrappings(e, data + 12);
		must(check(e, data, false) == 0 || data[0] != 0x2a ||
		    (data[8] & 0xfd) == 0);
		egress_free(e);
	} else {
		must(err.code == ERR_CONFIG && *err.text != '\0');
	}
	free(text);
	return 0;
}
