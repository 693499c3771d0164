# awaitd: one list a layer, one module a line, sorted. Only main.c stays
# outside the library, so that tests can link everything else.

base_sources =
base_sources += src/base/backoff.c src/base/backoff.h
base_sources += src/base/buf.c src/base/buf.h
base_sources += src/base/child.c src/base/child.h
base_sources += src/base/clock.c src/base/clock.h
base_sources += src/base/coredump.c src/base/coredump.h
base_sources += src/base/crash.c src/base/crash.h
base_sources += src/base/discard.c src/base/discard.h
base_sources += src/base/ed25519.c src/base/ed25519.h
base_sources += src/base/encode.c src/base/encode.h
base_sources += src/base/error.c src/base/error.h
base_sources += src/base/file.c src/base/file.h
base_sources += src/base/hash.c src/base/hash.h
base_sources += src/base/ini.c src/base/ini.h
base_sources += src/base/instant.c src/base/instant.h
base_sources += src/base/intern.c src/base/intern.h
base_sources += src/base/json.c src/base/json.h
base_sources += src/base/jsonw.c src/base/jsonw.h
base_sources += src/base/keeper.c src/base/keeper.h
base_sources += src/base/log.c src/base/log.h
base_sources += src/base/loop.c src/base/loop.h
base_sources += src/base/map.c src/base/map.h
base_sources += src/base/mem.c src/base/mem.h
base_sources += src/base/near.c src/base/near.h
base_sources += src/base/offload.c src/base/offload.h
base_sources += src/base/random.c src/base/random.h
base_sources += src/base/schedule.c src/base/schedule.h
base_sources += src/base/siphash.c src/base/siphash.h
base_sources += src/base/str.c src/base/str.h
base_sources += src/base/timefmt.c src/base/timefmt.h

job_sources =
job_sources += src/job/attempt.c src/job/attempt.h
job_sources += src/job/attempt_entry.c src/job/attempt_entry.h
job_sources += src/job/attemptjson.c src/job/attemptjson.h
job_sources += src/job/delivery.c src/job/delivery.h
job_sources += src/job/fold.c src/job/fold.h
job_sources += src/job/job.c src/job/job.h
job_sources += src/job/job_event.c src/job/job_event.h
job_sources += src/job/job_spec.c src/job/job_spec.h
job_sources += src/job/jobid.c src/job/jobid.h
job_sources += src/job/jobjson.c src/job/jobjson.h
job_sources += src/job/route.c src/job/route.h
job_sources += src/job/submission.c src/job/submission.h
job_sources += src/job/tags.c src/job/tags.h
job_sources += src/job/trace.c src/job/trace.h

net_sources =
net_sources += src/net/egress.c src/net/egress.h
net_sources += src/net/header.c src/net/header.h
net_sources += src/net/http_chunk.c src/net/http_chunk.h
net_sources += src/net/http_client.c src/net/http_client.h
net_sources += src/net/http_easy.c src/net/http_easy.h
net_sources += src/net/http_fault.c src/net/http_fault.h
net_sources += src/net/http_guard.c src/net/http_guard.h
net_sources += src/net/http_identity.c src/net/http_identity.h
net_sources += src/net/http_parse.c src/net/http_parse.h
net_sources += src/net/http_response.c
net_sources += src/net/http_server.c src/net/http_server.h
net_sources += src/net/http_server_body.c
net_sources += src/net/http_server_conn.c src/net/http_server_conn.h
net_sources += src/net/http_server_exchange.h
net_sources += src/net/http_server_listen.c src/net/http_server_listen.h
net_sources += src/net/http_server_options.h
net_sources += src/net/http_server_reply.c
net_sources += src/net/http_server_shape.c src/net/http_server_shape.h
net_sources += src/net/http_server_source.c
net_sources += src/net/http_server_stream.c src/net/http_server_stream.h
net_sources += src/net/http_server_tls.c src/net/http_server_tls.h
net_sources += src/net/http_server_unix.c
net_sources += src/net/http_server_watch.c
net_sources += src/net/pem.c src/net/pem.h
net_sources += src/net/proxy.c src/net/proxy.h
net_sources += src/net/http_upload.c src/net/http_upload.h
net_sources += src/net/sockset.c src/net/sockset.h
net_sources += src/net/url.c src/net/url.h

