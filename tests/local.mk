# Tests. A unit test is tests/unit/test_MODULE.c, one program a module, found
# by its name alone. A system test is a script that prints TAP and starts the
# real programs.

# One module a line, sorted.
unit_tests =
unit_tests += tests/contract/test_store_contract
unit_tests += tests/contract/test_store_contract_ends
unit_tests += tests/contract/test_store_contract_attempts
unit_tests += tests/contract/test_store_contract_events
unit_tests += tests/contract/test_store_contract_filters
unit_tests += tests/contract/test_store_contract_jobs
unit_tests += tests/contract/test_store_contract_notices
unit_tests += tests/unit/test_access
unit_tests += tests/unit/test_agenda
unit_tests += tests/unit/test_alias
unit_tests += tests/unit/test_answer
unit_tests += tests/unit/test_api
unit_tests += tests/unit/test_api_asked
unit_tests += tests/unit/test_api_attempts
unit_tests += tests/unit/test_api_events
unit_tests += tests/unit/test_api_internal
unit_tests += tests/unit/test_api_jobs
unit_tests += tests/unit/test_api_odd
unit_tests += tests/unit/test_api_query
unit_tests += tests/unit/test_api_range
unit_tests += tests/unit/test_api_reload
unit_tests += tests/unit/test_api_replay
unit_tests += tests/unit/test_api_result
unit_tests += tests/unit/test_api_submit
unit_tests += tests/unit/test_api_told
unit_tests += tests/unit/test_api_trial
unit_tests += tests/unit/test_api_trouble
unit_tests += tests/unit/test_awserr
unit_tests += tests/unit/test_backoff
unit_tests += tests/unit/test_batch_names
unit_tests += tests/unit/test_batch_plan
unit_tests += tests/unit/test_batch_words
unit_tests += tests/unit/test_breaker
unit_tests += tests/unit/test_buf
unit_tests += tests/unit/test_callback
unit_tests += tests/unit/test_check_judge
unit_tests += tests/unit/test_child
unit_tests += tests/unit/test_child_end
unit_tests += tests/unit/test_child_find
unit_tests += tests/unit/test_child_kept
unit_tests += tests/unit/test_client
unit_tests += tests/unit/test_class
unit_tests += tests/unit/test_cloudevent
unit_tests += tests/unit/test_complete
unit_tests += tests/unit/test_conf
unit_tests += tests/unit/test_conf_check
unit_tests += tests/unit/test_conf_secret
unit_tests += tests/unit/test_conf_warn
unit_tests += tests/unit/test_container_contract
unit_tests += tests/unit/test_container_summary
unit_tests += tests/unit/test_creds
unit_tests += tests/unit/test_creds_plan
unit_tests += tests/unit/test_creds_plan_profile
unit_tests += tests/unit/test_creds_plan_remote
unit_tests += tests/unit/test_creds_plan_role
unit_tests += tests/unit/test_creds_process
unit_tests += tests/unit/test_creds_process_end
unit_tests += tests/unit/test_creds_container
unit_tests += tests/unit/test_creds_imds
unit_tests += tests/unit/test_creds_role
unit_tests += tests/unit/test_creds_sso
unit_tests += tests/unit/test_curve
unit_tests += tests/unit/test_deadletter
unit_tests += tests/unit/test_delivery
unit_tests += tests/unit/test_digest
unit_tests += tests/unit/test_dir
unit_tests += tests/unit/test_discard
unit_tests += tests/unit/test_driver
unit_tests += tests/unit/test_egress
unit_tests += tests/unit/test_ed25519
unit_tests += tests/unit/test_egress_targets
unit_tests += tests/unit/test_encode
unit_tests += tests/unit/test_endpoint
unit_tests += tests/unit/test_error
unit_tests += tests/unit/test_event_filter
unit_tests += tests/unit/test_events
unit_tests += tests/unit/test_exec
unit_tests += tests/unit/test_exec_inject
unit_tests += tests/unit/test_exec_wild
unit_tests += tests/unit/test_execenv
unit_tests += tests/unit/test_file
unit_tests += tests/unit/test_fold
unit_tests += tests/unit/test_gateway
unit_tests += tests/unit/test_gateway_keys
unit_tests += tests/unit/test_grant
unit_tests += tests/unit/test_habit
unit_tests += tests/unit/test_hash
unit_tests += tests/unit/test_header
unit_tests += tests/unit/test_headerfile
unit_tests += tests/unit/test_http_chunk
unit_tests += tests/unit/test_http_client
unit_tests += tests/unit/test_http_client_connect
unit_tests += tests/unit/test_http_client_cut
unit_tests += tests/unit/test_http_client_name
unit_tests += tests/unit/test_http_client_reuse
unit_tests += tests/unit/test_http_client_sink
unit_tests += tests/unit/test_http_client_source
unit_tests += tests/unit/test_http_client_tls
unit_tests += tests/unit/test_http_identity
unit_tests += tests/unit/test_http_parse
unit_tests += tests/unit/test_http_server
unit_tests += tests/unit/test_http_server_body
unit_tests += tests/unit/test_http_server_conn
unit_tests += tests/unit/test_http_server_refusal
unit_tests += tests/unit/test_http_server_shape
unit_tests += tests/unit/test_http_server_source
unit_tests += tests/unit/test_http_server_stream
unit_tests += tests/unit/test_http_server_tls
unit_tests += tests/unit/test_http_server_unix
unit_tests += tests/unit/test_ini
unit_tests += tests/unit/test_input
unit_tests += tests/unit/test_instant
unit_tests += tests/unit/test_intake
unit_tests += tests/unit/test_intern
unit_tests += tests/unit/test_job
unit_tests += tests/unit/test_jobid
unit_tests += tests/unit/test_jobjson
unit_tests += tests/unit/test_json
unit_tests += tests/unit/test_jsonw
unit_tests += tests/unit/test_keeper
unit_tests += tests/unit/test_learned
unit_tests += tests/unit/test_local_admin
unit_tests += tests/unit/test_local_childlog
unit_tests += tests/unit/test_local_chunked
unit_tests += tests/unit/test_local_command
unit_tests += tests/unit/test_local_conf
unit_tests += tests/unit/test_local_container
unit_tests += tests/unit/test_local_db_sns
unit_tests += tests/unit/test_local_fault
unit_tests += tests/unit/test_local_fleet
unit_tests += tests/unit/test_local_kept
unit_tests += tests/unit/test_local_line
unit_tests += tests/unit/test_local_metrics
unit_tests += tests/unit/test_local_notice
unit_tests += tests/unit/test_local_objects
unit_tests += tests/unit/test_local_place
unit_tests += tests/unit/test_local_queue
unit_tests += tests/unit/test_local_s3events_rule
unit_tests += tests/unit/test_local_s3list
unit_tests += tests/unit/test_local_s3target
unit_tests += tests/unit/test_local_sns
unit_tests += tests/unit/test_local_sns_form
unit_tests += tests/unit/test_local_sns_policy
unit_tests += tests/unit/test_local_sns_push
unit_tests += tests/unit/test_local_sns_sign
unit_tests += tests/unit/test_local_sns_topics
unit_tests += tests/unit/test_local_sqs_settings
unit_tests += tests/unit/test_local_validate
unit_tests += tests/unit/test_local_xml
unit_tests += tests/unit/test_log
unit_tests += tests/unit/test_loop
unit_tests += tests/unit/test_map
unit_tests += tests/unit/test_metrics
unit_tests += tests/unit/test_names
unit_tests += tests/unit/test_near
unit_tests += tests/unit/test_offload
unit_tests += tests/unit/test_openapi
unit_tests += tests/unit/test_options
unit_tests += tests/unit/test_partition
unit_tests += tests/unit/test_payload
unit_tests += tests/unit/test_pace
unit_tests += tests/unit/test_payload_forms
unit_tests += tests/unit/test_plan
unit_tests += tests/unit/test_profile
unit_tests += tests/unit/test_proxy
unit_tests += tests/unit/test_queryxml
unit_tests += tests/unit/test_reason
unit_tests += tests/unit/test_remote
unit_tests += tests/unit/test_remote_rest
unit_tests += tests/unit/test_report
unit_tests += tests/unit/test_retry
unit_tests += tests/unit/test_route
unit_tests += tests/unit/test_s3_keys
unit_tests += tests/unit/test_s3_region
unit_tests += tests/unit/test_s3event
unit_tests += tests/unit/test_s3sum
unit_tests += tests/unit/test_s3uri
unit_tests += tests/unit/test_s3url
unit_tests += tests/unit/test_s3xml
unit_tests += tests/unit/test_s3xml_list
unit_tests += tests/unit/test_sagemaker
unit_tests += tests/unit/test_sagemaker_notice
unit_tests += tests/unit/test_schedule
unit_tests += tests/unit/test_sigv4
unit_tests += tests/unit/test_sigv4_vectors
unit_tests += tests/unit/test_sigv4_verify
unit_tests += tests/unit/test_siphash
unit_tests += tests/unit/test_snapshot
unit_tests += tests/unit/test_sockset
unit_tests += tests/unit/test_sns
unit_tests += tests/unit/test_sns_forged
unit_tests += tests/unit/test_sns_known
unit_tests += tests/unit/test_sns_listener
unit_tests += tests/unit/test_sns_trust
unit_tests += tests/unit/test_sns_verify
unit_tests += tests/unit/test_sqs_place
unit_tests += tests/unit/test_sse
unit_tests += tests/unit/test_store
unit_tests += tests/unit/test_store_attempts
unit_tests += tests/unit/test_store_check
unit_tests += tests/unit/test_store_damage
unit_tests += tests/unit/test_store_delivery
unit_tests += tests/unit/test_store_events
unit_tests += tests/unit/test_store_file
unit_tests += tests/unit/test_store_list
unit_tests += tests/unit/test_store_migrate
unit_tests += tests/unit/test_store_migrate_sums
unit_tests += tests/unit/test_store_more
unit_tests += tests/unit/test_store_pieces
unit_tests += tests/unit/test_store_prune
unit_tests += tests/unit/test_store_stall
unit_tests += tests/unit/test_store_sync
unit_tests += tests/unit/test_str
unit_tests += tests/unit/test_table
unit_tests += tests/unit/test_tags
unit_tests += tests/unit/test_targets
unit_tests += tests/unit/test_target_json
unit_tests += tests/unit/test_timefmt
unit_tests += tests/unit/test_times
unit_tests += tests/unit/test_trace
unit_tests += tests/unit/test_trial
unit_tests += tests/unit/test_unixsock
unit_tests += tests/unit/test_url
unit_tests += tests/unit/test_waiters
unit_tests += tests/unit/test_watch
unit_tests += tests/unit/test_webhook
unit_tests += tests/unit/test_webhook_faults
unit_tests += tests/unit/test_webhook_large
unit_tests += tests/unit/test_whanswer
unit_tests += tests/unit/test_whfields
unit_tests += tests/unit/test_whrequest
unit_tests += tests/unit/test_whsign

