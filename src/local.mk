# awaitd: one list a layer, one module a line, sorted. Only main.c stays
# outside the library, so that tests can link everything else.

base_sources =
base_sources += src/base/backoff.c src/base/backoff.h
base_sources += src/base/buf.c src/base/buf.h
base_sources += src/base/child.c src/base/child.h
base_sources += src/base/clock.c src/base/clock.h
base_sources += src/base/encode.c src/base/encode.h
base_sources += src/base/error.c src/base/error.h
base_sources += src/base/file.c src/base/file.h
base_sources += src/base/hash.c src/base/hash.h
base_sources += src/base/ini.c src/base/ini.h
base_sources += src/base/json.c src/base/json.h
base_sources += src/base/jsonw.c src/base/jsonw.h
base_sources += src/base/log.c src/base/log.h
base_sources += src/base/loop.c src/base/loop.h
base_sources += src/base/mem.c src/base/mem.h
base_sources += src/base/random.c src/base/random.h
base_sources += src/base/str.c src/base/str.h
base_sources += src/base/timefmt.c src/base/timefmt.h

job_sources =
job_sources += src/job/job.c src/job/job.h
job_sources += src/job/jobid.c src/job/jobid.h
job_sources += src/job/jobjson.c src/job/jobjson.h

net_sources =
net_sources += src/net/header.c src/net/header.h
net_sources += src/net/http_chunk.c src/net/http_chunk.h
net_sources += src/net/http_client.c src/net/http_client.h
net_sources += src/net/http_parse.c src/net/http_parse.h
net_sources += src/net/http_server.c src/net/http_server.h
net_sources += src/net/http_server_body.c
net_sources += src/net/http_server_conn.c src/net/http_server_conn.h
net_sources += src/net/http_server_reply.c

aws_sources =
aws_sources += src/aws/awserr.c src/aws/awserr.h
aws_sources += src/aws/s3xml.c src/aws/s3xml.h

store_sources =
store_sources += src/store/backend.h
store_sources += src/store/sqlite.c
store_sources += src/store/store.c src/store/store.h

deliver_sources =

engine_sources =

conf_sources =

serve_sources =

cmd_sources =

noinst_LIBRARIES += libawaitd.a
libawaitd_a_SOURCES = $(base_sources) $(job_sources) $(net_sources) \
	$(aws_sources) $(store_sources) $(deliver_sources) \
	$(engine_sources) $(conf_sources) $(serve_sources) $(cmd_sources)
nodist_libawaitd_a_SOURCES = src/store/schema.h

bin_PROGRAMS += awaitd
awaitd_SOURCES = src/main.c
awaitd_LDADD = libawaitd.a $(libs)

# store/schema.h holds each .sql file as schema_NAME[]. It is made in the
# build tree and never shipped: it cannot differ from the .sql files.
schema_sql = src/store/schema/sqlite.sql

src/store/schema.h: $(schema_sql) tools/embed
	$(AM_V_GEN)$(MKDIR_P) $(@D) && \
	$(srcdir)/tools/embed schema $(filter %.sql,$^) >$@.tmp && mv $@.tmp $@

BUILT_SOURCES += src/store/schema.h
CLEANFILES += src/store/schema.h
EXTRA_DIST += $(schema_sql)