aws_sources =
aws_sources += src/aws/attribute.h
aws_sources += src/aws/awserr.c src/aws/awserr.h
aws_sources += src/aws/call.c src/aws/call.h
aws_sources += src/aws/client.c src/aws/client.h
aws_sources += src/aws/creds.c src/aws/creds.h
aws_sources += src/aws/creds_answer.c
aws_sources += src/aws/creds_ask.c src/aws/creds_ask.h
aws_sources += src/aws/creds_cache.c src/aws/creds_cache.h
aws_sources += src/aws/creds_container.c
aws_sources += src/aws/creds_fetch.c src/aws/creds_fetch.h
aws_sources += src/aws/creds_imds.c
aws_sources += src/aws/creds_plan.c src/aws/creds_plan.h
aws_sources += src/aws/creds_plan_env.c
aws_sources += src/aws/creds_plan_inner.h
aws_sources += src/aws/creds_plan_order.c
aws_sources += src/aws/creds_plan_profile.c
aws_sources += src/aws/creds_plan_remote.c
aws_sources += src/aws/creds_plan_role.c
aws_sources += src/aws/creds_process.c
aws_sources += src/aws/creds_role.c
aws_sources += src/aws/creds_source.h
aws_sources += src/aws/creds_sso.c
aws_sources += src/aws/creds_sso_cache.c src/aws/creds_sso_cache.h
aws_sources += src/aws/creds_web_identity.c
aws_sources += src/aws/endpoint.c src/aws/endpoint.h
aws_sources += src/aws/grant.c src/aws/grant.h
aws_sources += src/aws/partition.c src/aws/partition.h
aws_sources += src/aws/peer.c src/aws/peer.h
aws_sources += src/aws/profile.c src/aws/profile.h
aws_sources += src/aws/query.c src/aws/query.h
aws_sources += src/aws/queryxml.c src/aws/queryxml.h
aws_sources += src/aws/retry.c src/aws/retry.h
aws_sources += src/aws/s3.c src/aws/s3.h
aws_sources += src/aws/s3_compare.c
aws_sources += src/aws/s3_get.c
aws_sources += src/aws/s3_inner.h
aws_sources += src/aws/s3_list.c
aws_sources += src/aws/s3_presign.c
aws_sources += src/aws/s3_put.c
aws_sources += src/aws/s3_region.c src/aws/s3_region.h
aws_sources += src/aws/s3_watch.h
aws_sources += src/aws/s3event.c src/aws/s3event.h
aws_sources += src/aws/s3file.c src/aws/s3file.h
aws_sources += src/aws/s3sum.c src/aws/s3sum.h
aws_sources += src/aws/s3uri.c src/aws/s3uri.h
aws_sources += src/aws/s3url.c src/aws/s3url.h
aws_sources += src/aws/s3xml.c src/aws/s3xml.h
aws_sources += src/aws/sagemaker.c src/aws/sagemaker.h
aws_sources += src/aws/sagemaker_notice.c src/aws/sagemaker_notice.h
aws_sources += src/aws/sigv4.c src/aws/sigv4.h
aws_sources += src/aws/sigv4_canonical.c
aws_sources += src/aws/sigv4_verify.c src/aws/sigv4_verify.h
aws_sources += src/aws/sns.c src/aws/sns.h
aws_sources += src/aws/sns_api.c src/aws/sns_api.h
aws_sources += src/aws/sns_cert.c src/aws/sns_cert.h
aws_sources += src/aws/sns_certs.c src/aws/sns_certs.h
aws_sources += src/aws/sns_host.c src/aws/sns_host.h
aws_sources += src/aws/sns_verify.c src/aws/sns_verify.h
aws_sources += src/aws/sqs.h
aws_sources += src/aws/sns.h
aws_sources += src/aws/sns_api.h
aws_sources += src/aws/sns_verify.h
aws_sources += src/aws/sqs.c src/aws/sqs.h
aws_sources += src/aws/sqs_place.c src/aws/sqs_place.h
aws_sources += src/aws/sts.c src/aws/sts.h
aws_sources += src/aws/xml.c src/aws/xml.h