http_cases = tests/unit/http_cases.c tests/unit/http_cases.h
http_peer = tests/unit/http_peer.c tests/unit/http_peer.h
http_rig = tests/unit/http_rig.c tests/unit/http_rig.h \
	tests/unit/http_rig_client.c
api_peer = tests/unit/api_peer.c tests/unit/api_peer.h
api_fixture = tests/unit/api_fixture.c tests/unit/api_fixture.h \
	$(api_peer)
credpeer = tests/support/credpeer.c tests/support/credpeer.h \
	tests/support/credpeer_sts.c
driver_rig = tests/unit/driver_rig.c tests/unit/driver_rig.h
tests_unit_test_dir_SOURCES = tests/unit/test_dir.c \
	tests/unit/dir_rig.c tests/unit/dir_rig.h $(driver_rig)
tests_unit_test_unixsock_SOURCES = tests/unit/test_unixsock.c $(driver_rig)
fetch_rig = tests/unit/fetch_rig.c tests/unit/fetch_rig.h $(credpeer)
tests_unit_test_client_SOURCES = tests/unit/test_client.c $(api_fixture)
tests_unit_test_remote_SOURCES = tests/unit/test_remote.c $(api_fixture)
tests_unit_test_remote_rest_SOURCES = tests/unit/test_remote_rest.c \
	$(api_fixture)
tests_unit_test_watch_SOURCES = tests/unit/test_watch.c $(api_fixture)
tests_unit_test_creds_container_SOURCES = \
	tests/unit/test_creds_container.c $(fetch_rig)
tests_unit_test_creds_container_LDADD = $(local_test_libs)
tests_unit_test_creds_imds_SOURCES = tests/unit/test_creds_imds.c $(fetch_rig)
tests_unit_test_creds_imds_LDADD = $(local_test_libs)
tests_unit_test_creds_role_SOURCES = tests/unit/test_creds_role.c $(fetch_rig)
tests_unit_test_creds_role_LDADD = $(local_test_libs)
tests_unit_test_creds_sso_SOURCES = tests/unit/test_creds_sso.c $(fetch_rig)
tests_unit_test_creds_sso_LDADD = $(local_test_libs)
tests_unit_test_http_chunk_SOURCES = tests/unit/test_http_chunk.c \
	$(http_cases)
tests_unit_test_http_client_SOURCES = tests/unit/test_http_client.c \
	$(http_peer)
tests_unit_test_http_client_connect_SOURCES = \
	tests/unit/test_http_client_connect.c $(http_peer)
tests_unit_test_http_client_cut_SOURCES = \
	tests/unit/test_http_client_cut.c $(http_peer)
tests_unit_test_http_client_name_SOURCES = \
	tests/unit/test_http_client_name.c $(http_peer)
tests_unit_test_http_client_reuse_SOURCES = \
	tests/unit/test_http_client_reuse.c $(http_peer)
tests_unit_test_http_client_sink_SOURCES = \
	tests/unit/test_http_client_sink.c $(http_peer)
tests_unit_test_http_client_source_SOURCES = \
	tests/unit/test_http_client_source.c $(http_peer)
tests_unit_test_http_client_tls_SOURCES = \
	tests/unit/test_http_client_tls.c $(http_peer) \
	tests/support/sns_maker.c tests/support/sns_maker.h
tests_unit_test_http_identity_SOURCES = tests/unit/test_http_identity.c \
	$(http_peer) tests/support/sns_maker.c tests/support/sns_maker.h
tests_unit_test_http_parse_SOURCES = tests/unit/test_http_parse.c \
	$(http_cases)
tests_unit_test_http_server_SOURCES = tests/unit/test_http_server.c \
	$(http_cases) $(http_rig)
tests_unit_test_http_server_body_SOURCES = \
	tests/unit/test_http_server_body.c $(http_rig)
tests_unit_test_http_server_conn_SOURCES = \
	tests/unit/test_http_server_conn.c $(http_rig)
tests_unit_test_http_server_refusal_SOURCES = \
	tests/unit/test_http_server_refusal.c $(http_cases) $(http_rig)
