# Example containers: what awaitd-local's serve= starts, and a pattern for
# one's own. They may use base and net of awaitd; tools/check-layers says so
# when they reach further.

containers_sources =
containers_sources += containers/container.c containers/container.h
containers_sources += containers/container_main.c
containers_sources += containers/summary.c containers/summary.h

noinst_LIBRARIES += libcontainers.a
libcontainers_a_SOURCES = $(containers_sources)

# Installed, although they are examples: `serve = awaitd-ocr --port {port}` is
# to work wherever awaitd-local does.
bin_PROGRAMS += awaitd-summary
awaitd_summary_SOURCES = containers/summary_main.c
awaitd_summary_LDADD = libcontainers.a libawaitd.a $(libs)

if HAVE_TESSERACT
bin_PROGRAMS += awaitd-ocr
endif
awaitd_ocr_SOURCES = containers/ocr.c
awaitd_ocr_CPPFLAGS = $(AM_CPPFLAGS) $(TESSERACT_CFLAGS)
awaitd_ocr_LDADD = libcontainers.a libawaitd.a $(TESSERACT_LIBS) $(libs)