store_sources =
store_sources += src/store/ask.c src/store/ask.h
store_sources += src/store/backend.h
store_sources += src/store/event.c src/store/event.h
store_sources += src/store/memory.c
store_sources += src/store/memory_db.h src/store/memory_row.h
store_sources += src/store/memory_attempt.c
store_sources += src/store/memory_event.c src/store/memory_event.h
store_sources += src/store/memory_notice.c
store_sources += src/store/memory_read.c
store_sources += src/store/memory_write.c
store_sources += src/store/reserve.c src/store/reserve.h
store_sources += src/store/sqlite.c
store_sources += src/store/sqlite_columns.h
store_sources += src/store/sqlite_damage.c src/store/sqlite_damage.h
store_sources += src/store/sqlite_db.h
store_sources += src/store/sqlite_migrate.c
store_sources += src/store/sqlite_notice.c
store_sources += src/store/sqlite_read.c
store_sources += src/store/sqlite_sql.c
store_sources += src/store/sqlite_tend.c
store_sources += src/store/sqlite_trouble.c
store_sources += src/store/sqlite_event.c src/store/sqlite_event.h
store_sources += src/store/sqlite_forget.c
store_sources += src/store/sqlite_more.c
store_sources += src/store/sqlite_read.c src/store/sqlite_read.h
store_sources += src/store/sqlite_read_attempt.c
store_sources += src/store/sqlite_read_delivery.c
store_sources += src/store/sqlite_row.c src/store/sqlite_row.h
store_sources += src/store/sqlite_rows.c
store_sources += src/store/sqlite_statement.h
store_sources += src/store/sqlite_sum.c src/store/sqlite_sum.h
store_sources += src/store/sqlite_value.c
store_sources += src/store/sqlite_write.c
store_sources += src/store/store.c src/store/store.h
store_sources += src/store/store_batch.c
store_sources += src/store/store_inner.h
store_sources += src/store/store_list.c
store_sources += src/store/store_mood.c
store_sources += src/store/store_news.c
store_sources += src/store/store_events.h
store_sources += src/store/store_notice.h
store_sources += src/store/store_op.h
store_sources += src/store/store_read.h
store_sources += src/store/store_verbs.c
store_sources += src/store/store_write.h

deliver_sources =
deliver_sources += src/deliver/class.c src/deliver/class.h
deliver_sources += src/deliver/cloudevent.c src/deliver/cloudevent.h
deliver_sources += src/deliver/deadletter.c src/deliver/deadletter.h
deliver_sources += src/deliver/callback.c src/deliver/callback.h
deliver_sources += src/deliver/dir.c src/deliver/dir.h
deliver_sources += src/deliver/dirfile.c src/deliver/dirfile.h
deliver_sources += src/deliver/driver.c src/deliver/driver.h
deliver_sources += src/deliver/exec.c src/deliver/exec.h
deliver_sources += src/deliver/execenv.c src/deliver/execenv.h
deliver_sources += src/deliver/headerfile.c src/deliver/headerfile.h
deliver_sources += src/deliver/payload.c src/deliver/payload.h
deliver_sources += src/deliver/secretfile.c src/deliver/secretfile.h
deliver_sources += src/deliver/facts.c src/deliver/facts.h
deliver_sources += src/deliver/freeze.c src/deliver/freeze.h
deliver_sources += src/deliver/trial.c src/deliver/trial.h
deliver_sources += src/deliver/unixsock.c src/deliver/unixsock.h
deliver_sources += src/deliver/webhook.c src/deliver/webhook.h
deliver_sources += src/deliver/whanswer.c src/deliver/whanswer.h
deliver_sources += src/deliver/whfields.c src/deliver/whfields.h
deliver_sources += src/deliver/whkey.c src/deliver/whkey.h
deliver_sources += src/deliver/whmask.c src/deliver/whmask.h
deliver_sources += src/deliver/whrequest.c src/deliver/whrequest.h
deliver_sources += src/deliver/whsign.c src/deliver/whsign.h