tests_unit_test_http_server_shape_SOURCES = \
	tests/unit/test_http_server_shape.c $(http_rig)
tests_unit_test_http_server_source_SOURCES = \
	tests/unit/test_http_server_source.c $(http_rig)
tests_unit_test_http_server_stream_SOURCES = \
	tests/unit/test_http_server_stream.c $(http_rig)
tests_unit_test_http_server_tls_SOURCES = \
	tests/unit/test_http_server_tls.c $(http_cases) $(http_rig)
tests_unit_test_http_server_unix_SOURCES = \
	tests/unit/test_http_server_unix.c $(http_rig)

# Unit tests of local/ are listed here too, each with its own line
#   tests_unit_test_local_NAME_LDADD = $(local_test_libs)
# since both libraries may have, say, an s3_put().
local_test_libs = liblocal.a $(LDADD)
tests_unit_test_local_admin_LDADD = $(local_test_libs)
tests_unit_test_sigv4_verify_LDADD = $(local_test_libs)
tests_unit_test_local_childlog_LDADD = $(local_test_libs)
tests_unit_test_local_chunked_LDADD = $(local_test_libs)
tests_unit_test_local_command_LDADD = $(local_test_libs)
tests_unit_test_local_conf_LDADD = $(local_test_libs)
tests_unit_test_local_container_LDADD = $(local_test_libs)
tests_unit_test_local_db_sns_LDADD = $(local_test_libs)
tests_unit_test_local_fault_LDADD = $(local_test_libs)
tests_unit_test_local_fleet_LDADD = $(local_test_libs)
tests_unit_test_local_kept_LDADD = $(local_test_libs)
tests_unit_test_local_line_LDADD = $(local_test_libs)
tests_unit_test_local_metrics_LDADD = $(local_test_libs)
tests_unit_test_local_notice_LDADD = $(local_test_libs)
tests_unit_test_local_objects_LDADD = $(local_test_libs)
tests_unit_test_local_place_LDADD = $(local_test_libs)
tests_unit_test_local_queue_LDADD = $(local_test_libs)
tests_unit_test_local_s3events_rule_LDADD = $(local_test_libs)
tests_unit_test_local_s3list_LDADD = $(local_test_libs)
tests_unit_test_local_s3target_LDADD = $(local_test_libs)
tests_unit_test_local_sns_LDADD = $(local_test_libs)
tests_unit_test_local_sns_form_LDADD = $(local_test_libs)
tests_unit_test_local_sns_policy_LDADD = $(local_test_libs)
tests_unit_test_local_sns_push_LDADD = $(local_test_libs)
tests_unit_test_local_sns_sign_LDADD = $(local_test_libs)
tests_unit_test_local_sns_topics_LDADD = $(local_test_libs)
tests_unit_test_local_sqs_settings_LDADD = $(local_test_libs)
tests_unit_test_local_validate_LDADD = $(local_test_libs)
tests_unit_test_local_xml_LDADD = $(local_test_libs)

local_place_rig = tests/unit/local_place_rig.c tests/unit/local_place_rig.h
model_rig = tests/unit/model_rig.c tests/unit/model_rig.h
tests_unit_test_local_command_SOURCES = tests/unit/test_local_command.c \
	$(model_rig)
tests_unit_test_local_container_SOURCES = \
	tests/unit/test_local_container.c $(http_peer)
tests_unit_test_local_fleet_SOURCES = tests/unit/test_local_fleet.c \
	$(model_rig)
tests_unit_test_local_kept_SOURCES = tests/unit/test_local_kept.c \
	$(local_place_rig)
tests_unit_test_local_place_SOURCES = tests/unit/test_local_place.c \
	$(local_place_rig)
tests_unit_test_container_contract_LDADD = libcontainers.a $(LDADD)
tests_unit_test_container_summary_LDADD = libcontainers.a $(LDADD)

sns_rig = tests/unit/sns_rig.c tests/unit/sns_rig.h
tests_unit_test_local_sns_SOURCES = tests/unit/test_local_sns.c $(sns_rig)
tests_unit_test_local_sns_topics_SOURCES = \
	tests/unit/test_local_sns_topics.c $(sns_rig)
tests_unit_test_local_sns_push_SOURCES = tests/unit/test_local_sns_push.c \
	$(sns_rig)

queue_rig = tests/unit/queue_rig.c tests/unit/queue_rig.h
tests_unit_test_local_line_SOURCES = tests/unit/test_local_line.c $(queue_rig)
tests_unit_test_local_queue_SOURCES = tests/unit/test_local_queue.c $(queue_rig)

creds_rig = tests/unit/creds_rig.c tests/unit/creds_rig.h
tests_unit_test_creds_SOURCES = tests/unit/test_creds.c $(creds_rig) \
	tests/support/fake_clock.c
tests_unit_test_creds_plan_SOURCES = tests/unit/test_creds_plan.c \
	$(creds_rig)
tests_unit_test_creds_plan_profile_SOURCES = \
	tests/unit/test_creds_plan_profile.c $(creds_rig)
tests_unit_test_creds_plan_remote_SOURCES = \
	tests/unit/test_creds_plan_remote.c $(creds_rig)
tests_unit_test_creds_plan_role_SOURCES = \
	tests/unit/test_creds_plan_role.c $(creds_rig)
tests_unit_test_creds_process_SOURCES = tests/unit/test_creds_process.c \
	$(creds_rig)
tests_unit_test_creds_process_end_SOURCES = \
	tests/unit/test_creds_process_end.c $(creds_rig)
tests_unit_test_profile_SOURCES = tests/unit/test_profile.c $(creds_rig)

keeper_here = tests/support/keeper_here.c tests/support/keeper_here.h
tests_unit_test_child_kept_SOURCES = tests/unit/test_child_kept.c \
	$(keeper_here)
tests_unit_test_exec_SOURCES = tests/unit/test_exec.c $(keeper_here)
tests_unit_test_exec_inject_SOURCES = tests/unit/test_exec_inject.c \
	$(keeper_here)
tests_unit_test_exec_wild_SOURCES = tests/unit/test_exec_wild.c \
	tests/support/wild.c tests/support/wild.h $(keeper_here)

tests_unit_test_egress_targets_SOURCES = \
	tests/unit/test_egress_targets.c tests/unit/egress_cases.c \
	tests/unit/egress_cases.h
hook_rig = tests/unit/hook_rig.c tests/unit/hook_rig.h
tests_unit_test_trial_SOURCES = tests/unit/test_trial.c $(hook_rig) \
	$(keeper_here)
tests_unit_test_webhook_SOURCES = tests/unit/test_webhook.c $(hook_rig)
tests_unit_test_webhook_faults_SOURCES = \
	tests/unit/test_webhook_faults.c tests/unit/fault_rig.c \
	tests/unit/fault_rig.h tests/support/sns_maker.c \
	tests/support/sns_maker.h
tests_unit_test_webhook_large_SOURCES = \
	tests/unit/test_webhook_large.c $(hook_rig)

tests_unit_test_access_SOURCES = tests/unit/test_access.c \
	tests/support/fake_clock.c
tests_unit_test_instant_SOURCES = tests/unit/test_instant.c \
	tests/support/fake_clock.c
tests_unit_test_habit_SOURCES = tests/unit/test_habit.c \
	tests/support/fake_clock.c tests/support/fake_clock.h
tests_unit_test_learned_SOURCES = tests/unit/test_learned.c \
	tests/support/fake_clock.c
tests_unit_test_times_SOURCES = tests/unit/test_times.c \
	tests/support/fake_clock.c
