# awaitd-local: the other side. It may use base, net and aws/sigv4*.h of
# awaitd; tools/check-layers says so when it reaches further.

local_sources =
local_sources += local/admin.c local/admin.h
local_sources += local/call.c local/call.h
local_sources += local/checksum.c local/checksum.h
local_sources += local/childlog.c local/childlog.h
local_sources += local/chunked.c local/chunked.h
local_sources += local/cli.c local/cli.h
local_sources += local/command.c local/command.h
local_sources += local/conf.c local/conf.h
local_sources += local/conf_check.c
local_sources += local/conf_section.h
local_sources += local/container.c local/container.h
local_sources += local/db.c local/db.h
local_sources += local/db_mail.c local/db_mail.h
local_sources += local/db_sns.c local/db_sns.h
local_sources += local/db_sql.c local/db_sql.h
local_sources += local/db_sqs.c local/db_sqs.h
local_sources += local/endpoint.c local/endpoint.h
local_sources += local/fault.c local/fault.h
local_sources += local/fleet.c local/fleet.h
local_sources += local/instance.c local/instance.h
local_sources += local/kept.c local/kept.h
local_sources += local/line.c local/line.h
local_sources += local/metrics.c local/metrics.h
local_sources += local/model.c local/model.h
local_sources += local/model_kind.h
local_sources += local/notice.c local/notice.h
local_sources += local/objects.c local/objects.h
local_sources += local/place.c local/place.h
local_sources += local/queue.c local/queue.h
local_sources += local/run.c local/run.h
local_sources += local/s3.c local/s3.h
local_sources += local/s3answer.c local/s3answer.h
local_sources += local/s3body.c local/s3body.h
local_sources += local/s3bucket.c local/s3bucket.h
local_sources += local/s3client.c local/s3client.h
local_sources += local/s3cond.c local/s3cond.h
local_sources += local/s3delete.c local/s3delete.h
local_sources += local/s3digest.c local/s3digest.h
local_sources += local/s3events.c local/s3events.h
local_sources += local/s3events_rule.c local/s3events_rule.h
local_sources += local/s3list.c local/s3list.h
local_sources += local/s3object.c local/s3object.h
local_sources += local/s3put.c local/s3put.h
local_sources += local/s3target.c local/s3target.h
local_sources += local/s3uri.c local/s3uri.h
local_sources += local/s3wait.c local/s3wait.h
local_sources += local/seal.c local/seal.h
local_sources += local/server.c local/server.h
local_sources += local/sns.c local/sns.h
local_sources += local/sns_api.c
local_sources += local/sns_api_publish.c
local_sources += local/sns_api_subscription.c
local_sources += local/sns_ask.c local/sns_ask.h
local_sources += local/sns_form.c local/sns_form.h
local_sources += local/sns_letter.c local/sns_letter.h
local_sources += local/sns_parcel.c local/sns_parcel.h
local_sources += local/sns_parts.h
local_sources += local/sns_policy.c local/sns_policy.h
local_sources += local/sns_post.c local/sns_post.h
local_sources += local/sns_push.c local/sns_push.h
local_sources += local/sns_sign.c local/sns_sign.h
local_sources += local/sqs.c local/sqs.h
local_sources += local/sqs_api.c
local_sources += local/sqs_api_message.c
local_sources += local/sqs_ask.c local/sqs_ask.h
local_sources += local/sqs_settings.c local/sqs_settings.h
local_sources += local/validate.c local/validate.h
local_sources += local/xml.c local/xml.h
local_sources += local/xmlread.c local/xmlread.h

noinst_LIBRARIES += liblocal.a
liblocal_a_SOURCES = $(local_sources)
nodist_liblocal_a_SOURCES = local/schema.h

bin_PROGRAMS += awaitd-local
awaitd_local_SOURCES = local/main.c
awaitd_local_LDADD = liblocal.a libawaitd.a $(libs)

# local/schema.h, as src/store/schema.h is made.
local_sql = local/schema.sql local/schema_2.sql local/schema_3.sql

local/schema.h: $(local_sql) tools/embed
	$(AM_V_GEN)$(MKDIR_P) $(@D) && \
	$(srcdir)/tools/embed schema $(filter %.sql,$^) >$@.tmp && mv $@.tmp $@

BUILT_SOURCES += local/schema.h
CLEANFILES += local/schema.h
EXTRA_DIST += $(local_sql)

# Also when only one program is asked for.
local/db_sql.$(OBJEXT): local/schema.h