engine_sources =
engine_sources += src/engine/access.c src/engine/access.h
engine_sources += src/engine/adopt.c
engine_sources += src/engine/again.c src/engine/again.h
engine_sources += src/engine/agenda.c src/engine/agenda.h
engine_sources += src/engine/alias.c src/engine/alias.h
engine_sources += src/engine/answer.c src/engine/answer.h
engine_sources += src/engine/bell.c src/engine/bell.h
engine_sources += src/engine/bells.h
engine_sources += src/engine/breaker.c src/engine/breaker.h
engine_sources += src/engine/budget.c src/engine/budget.h
engine_sources += src/engine/core.h
engine_sources += src/engine/curve.c src/engine/curve.h
engine_sources += src/engine/deadletter.c
engine_sources += src/engine/direct.c src/engine/direct.h
engine_sources += src/engine/dispatch.c src/engine/dispatch.h
engine_sources += src/engine/doubt.c src/engine/doubt.h
engine_sources += src/engine/engine.c src/engine/engine.h
engine_sources += src/engine/explain.c src/engine/explain.h
engine_sources += src/engine/fetch.c src/engine/fetch.h
engine_sources += src/engine/found.c src/engine/found.h
engine_sources += src/engine/fresh_url.c src/engine/fresh_url.h
engine_sources += src/engine/habit.c src/engine/habit.h
engine_sources += src/engine/health.c src/engine/health.h
engine_sources += src/engine/lane.c src/engine/lane.h
engine_sources += src/engine/lane_health.c
engine_sources += src/engine/lane_inner.h
engine_sources += src/engine/lane_kept.c
engine_sources += src/engine/lane_turn.c
engine_sources += src/engine/late.c src/engine/late.h
engine_sources += src/engine/learn.c src/engine/learn.h
engine_sources += src/engine/learned.c src/engine/learned.h
engine_sources += src/engine/limits.c src/engine/limits.h
engine_sources += src/engine/look.c src/engine/look.h
engine_sources += src/engine/move_log.c src/engine/move_log.h
engine_sources += src/engine/names.c src/engine/names.h
engine_sources += src/engine/news.c src/engine/news.h
engine_sources += src/engine/outlook.c src/engine/outlook.h
engine_sources += src/engine/own.c src/engine/own.h
engine_sources += src/engine/pace.c src/engine/pace.h
engine_sources += src/engine/plan.c src/engine/plan.h
engine_sources += src/engine/presign.c src/engine/presign.h
engine_sources += src/engine/reason.c src/engine/reason.h
engine_sources += src/engine/segment.c src/engine/segment.h
engine_sources += src/engine/settle.c src/engine/settle.h
engine_sources += src/engine/site.c src/engine/site.h
engine_sources += src/engine/spool.c src/engine/spool.h
engine_sources += src/engine/step.c src/engine/step.h
engine_sources += src/engine/step_deliver.c
engine_sources += src/engine/step_poll.c
engine_sources += src/engine/step_submit.c
engine_sources += src/engine/stream.c src/engine/stream.h
engine_sources += src/engine/sweep.c src/engine/sweep.h
engine_sources += src/engine/sweep_due.c
engine_sources += src/engine/sweep_inner.h
engine_sources += src/engine/sweep_list.c
engine_sources += src/engine/times.c src/engine/times.h
engine_sources += src/engine/waiting.h
engine_sources += src/engine/work.c
engine_sources += src/engine/work.h

conf_sources =
conf_sources += src/conf/conf.c src/conf/conf.h
conf_sources += src/conf/conf_about.c
conf_sources += src/conf/conf_check.c
conf_sources += src/conf/conf_read.c src/conf/conf_read.h
conf_sources += src/conf/conf_show.c
conf_sources += src/conf/conf_warn.c
conf_sources += src/conf/keys.c src/conf/keys.h
conf_sources += src/conf/section.c src/conf/section.h
conf_sources += src/conf/types.h
conf_sources += src/conf/types_head.h
conf_sources += src/conf/types_notice.h
conf_sources += src/conf/types_target.h
conf_sources += src/conf/value.c src/conf/value.h

