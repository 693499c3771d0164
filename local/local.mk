# awaitd-local: the other side. It may use base, net and aws/sigv4.h of
# awaitd; tools/check-layers says so when it reaches further.

local_sources =

noinst_LIBRARIES += liblocal.a
liblocal_a_SOURCES = $(local_sources)
nodist_liblocal_a_SOURCES = local/schema.h

bin_PROGRAMS += awaitd-local
awaitd_local_SOURCES = local/main.c
awaitd_local_LDADD = liblocal.a libawaitd.a $(libs)

# local/schema.h, as src/store/schema.h is made.
local_sql =

local/schema.h: $(local_sql) tools/embed
	$(AM_V_GEN)$(MKDIR_P) $(@D) && \
	$(srcdir)/tools/embed schema $(filter %.sql,$^) >$@.tmp && mv $@.tmp $@

BUILT_SOURCES += local/schema.h
CLEANFILES += local/schema.h
EXTRA_DIST += $(local_sql)
