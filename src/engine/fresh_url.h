/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For an attempt of a reference: a presigned URL of the result that is good
 * now, where the one in the body is over or there is none. The body stays as it
 * is. Only for step_deliver.c.
 */
#ifndef ENGINE_FRESH_URL_H
#define ENGINE_FRESH_URL_H

struct shipment;
typedef void fresh_url_fn(struct shipment *s);

/*
 * `next` runs once, now or later, with s->result_url where one was needed and
 * could be made. What stands in the way is no failure of the attempt.
 */
void fresh_url(struct shipment *s, fresh_url_fn *next);

/* Let go of what is under way; the URL is wiped. */
void fresh_url_cancel(struct shipment *s);

#endif