tests_unit_test_jobid_SOURCES = tests/unit/test_jobid.c \
	tests/support/fake_clock.c tests/support/fake_random.c

conf_support = tests/support/conf_fixture.c tests/support/conf_fixture.h
sns_listener_rig = tests/unit/sns_listener_rig.c \
	tests/unit/sns_listener_rig.h $(conf_support)
tests_unit_test_sns_listener_SOURCES = tests/unit/test_sns_listener.c \
	$(sns_listener_rig)
tests_unit_test_conf_SOURCES = tests/unit/test_conf.c $(conf_support)
tests_unit_test_conf_check_SOURCES = tests/unit/test_conf_check.c \
	$(conf_support)
tests_unit_test_conf_secret_SOURCES = tests/unit/test_conf_secret.c \
	$(conf_support)
tests_unit_test_conf_warn_SOURCES = tests/unit/test_conf_warn.c \
	$(conf_support)
tests_unit_test_targets_SOURCES = tests/unit/test_targets.c $(conf_support) \
	$(keeper_here)
tests_unit_test_intake_SOURCES = tests/unit/test_intake.c $(conf_support)

api_support = tests/support/api_rig.c tests/support/api_rig.h \
	tests/support/api_rig_peer.c \
	tests/support/conf_fixture.c tests/support/conf_fixture.h
tests_unit_test_api_SOURCES = tests/unit/test_api.c $(api_support)
tests_unit_test_api_events_SOURCES = tests/unit/test_api_events.c \
	$(api_support)
tests_unit_test_api_internal_SOURCES = tests/unit/test_api_internal.c \
	$(api_support)
tests_unit_test_api_jobs_SOURCES = tests/unit/test_api_jobs.c $(api_support)
tests_unit_test_api_odd_SOURCES = tests/unit/test_api_odd.c $(api_support)
tests_unit_test_api_range_SOURCES = tests/unit/test_api_range.c $(api_support)
tests_unit_test_api_reload_SOURCES = tests/unit/test_api_reload.c \
	$(api_support) $(keeper_here)
tests_unit_test_api_replay_SOURCES = tests/unit/test_api_replay.c \
	$(api_support)
tests_unit_test_api_result_SOURCES = tests/unit/test_api_result.c \
	$(api_support)
tests_unit_test_api_submit_SOURCES = tests/unit/test_api_submit.c \
	$(api_support)
tests_unit_test_api_attempts_SOURCES = \
	tests/unit/test_api_attempts.c $(api_support)
tests_unit_test_api_told_SOURCES = tests/unit/test_api_told.c \
	$(api_support)
tests_unit_test_gateway_SOURCES = tests/unit/test_gateway.c \
	tests/support/faulty_disk.c tests/support/faulty_disk.h $(api_support)
tests_unit_test_api_trial_SOURCES = tests/unit/test_api_trial.c \
	$(api_support) $(keeper_here)
tests_unit_test_api_trouble_SOURCES = tests/unit/test_api_trouble.c \
	$(api_support)

seal_support = tests/support/seal.c tests/support/seal.h
store_support = tests/support/store_fixture.c tests/support/store_fixture.h \
	$(seal_support)
tests_unit_test_store_SOURCES = tests/unit/test_store.c $(store_support)
tests_unit_test_store_events_SOURCES = tests/unit/test_store_events.c \
	$(store_support)
tests_unit_test_store_delivery_SOURCES = tests/unit/test_store_delivery.c \
	$(store_support)
tests_unit_test_store_attempts_SOURCES = \
	tests/unit/test_store_attempts.c $(store_support)
tests_unit_test_store_file_SOURCES = tests/unit/test_store_file.c \
	$(store_support)
tests_unit_test_store_list_SOURCES = tests/unit/test_store_list.c \
	$(store_support)
migrate_rig = tests/unit/migrate_rig.c tests/unit/migrate_rig.h \
	$(store_support)
tests_unit_test_store_migrate_SOURCES = tests/unit/test_store_migrate.c \
	tests/support/schema_v1.h \
	tests/support/schema_v2.c tests/support/schema_v2.h $(migrate_rig)
tests_unit_test_store_migrate_sums_SOURCES = \
	tests/unit/test_store_migrate_sums.c \
	tests/support/schema_v3.c tests/support/schema_v3.h \
	tests/support/schema_v4.c tests/support/schema_v4.h \
	tests/support/schema_v5.c tests/support/schema_v5.h $(migrate_rig)
tests_unit_test_store_more_SOURCES = tests/unit/test_store_more.c \
	$(store_support)
tests_unit_test_store_pieces_SOURCES = tests/unit/test_store_pieces.c \
	$(store_support)
tests_unit_test_store_damage_SOURCES = tests/unit/test_store_damage.c \
	$(store_support)
tests_unit_test_store_prune_SOURCES = tests/unit/test_store_prune.c \
	$(store_support)
contract_rig = tests/contract/contract_rig.c tests/contract/contract_rig.h \
	$(store_support)
tests_contract_test_store_contract_SOURCES = \
	tests/contract/test_store_contract.c $(contract_rig)
tests_contract_test_store_contract_ends_SOURCES = \
	tests/contract/test_store_contract_ends.c $(contract_rig)
tests_contract_test_store_contract_attempts_SOURCES = \
	tests/contract/test_store_contract_attempts.c $(contract_rig)
tests_contract_test_store_contract_events_SOURCES = \
	tests/contract/test_store_contract_events.c $(contract_rig)
tests_contract_test_store_contract_filters_SOURCES = \
	tests/contract/test_store_contract_filters.c $(contract_rig)
tests_contract_test_store_contract_jobs_SOURCES = \
	tests/contract/test_store_contract_jobs.c $(contract_rig)
tests_contract_test_store_contract_notices_SOURCES = \
	tests/contract/test_store_contract_notices.c $(contract_rig)
stall_rig = tests/unit/stall_rig.c tests/unit/stall_rig.h \
	tests/support/faulty_disk.c tests/support/faulty_disk.h \
	$(store_support)
tests_unit_test_store_check_SOURCES = tests/unit/test_store_check.c \
	$(stall_rig)
tests_unit_test_store_stall_SOURCES = tests/unit/test_store_stall.c \
	$(stall_rig)
tests_unit_test_store_sync_SOURCES = tests/unit/test_store_sync.c \
	$(stall_rig)
tests_unit_test_snapshot_SOURCES = tests/unit/test_snapshot.c \
	tests/support/schema_v1.h $(store_support)

# The engine in virtual time: these files take the place of modules of the
# library, which the linker then leaves in it.
flow_support = tests/support/fake_clock.c tests/support/fake_clock.h \
	tests/support/fake_http.c tests/support/fake_http.h \
	tests/support/fake_loop.c tests/support/fake_loop.h \
	tests/support/fake_random.c tests/support/fake_random.h \
	tests/support/fake_store.c tests/support/fake_store.h \
	tests/support/flow.c tests/support/flow.h
# The same without an engine.
time_support = tests/support/fake_clock.c tests/support/fake_clock.h \
	tests/support/fake_http.c tests/support/fake_http.h \
	tests/support/fake_loop.c tests/support/fake_loop.h \
	tests/support/fake_random.c tests/support/fake_random.h
verify_rig = tests/support/sns_maker.c tests/support/sns_maker.h \
	tests/support/verify_rig.c tests/support/verify_rig.h
tests_unit_test_sns_forged_SOURCES = tests/unit/test_sns_forged.c \
	$(time_support) $(verify_rig)
tests_unit_test_sns_known_SOURCES = tests/unit/test_sns_known.c \
	$(time_support) $(verify_rig)
