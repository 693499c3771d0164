/* SPDX-License-Identifier: Apache-2.0 */
/* Who answers which route (api.c). Include serve/api_call.h. */
#ifndef SERVE_API_HANDLERS_H
#define SERVE_API_HANDLERS_H

struct api_call;

typedef void api_fn(struct api_call *c);

api_fn api_submit; /* api_submit.c */
api_fn api_submit_json; /* api_submit_json.c */
api_fn api_submit_raw; /* api_submit_raw.c */
api_fn api_jobs_list; /* api_jobs.c */
api_fn api_jobs_get;
api_fn api_jobs_cancel;
api_fn api_jobs_retry;
api_fn api_jobs_cancel_all, api_jobs_retry_all; /* api_jobs_bulk.c */
api_fn api_openapi; /* api_openapi.c */
api_fn api_result; /* api_result.c */
api_fn api_result_url; /* api_result_url.c */
api_fn api_config_show; /* api_config.c */
api_fn api_reload;
api_fn api_deliveries_list; /* api_deliveries.c */
api_fn api_deliveries_get;
api_fn api_deliveries_replay;
api_fn api_deliveries_cancel;
api_fn api_attempts_list; /* api_attempts.c */
api_fn api_attempts_of;
api_fn api_attempts_get;
api_fn api_events; /* api_events.c */
api_fn api_targets_list; /* api_targets.c */
api_fn api_targets_enable;
api_fn api_targets_disable;
api_fn api_targets_test;
api_fn api_replay; /* api_replay.c */

#endif