serve_sources =
serve_sources += src/serve/api.c src/serve/api.h
serve_sources += src/serve/api_asked.c src/serve/api_asked.h
serve_sources += src/serve/api_bulk.c src/serve/api_bulk.h
serve_sources += src/serve/api_call.h
serve_sources += src/serve/api_config.c
serve_sources += src/serve/api_attempts.c
serve_sources += src/serve/api_deliveries.c
serve_sources += src/serve/api_events.c
serve_sources += src/serve/api_handlers.h
serve_sources += src/serve/api_input.c src/serve/api_input.h
serve_sources += src/serve/api_jobs.c
serve_sources += src/serve/api_jobs_bulk.c
serve_sources += src/serve/api_filter.c src/serve/api_filter.h
serve_sources += src/serve/api_list.c src/serve/api_list.h
serve_sources += src/serve/api_openapi.c
serve_sources += src/serve/api_query.c src/serve/api_query.h
serve_sources += src/serve/api_range.c src/serve/api_range.h
serve_sources += src/serve/api_reply.c
serve_sources += src/serve/api_replay.c
serve_sources += src/serve/api_result.c
serve_sources += src/serve/api_result_url.c
serve_sources += src/serve/api_stream.h
serve_sources += src/serve/api_routes.h
serve_sources += src/serve/api_submit.c src/serve/api_submit.h
serve_sources += src/serve/api_submit_json.c
serve_sources += src/serve/api_submit_raw.c
serve_sources += src/serve/api_targets.c
serve_sources += src/serve/api_submit_trace.c
serve_sources += src/serve/conf_json.c src/serve/conf_json.h
serve_sources += src/serve/doorbell.c src/serve/doorbell.h
serve_sources += src/serve/gateway.c src/serve/gateway.h
serve_sources += src/serve/gateway_answer.c
serve_sources += src/serve/gateway_ask.c
serve_sources += src/serve/gateway_call.c
serve_sources += src/serve/gateway_inner.h
serve_sources += src/serve/gateway_keys.c src/serve/gateway_keys.h
serve_sources += src/serve/gateway_request.c
serve_sources += src/serve/event_filter.c src/serve/event_filter.h
serve_sources += src/serve/event_text.c src/serve/event_text.h
serve_sources += src/serve/events.c src/serve/events.h
serve_sources += src/serve/intake.c src/serve/intake.h
serve_sources += src/serve/listeners.c src/serve/listeners.h
serve_sources += src/serve/metrics.c src/serve/metrics.h
serve_sources += src/serve/metrics_targets.c
serve_sources += src/serve/problem.c src/serve/problem.h
serve_sources += src/serve/quiet.c src/serve/quiet.h
serve_sources += src/serve/prune.c src/serve/prune.h
serve_sources += src/serve/queue_letter.c src/serve/queue_letter.h
serve_sources += src/serve/queue_pump.c src/serve/queue_pump.h
serve_sources += src/serve/queues.c src/serve/queues.h
serve_sources += src/serve/server.c src/serve/server.h
serve_sources += src/serve/service.h
serve_sources += src/serve/reload.c src/serve/reload.h
serve_sources += src/serve/sns_confirm.c
serve_sources += src/serve/sns_inner.h
serve_sources += src/serve/sns_listener.c src/serve/sns_listener.h
serve_sources += src/serve/sns_post.c
serve_sources += src/serve/sns_trust.c src/serve/sns_trust.h
serve_sources += src/serve/sns_user.c
serve_sources += src/serve/target_json.c src/serve/target_json.h
serve_sources += src/serve/targets.c src/serve/targets.h
serve_sources += src/serve/waiters.c src/serve/waiters.h