tests_unit_test_sns_trust_SOURCES = tests/unit/test_sns_trust.c \
	$(time_support) $(verify_rig)
tests_unit_test_sns_verify_SOURCES = tests/unit/test_sns_verify.c \
	$(time_support) $(verify_rig)
creds_support = tests/support/fake_creds.c tests/support/fake_creds.h
cache_rig = tests/support/creds_rig.c tests/support/creds_rig.h
call_rig = tests/support/call_rig.c tests/support/call_rig.h
hook_support = tests/support/flow_hook.c tests/support/flow_hook.h
page_support = tests/support/flow_page.c tests/support/flow_page.h
s3_support = tests/support/flow_s3.c tests/support/flow_s3.h $(page_support)
sweep_support = tests/support/flow_bucket.c tests/support/flow_bucket.h \
	tests/support/flow_sweep.c tests/support/flow_sweep.h $(page_support)
bell_support = tests/support/flow_bell.c tests/support/flow_bell.h
probe_support = tests/support/flow_probe.c tests/support/flow_probe.h
receiver_support = tests/support/flow_receiver.c tests/support/flow_receiver.h

flow_tests =
flow_tests += tests/flow/test_access
tests_flow_test_access_SOURCES = tests/flow/test_access.c $(flow_support) $(hook_support)
flow_tests += tests/flow/test_again
tests_flow_test_again_SOURCES = tests/flow/test_again.c $(flow_support)
flow_tests += tests/flow/test_avoid
tests_flow_test_avoid_SOURCES = tests/flow/test_avoid.c $(flow_support) $(seal_support)
flow_tests += tests/flow/test_bell
tests_flow_test_bell_SOURCES = tests/flow/test_bell.c $(flow_support) $(bell_support)
flow_tests += tests/flow/test_bell_failure
tests_flow_test_bell_failure_SOURCES = tests/flow/test_bell_failure.c $(flow_support) $(bell_support)
flow_tests += tests/flow/test_call
tests_flow_test_call_SOURCES = tests/flow/test_call.c $(time_support) $(creds_support) $(call_rig)
flow_tests += tests/flow/test_cancel
tests_flow_test_cancel_SOURCES = tests/flow/test_cancel.c $(flow_support)
flow_tests += tests/flow/test_creds_time
tests_flow_test_creds_time_SOURCES = tests/flow/test_creds_time.c \
	$(time_support)
flow_tests += tests/flow/test_clock
tests_flow_test_clock_SOURCES = tests/flow/test_clock.c $(time_support) $(creds_support) $(call_rig)
flow_tests += tests/flow/test_creds
tests_flow_test_creds_SOURCES = tests/flow/test_creds.c $(flow_support) $(creds_support)
flow_tests += tests/flow/test_creds_cache
tests_flow_test_creds_cache_SOURCES = tests/flow/test_creds_cache.c $(time_support) $(creds_support) $(cache_rig)
flow_tests += tests/flow/test_creds_change
tests_flow_test_creds_change_SOURCES = tests/flow/test_creds_change.c $(time_support) $(creds_support) $(cache_rig)
flow_tests += tests/flow/test_deadletter
tests_flow_test_deadletter_SOURCES = tests/flow/test_deadletter.c $(flow_support) $(hook_support) $(probe_support)
flow_tests += tests/flow/test_deliver
tests_flow_test_deliver_SOURCES = tests/flow/test_deliver.c $(flow_support) $(hook_support)
flow_tests += tests/flow/test_deliver_crash
tests_flow_test_deliver_crash_SOURCES = tests/flow/test_deliver_crash.c $(flow_support) $(hook_support)
flow_tests += tests/flow/test_deliver_odd
tests_flow_test_deliver_odd_SOURCES = tests/flow/test_deliver_odd.c $(flow_support) $(hook_support) $(probe_support) $(seal_support)
flow_tests += tests/flow/test_deliver_quarantine
tests_flow_test_deliver_quarantine_SOURCES = tests/flow/test_deliver_quarantine.c $(flow_support) $(hook_support) $(probe_support)
flow_tests += tests/flow/test_deliver_result
tests_flow_test_deliver_result_SOURCES = tests/flow/test_deliver_result.c $(flow_support) $(hook_support) $(probe_support) $(seal_support)
flow_tests += tests/flow/test_deliver_stop
tests_flow_test_deliver_stop_SOURCES = tests/flow/test_deliver_stop.c $(flow_support) $(hook_support) $(probe_support)
flow_tests += tests/flow/test_direct
tests_flow_test_direct_SOURCES = tests/flow/test_direct.c $(flow_support)
flow_tests += tests/flow/test_doubt
tests_flow_test_doubt_SOURCES = tests/flow/test_doubt.c $(flow_support)
flow_tests += tests/flow/test_fetch
tests_flow_test_fetch_SOURCES = tests/flow/test_fetch.c $(flow_support)
flow_tests += tests/flow/test_foreign
tests_flow_test_foreign_SOURCES = tests/flow/test_foreign.c $(flow_support)
flow_tests += tests/flow/test_lanes
tests_flow_test_lanes_SOURCES = tests/flow/test_lanes.c $(flow_support) $(hook_support) $(receiver_support)
flow_tests += tests/flow/test_late
tests_flow_test_late_SOURCES = tests/flow/test_late.c $(flow_support) $(hook_support)
flow_tests += tests/flow/test_learned
tests_flow_test_learned_SOURCES = tests/flow/test_learned.c $(flow_support)
flow_tests += tests/flow/test_limits
flow_tests += tests/flow/test_many
tests_flow_test_limits_SOURCES = tests/flow/test_limits.c $(flow_support)
tests_flow_test_many_SOURCES = tests/flow/test_many.c $(flow_support)
flow_tests += tests/flow/test_outlook
tests_flow_test_outlook_SOURCES = tests/flow/test_outlook.c $(flow_support) $(s3_support)
flow_tests += tests/flow/test_own
tests_flow_test_own_SOURCES = tests/flow/test_own.c $(flow_support)
flow_tests += tests/flow/test_poll
tests_flow_test_poll_SOURCES = tests/flow/test_poll.c $(flow_support)
flow_tests += tests/flow/test_queues
tests_flow_test_queues_SOURCES = tests/flow/test_queues.c $(time_support) $(creds_support) $(call_rig)
flow_tests += tests/flow/test_queues_stuck
tests_flow_test_queues_stuck_SOURCES = tests/flow/test_queues_stuck.c $(time_support) $(creds_support) $(call_rig)
flow_tests += tests/flow/test_restart
tests_flow_test_restart_SOURCES = tests/flow/test_restart.c $(flow_support)
flow_tests += tests/flow/test_restart_more
tests_flow_test_restart_more_SOURCES = tests/flow/test_restart_more.c $(flow_support)
flow_tests += tests/flow/test_s3
tests_flow_test_s3_SOURCES = tests/flow/test_s3.c $(flow_support)
flow_tests += tests/flow/test_s3_put
tests_flow_test_s3_put_SOURCES = tests/flow/test_s3_put.c $(flow_support)
flow_tests += tests/flow/test_s3_region
tests_flow_test_s3_region_SOURCES = tests/flow/test_s3_region.c $(flow_support)
flow_tests += tests/flow/test_schedule
tests_flow_test_schedule_SOURCES = tests/flow/test_schedule.c $(flow_support) $(hook_support) $(s3_support)
flow_tests += tests/flow/test_settle
tests_flow_test_settle_SOURCES = tests/flow/test_settle.c $(flow_support) $(hook_support)
flow_tests += tests/flow/test_sns_api
tests_flow_test_sns_api_SOURCES = tests/flow/test_sns_api.c $(time_support) $(creds_support) $(call_rig)
flow_tests += tests/flow/test_sqs
tests_flow_test_sqs_SOURCES = tests/flow/test_sqs.c $(time_support) $(creds_support) $(call_rig)
flow_tests += tests/flow/test_spool
tests_flow_test_spool_SOURCES = tests/flow/test_spool.c $(flow_support) $(hook_support) $(probe_support)
flow_tests += tests/flow/test_stream
tests_flow_test_stream_SOURCES = tests/flow/test_stream.c $(flow_support) $(hook_support) $(probe_support)
flow_tests += tests/flow/test_submit
tests_flow_test_submit_SOURCES = tests/flow/test_submit.c $(flow_support)
flow_tests += tests/flow/test_sweep
tests_flow_test_sweep_SOURCES = tests/flow/test_sweep.c $(flow_support) \
	$(sweep_support)
