/* SPDX-License-Identifier: Apache-2.0 */
/* From SNS's requests to the doorbell. */
#include "serve/sns_listener.h"

#include <stddef.h>

int
sns_listener_open(const struct service *service, struct doorbell *doorbell,
    struct sns_listener **out, struct error *err)
{
	(void)doorbell;
	*out = NULL;
	if (service->conf->sns.listen == NULL)
		return 0;
	return err_set(err, ERR_CONFIG, "[sns] listen cannot be served yet");
}

void
sns_listener_drain(struct sns_listener *l)
{
	(void)l;
}

unsigned
sns_listener_connections(const struct sns_listener *l)
{
	(void)l;
	return 0;
}

void
sns_listener_free(struct sns_listener *l)
{
	(void)l;
}