cmd_sources =
cmd_sources += src/cmd/accept.c src/cmd/accept.h
cmd_sources += src/cmd/app.c src/cmd/app.h
cmd_sources += src/cmd/await.c src/cmd/await.h
cmd_sources += src/cmd/batch.h
cmd_sources += src/cmd/batch_carrier.h
cmd_sources += src/cmd/batch_check.c
cmd_sources += src/cmd/batch_engine.c
cmd_sources += src/cmd/batch_header.c
cmd_sources += src/cmd/batch_inputs.c src/cmd/batch_inputs.h
cmd_sources += src/cmd/batch_inputs_manifest.c
cmd_sources += src/cmd/batch_lines.c src/cmd/batch_lines.h
cmd_sources += src/cmd/batch_manifest.c src/cmd/batch_manifest.h
cmd_sources += src/cmd/batch_names.c src/cmd/batch_names.h
cmd_sources += src/cmd/batch_plan.c src/cmd/batch_plan.h
cmd_sources += src/cmd/batch_plan_inner.h
cmd_sources += src/cmd/batch_plan_write.c
cmd_sources += src/cmd/batch_problems.c src/cmd/batch_problems.h
cmd_sources += src/cmd/batch_progress.c src/cmd/batch_progress.h
cmd_sources += src/cmd/batch_request.c
cmd_sources += src/cmd/batch_results.c src/cmd/batch_results.h
cmd_sources += src/cmd/batch_run.c src/cmd/batch_run.h
cmd_sources += src/cmd/batch_service.c
cmd_sources += src/cmd/batch_sink.c src/cmd/batch_sink.h
cmd_sources += src/cmd/batch_summary.c src/cmd/batch_summary.h
cmd_sources += src/cmd/bulk.c src/cmd/bulk.h
cmd_sources += src/cmd/check.h
cmd_sources += src/cmd/check_callback.c
cmd_sources += src/cmd/check_conf.c
cmd_sources += src/cmd/check_connect.c src/cmd/check_connect.h
cmd_sources += src/cmd/check_creds.c
cmd_sources += src/cmd/check_gateway.c
cmd_sources += src/cmd/check_hosts.c
cmd_sources += src/cmd/check_judge.c src/cmd/check_judge.h
cmd_sources += src/cmd/check_print.c
cmd_sources += src/cmd/check_queues.c
cmd_sources += src/cmd/check_run.c
cmd_sources += src/cmd/check_s3.c src/cmd/check_s3.h
cmd_sources += src/cmd/check_s3_write.c
cmd_sources += src/cmd/check_targets.c
cmd_sources += src/cmd/check_topics.c
cmd_sources += src/cmd/client.c src/cmd/client.h
cmd_sources += src/cmd/cmd.c src/cmd/cmd.h
cmd_sources += src/cmd/cmd_attempts.c
cmd_sources += src/cmd/cmd_batch.c
cmd_sources += src/cmd/cmd_cancel.c
cmd_sources += src/cmd/cmd_check.c
cmd_sources += src/cmd/cmd_completion.c
cmd_sources += src/cmd/cmd_config.c
cmd_sources += src/cmd/cmd_deliveries.c
cmd_sources += src/cmd/cmd_help.c
cmd_sources += src/cmd/cmd_invoke.c
cmd_sources += src/cmd/cmd_list.c
cmd_sources += src/cmd/cmd_listen.c
cmd_sources += src/cmd/cmd_reload.c
cmd_sources += src/cmd/cmd_replay.c
cmd_sources += src/cmd/cmd_result.c
cmd_sources += src/cmd/cmd_retry.c
cmd_sources += src/cmd/cmd_serve.c
cmd_sources += src/cmd/cmd_show.c
cmd_sources += src/cmd/cmd_submit.c
cmd_sources += src/cmd/cmd_tail.c
cmd_sources += src/cmd/cmd_targets.c
cmd_sources += src/cmd/cmd_test.c
cmd_sources += src/cmd/cmd_version.c
cmd_sources += src/cmd/cmd_wait.c
cmd_sources += src/cmd/complete.c src/cmd/complete.h
cmd_sources += src/cmd/config.h
cmd_sources += src/cmd/config_keys.c
cmd_sources += src/cmd/connect.c
cmd_sources += src/cmd/digest.c src/cmd/digest.h
cmd_sources += src/cmd/filter.c src/cmd/filter.h
cmd_sources += src/cmd/find.c src/cmd/find.h
cmd_sources += src/cmd/foreign.c src/cmd/foreign.h
cmd_sources += src/cmd/handin.c src/cmd/handin.h
cmd_sources += src/cmd/known.c src/cmd/known.h
cmd_sources += src/cmd/link.c src/cmd/link.h
cmd_sources += src/cmd/help.c src/cmd/help.h
cmd_sources += src/cmd/job_filter.c src/cmd/job_filter.h
cmd_sources += src/cmd/matching.c src/cmd/matching.h
cmd_sources += src/cmd/hook.c src/cmd/hook.h
cmd_sources += src/cmd/input.c src/cmd/input.h
cmd_sources += src/cmd/live.c src/cmd/live.h
cmd_sources += src/cmd/options.c src/cmd/options.h
cmd_sources += src/cmd/output.c src/cmd/output.h
cmd_sources += src/cmd/progress.c src/cmd/progress.h
cmd_sources += src/cmd/remote.c src/cmd/remote.h
cmd_sources += src/cmd/remote_bulk.c src/cmd/remote_bulk.h
cmd_sources += src/cmd/remote_config.c src/cmd/remote_config.h
cmd_sources += src/cmd/remote_query.c src/cmd/remote_query.h
cmd_sources += src/cmd/remote_targets.c src/cmd/remote_targets.h
cmd_sources += src/cmd/report.c src/cmd/report.h
cmd_sources += src/cmd/request.c src/cmd/request.h
cmd_sources += src/cmd/runs.c src/cmd/runs.h
cmd_sources += src/cmd/session.c src/cmd/session.h
cmd_sources += src/cmd/snapshot.c src/cmd/snapshot.h
cmd_sources += src/cmd/table.c src/cmd/table.h
cmd_sources += src/cmd/term.c src/cmd/term.h
cmd_sources += src/cmd/sse.c src/cmd/sse.h
cmd_sources += src/cmd/watch.c src/cmd/watch.h
cmd_sources += src/cmd/words.c src/cmd/words.h