flow_tests += tests/flow/test_sweep_failures
tests_flow_test_sweep_failures_SOURCES = tests/flow/test_sweep_failures.c \
	$(flow_support) $(sweep_support)
flow_tests += tests/flow/test_upload
tests_flow_test_upload_SOURCES = tests/flow/test_upload.c $(flow_support)
flow_tests += tests/flow/test_walk
tests_flow_test_walk_SOURCES = tests/flow/test_walk.c $(flow_support) $(hook_support) $(bell_support)
flow_tests += tests/flow/test_week
tests_flow_test_week_SOURCES = tests/flow/test_week.c $(flow_support) $(hook_support) $(receiver_support)

# One script a line, sorted.
system_tests =
system_tests += tests/system/api.sh
system_tests += tests/system/api_hostile.sh
system_tests += tests/system/attempts.sh
system_tests += tests/system/aws_settings.sh
system_tests += tests/system/badinput.sh
system_tests += tests/system/batch.sh
system_tests += tests/system/bell.sh
system_tests += tests/system/bench_deliver.sh
system_tests += tests/system/bench_detect.sh
system_tests += tests/system/bench_poll.sh
system_tests += tests/system/bench_sns.sh
system_tests += tests/system/breaker.sh
system_tests += tests/system/campaign_batch.sh
system_tests += tests/system/campaign_bitrot.sh
system_tests += tests/system/campaign_crashpoints.sh
system_tests += tests/system/campaign_disk.sh
system_tests += tests/system/campaign_indoubt.sh
system_tests += tests/system/campaign_kill.sh
system_tests += tests/system/campaign_large.sh
system_tests += tests/system/campaign_power.sh
system_tests += tests/system/campaign_receivers.sh
system_tests += tests/system/campaign_told.sh
system_tests += tests/system/check.sh
system_tests += tests/system/check_queues.sh
system_tests += tests/system/check_topics.sh
system_tests += tests/system/client.sh
system_tests += tests/system/completion.sh
system_tests += tests/system/config.sh
system_tests += tests/system/containers.sh
system_tests += tests/system/creds_process.sh
system_tests += tests/system/creds.sh
system_tests += tests/system/damaged.sh
system_tests += tests/system/defaults.sh
system_tests += tests/system/deliveries.sh
system_tests += tests/system/dirunix.sh
system_tests += tests/system/docker_serve.sh
system_tests += tests/system/errors.sh
system_tests += tests/system/events.sh
system_tests += tests/system/examples_gateway.sh
system_tests += tests/system/examples_guide.sh
system_tests += tests/system/examples_help.sh
system_tests += tests/system/examples_pages.sh
system_tests += tests/system/examples_readme.sh
system_tests += tests/system/gateway.sh
system_tests += tests/system/handlers.sh
system_tests += tests/system/help.sh
system_tests += tests/system/inputs.sh
system_tests += tests/system/interop.sh
system_tests += tests/system/invoke.sh
system_tests += tests/system/judge.sh
system_tests += tests/system/kill.sh
system_tests += tests/system/late.sh
system_tests += tests/system/listen.sh
system_tests += tests/system/local_admin.sh
system_tests += tests/system/local_faults.sh
system_tests += tests/system/local_kill.sh
system_tests += tests/system/local_models.sh
system_tests += tests/system/local_large.sh
system_tests += tests/system/local_raw.sh
system_tests += tests/system/local_s3.sh
system_tests += tests/system/local_scale.sh
system_tests += tests/system/local_sns.sh
system_tests += tests/system/local_switches.sh
system_tests += tests/system/logs.sh
system_tests += tests/system/mutants.sh
system_tests += tests/system/ocr.sh
system_tests += tests/system/ocr_container.sh
system_tests += tests/system/quarantine.sh
system_tests += tests/system/queues.sh
system_tests += tests/system/ranges.sh
system_tests += tests/system/receivers.sh
system_tests += tests/system/reload.sh
system_tests += tests/system/result_url.sh
system_tests += tests/system/results.sh
system_tests += tests/system/retention.sh
system_tests += tests/system/s3_ceph.sh
system_tests += tests/system/s3_local.sh
system_tests += tests/system/secrets.sh
system_tests += tests/system/serve.sh
system_tests += tests/system/serve_creds.sh
system_tests += tests/system/serve_files.sh
system_tests += tests/system/serve_hard.sh
system_tests += tests/system/serve_idle.sh
system_tests += tests/system/serve_kill.sh
system_tests += tests/system/serve_learned.sh
system_tests += tests/system/serve_many.sh
system_tests += tests/system/sweep_ceph.sh
system_tests += tests/system/serve_stop.sh
system_tests += tests/system/slowdown_ceph.sh
system_tests += tests/system/sns.sh
system_tests += tests/system/sns_hostile.sh
system_tests += tests/system/sns_rare.sh
system_tests += tests/system/spool.sh
system_tests += tests/system/stalled.sh
system_tests += tests/system/tail.sh
system_tests += tests/system/targets.sh
system_tests += tests/system/told.sh
system_tests += tests/system/trial.sh
system_tests += tests/system/wait.sh
system_tests += tests/system/wait_output.sh
system_tests += tests/system/local.sh
system_tests += tests/system/waiters.sh

# Built by --enable-fuzzers only. Each needs a second line
#   tests_fuzz_fuzz_NAME_LDFLAGS = $(AM_LDFLAGS) $(AW_FUZZ_LDFLAGS)
fuzz_programs =
fuzz_programs += tests/fuzz/fuzz_api
tests_fuzz_fuzz_api_LDFLAGS = $(AM_LDFLAGS) $(AW_FUZZ_LDFLAGS)
fuzz_programs += tests/fuzz/fuzz_creds_answer
tests_fuzz_fuzz_creds_answer_LDFLAGS = $(AM_LDFLAGS) $(AW_FUZZ_LDFLAGS)
fuzz_programs += tests/fuzz/fuzz_creds_plan
tests_fuzz_fuzz_creds_plan_LDFLAGS = $(AM_LDFLAGS) $(AW_FUZZ_LDFLAGS)
fuzz_programs += tests/fuzz/fuzz_egress
tests_fuzz_fuzz_egress_LDFLAGS = $(AM_LDFLAGS) $(AW_FUZZ_LDFLAGS)
fuzz_programs += tests/fuzz/fuzz_fault
tests_fuzz_fuzz_fault_LDFLAGS = $(AM_LDFLAGS) $(AW_FUZZ_LDFLAGS)
tests_fuzz_fuzz_fault_LDADD = $(local_test_libs)
fuzz_programs += tests/fuzz/fuzz_ini
tests_fuzz_fuzz_ini_LDFLAGS = $(AM_LDFLAGS) $(AW_FUZZ_LDFLAGS)
fuzz_programs += tests/fuzz/fuzz_jobjson
tests_fuzz_fuzz_jobjson_LDFLAGS = $(AM_LDFLAGS) $(AW_FUZZ_LDFLAGS)
fuzz_programs += tests/fuzz/fuzz_json
tests_fuzz_fuzz_json_LDFLAGS = $(AM_LDFLAGS) $(AW_FUZZ_LDFLAGS)
fuzz_programs += tests/fuzz/fuzz_local
tests_fuzz_fuzz_local_LDFLAGS = $(AM_LDFLAGS) $(AW_FUZZ_LDFLAGS)
tests_fuzz_fuzz_local_LDADD = $(local_test_libs)
fuzz_programs += tests/fuzz/fuzz_manifest
tests_fuzz_fuzz_manifest_LDFLAGS = $(AM_LDFLAGS) $(AW_FUZZ_LDFLAGS)
fuzz_programs += tests/fuzz/fuzz_s3event
tests_fuzz_fuzz_s3event_LDFLAGS = $(AM_LDFLAGS) $(AW_FUZZ_LDFLAGS)
fuzz_programs += tests/fuzz/fuzz_s3list
tests_fuzz_fuzz_s3list_LDFLAGS = $(AM_LDFLAGS) $(AW_FUZZ_LDFLAGS)
fuzz_programs += tests/fuzz/fuzz_s3rules
tests_fuzz_fuzz_s3rules_LDFLAGS = $(AM_LDFLAGS) $(AW_FUZZ_LDFLAGS)
tests_fuzz_fuzz_s3rules_LDADD = $(local_test_libs)
fuzz_programs += tests/fuzz/fuzz_s3xml
tests_fuzz_fuzz_s3xml_LDFLAGS = $(AM_LDFLAGS) $(AW_FUZZ_LDFLAGS)
fuzz_programs += tests/fuzz/fuzz_sagemaker_notice
tests_fuzz_fuzz_sagemaker_notice_LDFLAGS = $(AM_LDFLAGS) $(AW_FUZZ_LDFLAGS)
fuzz_programs += tests/fuzz/fuzz_sigv4
tests_fuzz_fuzz_sigv4_LDFLAGS = $(AM_LDFLAGS) $(AW_FUZZ_LDFLAGS)
fuzz_programs += tests/fuzz/fuzz_sns
tests_fuzz_fuzz_sns_LDFLAGS = $(AM_LDFLAGS) $(AW_FUZZ_LDFLAGS)
tests_fuzz_fuzz_sns_LDADD = $(local_test_libs)
fuzz_programs += tests/fuzz/fuzz_sns_message
tests_fuzz_fuzz_sns_message_LDFLAGS = $(AM_LDFLAGS) $(AW_FUZZ_LDFLAGS)
fuzz_programs += tests/fuzz/fuzz_told
tests_fuzz_fuzz_told_LDFLAGS = $(AM_LDFLAGS) $(AW_FUZZ_LDFLAGS)
fuzz_programs += tests/fuzz/fuzz_target_json
tests_fuzz_fuzz_target_json_LDFLAGS = $(AM_LDFLAGS) $(AW_FUZZ_LDFLAGS)
fuzz_programs += tests/fuzz/fuzz_url
tests_fuzz_fuzz_url_LDFLAGS = $(AM_LDFLAGS) $(AW_FUZZ_LDFLAGS)
fuzz_programs += tests/fuzz/fuzz_http_parse
tests_fuzz_fuzz_http_parse_LDFLAGS = $(AM_LDFLAGS) $(AW_FUZZ_LDFLAGS)

# What sh cannot do for the system tests.
tests_tools =
tests_tools += tests/support/apiprobe
tests_support_apiprobe_LDADD = libawaitd.a $(libs)
tests_tools += tests/support/awsprobe
tests_support_awsprobe_SOURCES = tests/support/awsprobe.c \
	tests/support/awsprobe.h tests/support/awsprobe_ask.c \
	tests/support/awsprobe_case.c
tests_support_awsprobe_LDADD = libawaitd.a $(libs)
tests_tools += tests/support/bitrot
tests_support_bitrot_SOURCES = tests/support/bitrot.c tests/support/rot.h \
	tests/support/rot_make.c tests/support/rot_read.c
tests_support_bitrot_LDADD = libawaitd.a $(libs)
tests_tools += tests/support/credpeer_main
tests_support_credpeer_main_SOURCES = tests/support/credpeer_main.c $(credpeer)
tests_support_credpeer_main_LDADD = $(local_test_libs)
tests_tools += tests/support/execbench
tests_support_execbench_LDADD = libawaitd.a $(libs)
tests_tools += tests/support/fsdown
tests_support_fsdown_LDADD = libawaitd.a $(libs)
tests_tools += tests/support/fillstore
tests_support_fillstore_LDADD = libawaitd.a $(libs)
tests_tools += tests/support/hostile
tests_support_hostile_LDADD = libawaitd.a $(libs)
tests_tools += tests/support/burst
tests_support_burst_LDADD = libawaitd.a $(libs)
tests_tools += tests/support/crowd
tests_support_crowd_LDADD = libawaitd.a $(libs)
tests_tools += tests/support/cutter
tests_support_cutter_LDADD = libawaitd.a $(libs)
tests_tools += tests/support/dbbench
tests_support_dbbench_LDADD = $(local_test_libs)
tests_tools += tests/support/nokeys
tests_support_nokeys_LDADD = libawaitd.a $(libs)
tests_tools += tests/support/plaincurl
tests_support_plaincurl_SOURCES = tests/support/plaincurl.c \
	tests/support/load.c tests/support/load.h
tests_support_plaincurl_LDADD = libawaitd.a $(libs)
tests_tools += tests/support/pollbench
tests_support_pollbench_SOURCES = tests/support/pollbench.c \
	tests/support/load.c tests/support/load.h
tests_support_pollbench_LDADD = libawaitd.a $(libs)
tests_tools += tests/support/deliverbench
tests_support_deliverbench_LDADD = libawaitd.a $(libs)
tests_tools += tests/support/detect
tests_support_detect_SOURCES = tests/support/detect.c $(flow_support) $(s3_support)
tests_tools += tests/support/pipeline
tests_support_pipeline_SOURCES = tests/support/pipeline.c \
	tests/support/memory_http.c tests/support/memory_http.h
tests_support_pipeline_LDADD = libawaitd.a $(libs)
tests_tools += tests/support/rawcall
tests_support_rawcall_LDADD = libawaitd.a $(libs)
tests_tools += tests/support/receivers
tests_support_receivers_LDADD = libawaitd.a $(libs)
tests_tools += tests/support/reseal
tests_support_reseal_SOURCES = tests/support/reseal.c $(seal_support)
tests_support_reseal_LDADD = libawaitd.a $(libs)
tests_tools += tests/support/resting
tests_support_resting_LDADD = libawaitd.a $(libs)
tests_tools += tests/support/s3probe
tests_support_s3probe_LDADD = libawaitd.a $(libs)
tests_tools += tests/support/snsflood
tests_support_snsflood_SOURCES = tests/support/snsflood.c $(http_cases)
tests_support_snsflood_LDADD = libawaitd.a $(libs)
tests_tools += tests/support/snspeer
tests_support_snspeer_SOURCES = tests/support/snspeer.c \
	tests/support/sns_maker.c tests/support/sns_maker.h