noinst_LIBRARIES += libawaitd.a
libawaitd_a_SOURCES = $(base_sources) $(job_sources) $(net_sources) \
	$(aws_sources) $(store_sources) $(deliver_sources) \
	$(engine_sources) $(conf_sources) $(serve_sources) $(cmd_sources)
nodist_libawaitd_a_SOURCES = src/store/schema.h src/cmd/completion.h \
	src/serve/openapi.h

bin_PROGRAMS += awaitd
awaitd_SOURCES = src/main.c
awaitd_LDADD = libawaitd.a $(libs)

# Runs handlers, beside awaitd in the build tree. Of the C library alone.
pkglibexec_PROGRAMS += awaitd-keeper
awaitd_keeper_SOURCES = src/keeper.c src/base/keeper.h
awaitd_keeper_LDADD =
EXTRA_awaitd_DEPENDENCIES = awaitd-keeper$(EXEEXT)

# store/schema.h holds each .sql file as schema_NAME[]. It is made in the
# build tree and never shipped: it cannot differ from the .sql files.
schema_sql = src/store/schema/sqlite.sql src/store/schema/sqlite_aside.sql \
	src/store/schema/sqlite_copy_4.sql \
	src/store/schema/sqlite_drop_old.sql \
	src/store/schema/sqlite_fine_4.sql src/store/schema/sqlite_fine_5.sql \
	src/store/schema/sqlite_from_1.sql src/store/schema/sqlite_from_2.sql \
	src/store/schema/sqlite_from_3.sql src/store/schema/sqlite_new_in_5.sql \
	src/store/schema/sqlite_new_in_6.sql

src/store/schema.h: $(schema_sql) tools/embed
	$(AM_V_GEN)$(MKDIR_P) $(@D) && \
	$(srcdir)/tools/embed schema $(filter %.sql,$^) >$@.tmp && mv $@.tmp $@

BUILT_SOURCES += src/store/schema.h
CLEANFILES += src/store/schema.h
EXTRA_DIST += $(schema_sql)

# serve/openapi.h holds the API's description as openapi_openapi[].
src/serve/openapi.h: src/serve/openapi.json tools/embed
	$(AM_V_GEN)$(MKDIR_P) $(@D) && \
	$(srcdir)/tools/embed openapi $(filter %.json,$^) >$@.tmp && mv $@.tmp $@

BUILT_SOURCES += src/serve/openapi.h
CLEANFILES += src/serve/openapi.h
EXTRA_DIST += src/serve/openapi.json

# cmd/completion.h holds the scripts of `awaitd completion` as completion_SHELL[].
completion_scripts = src/cmd/completion/bash.sh src/cmd/completion/fish.sh \
	src/cmd/completion/zsh.sh

src/cmd/completion.h: $(completion_scripts) tools/embed
	$(AM_V_GEN)$(MKDIR_P) $(@D) && \
	$(srcdir)/tools/embed completion $(filter %.sh,$^) >$@.tmp && \
	mv $@.tmp $@

# Where the shells look, under the names that they look for.
if INSTALL_BASH_COMPLETION
bashcompletion_DATA = completion/awaitd
endif
if INSTALL_ZSH_COMPLETION
zshcompletion_DATA = completion/_awaitd
endif
if INSTALL_FISH_COMPLETION
fishcompletion_DATA = completion/awaitd.fish
endif
copy_completion = $(AM_V_GEN)$(MKDIR_P) completion && cp $< $@
completion/awaitd: src/cmd/completion/bash.sh
	$(copy_completion)
completion/_awaitd: src/cmd/completion/zsh.sh
	$(copy_completion)
completion/awaitd.fish: src/cmd/completion/fish.sh
	$(copy_completion)
CLEANFILES += completion/awaitd completion/_awaitd completion/awaitd.fish

BUILT_SOURCES += src/cmd/completion.h
CLEANFILES += src/cmd/completion.h
EXTRA_DIST += $(completion_scripts)
src/cmd/cmd_completion.$(OBJEXT): src/cmd/completion.h

# Also when only one program is asked for.
src/store/sqlite_migrate.$(OBJEXT): src/store/schema.h
src/serve/api_openapi.$(OBJEXT): src/serve/openapi.h