tests_support_snspeer_LDADD = libawaitd.a $(libs)
tests_tools += tests/support/snsprobe
tests_support_snsprobe_LDADD = libawaitd.a $(libs)
tests_tools += tests/support/submitter
tests_support_submitter_LDADD = libawaitd.a $(libs)
tests_tools += tests/support/sumhook
tests_support_sumhook_LDADD = libawaitd.a $(libs)
tests_tools += tests/support/testcontainer
tests_support_testcontainer_LDADD = libawaitd.a $(libs)
tests_tools += tests/support/peer
tests_support_peer_SOURCES = tests/support/peer.c tests/support/peer.h \
	tests/support/peer_endpoint.c tests/support/peer_hook.c \
	tests/support/peer_objects.c
tests_support_peer_LDADD = libawaitd.a $(libs)
tests_tools += tests/support/posthook
tests_support_posthook_LDADD = libawaitd.a $(libs)

if HAVE_TESSERACT
tests_tools += tests/support/repage
endif
tests_support_repage_SOURCES = tests/support/repage.c
tests_support_repage_CPPFLAGS = $(AM_CPPFLAGS) $(TESSERACT_CFLAGS)
tests_support_repage_LDADD = libawaitd.a $(TESSERACT_LIBS) $(libs)

# awaitd itself, which can be told where to die.
tests_tools += awaitd-crash
awaitd_crash_SOURCES = src/main.c tests/support/crash_at.c
awaitd_crash_LDADD = libawaitd.a $(libs)

check_PROGRAMS += $(tests_tools)

# In front of libc, in programs under test: with none of our flags, so that no
# sanitizer is in it.
tests_objects = tests/support/badio.so
check_DATA = $(tests_objects)
tests/support/badio.so: tests/support/badio.c
	$(AM_V_CC)$(MKDIR_P) $(@D) && $(CC) -std=c11 -D_GNU_SOURCE -Wall -Wextra \
		$(CPPFLAGS) $(CFLAGS) -pthread -fPIC -shared $(LDFLAGS) \
		-o $@ $(srcdir)/tests/support/badio.c
CLEANFILES += $(tests_objects)
EXTRA_DIST += tests/support/badio.c

if HAVE_CMOCKA
check_PROGRAMS += $(unit_tests) $(flow_tests)
run_unit_tests = $(unit_tests) $(flow_tests)
endif

# "make check system_tests_run=" leaves the slow ones out.
system_tests_run = $(system_tests)
TESTS = $(run_unit_tests) $(system_tests_run)

if ENABLE_FUZZERS
noinst_PROGRAMS += $(fuzz_programs)
endif

tests_env = \
	top_srcdir='$(top_srcdir)' top_builddir='$(top_builddir)' \
	abs_top_srcdir='$(abs_top_srcdir)' \
	abs_top_builddir='$(abs_top_builddir)' \
	ASAN_OPTIONS="detect_leaks=1:$${ASAN_OPTIONS-}" \
	UBSAN_OPTIONS="print_stacktrace=1:$${UBSAN_OPTIONS-}" \
	TSAN_OPTIONS="halt_on_error=1:$${TSAN_OPTIONS-}"

AM_TESTS_ENVIRONMENT = export $(tests_env);
TEST_EXTENSIONS = .sh
SH_LOG_COMPILER = $(SHELL)
SH_LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) \
	$(top_srcdir)/build-aux/tap-driver.sh

check-unit: all
	$(MAKE) $(AM_MAKEFLAGS) check system_tests_run=

check-system: all
	$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(system_tests)'

# Tests against servers that others wrote, campaigns and measurements are
# scripts run from the build tree; none is part of "make check".
check-interop: all $(tests_tools)
	@$(tests_env) $(SHELL) $(srcdir)/tests/interop/run.sh

# What no program may write, searched for at the highest log level.
check-secrets: all $(tests_tools) $(tests_objects)
	@$(tests_env) $(SHELL) $(srcdir)/tests/support/check_secrets.sh \
		$(system_tests)

# awaitd with some of its files replaced, for campaign-mutants: what is broken
# stands in front of the library. MUTANT_SOURCES are names below MUTANT_DIR.
mutant_compile = set -e; o=; for f in $(MUTANT_SOURCES); do \
	$(COMPILE) -w -Wno-error -c -o $(MUTANT_DIR)/$$f.o \
		$(MUTANT_DIR)/$$f; \
	o="$$o $(MUTANT_DIR)/$$f.o"; done
mutant_link = $(CCLD) $(AM_CFLAGS) $(CFLAGS) $(AM_LDFLAGS) $(LDFLAGS)
mutant: libawaitd.a src/main.$(OBJEXT) tests/support/crash_at.$(OBJEXT) \
		$(tests_support_bitrot_OBJECTS) awaitd-keeper$(EXEEXT)
	@$(mutant_compile); cp awaitd-keeper$(EXEEXT) $(MUTANT_DIR); \
	$(mutant_link) -o $(MUTANT_DIR)/awaitd src/main.$(OBJEXT) \
		tests/support/crash_at.$(OBJEXT) $$o libawaitd.a $(libs) $(LIBS); \
	$(mutant_link) -o $(MUTANT_DIR)/bitrot \
		$(tests_support_bitrot_OBJECTS) $$o libawaitd.a $(libs) $(LIBS)

# The same of a unit test or a flow, MUTANT_TEST, which runs one case.
mutant_of = $(subst /,_,$(MUTANT_TEST))
mutant-test: $(MUTANT_TEST)
	@$(mutant_compile); \
	$(COMPILE) -c -o $(MUTANT_DIR)/one_case.$(OBJEXT) \
		$(srcdir)/tests/support/one_case.c; \
	$(mutant_link) -o $(MUTANT_DIR)/test $($(mutant_of)_OBJECTS) \
		$(MUTANT_DIR)/one_case.$(OBJEXT) $$o $($(mutant_of)_LDADD) $(LIBS)
EXTRA_DIST += tests/support/one_case.c

campaign-%: all $(tests_tools) $(tests_objects)
	@$(tests_env) unit_tests='$(if $(run_unit_tests),yes)' \
		$(SHELL) $(srcdir)/tests/campaign/$*.sh

bench-%: all $(tests_tools)
	@$(tests_env) $(SHELL) $(srcdir)/bench/$*.sh

# make fuzz SECONDS=n: each target that long, from its corpus of known inputs;
# what it finds stays in the build tree.
SECONDS = 60
fuzz: $(noinst_PROGRAMS)
	@test -n "$(noinst_PROGRAMS)" || { \
		echo "fuzz: configure with CC=clang --enable-fuzzers" >&2; exit 1; }
	@set -e; for p in $(noinst_PROGRAMS); do \
		n=$${p##*/fuzz_}; seeds=$(srcdir)/tests/fuzz/corpus/$$n; \
		$(MKDIR_P) fuzz-found/$$n; test -d $$seeds || seeds=; \
		echo "fuzz: $$n for $(SECONDS) s"; \
		$(tests_env) ./$$p -max_total_time=$(SECONDS) \
			-artifact_prefix=fuzz-found/$$n- fuzz-found/$$n $$seeds; \
	done

clean-local:
	rm -rf fuzz-found

EXTRA_DIST += $(wildcard $(addprefix $(srcdir)/tests/, vectors fuzz/corpus \
	system/models *.md *.sh *.awk $(addprefix */, *.md *.sh *.zsh *.sql *.awk *.mjs \
	*.py *.json *.conf *.mutant)))

.PHONY: mutant mutant-test check-unit check-system check-interop check-secrets fuzz
