# Man pages, written for scdoc: doc/awaitd.1.scd becomes doc/awaitd.1.

man_pages =
man_pages += doc/awaitd.1
man_pages += doc/awaitd-local.1
man_pages += doc/awaitd-api.7
man_pages += doc/awaitd-gateway.7
man_pages += doc/awaitd-guide.7
man_pages += doc/awaitd-handlers.7
man_pages += doc/awaitd.conf.5

EXTRA_DIST += $(man_pages:=.scd)
EXTRA_DIST += $(wildcard $(srcdir)/doc/*.md)

if HAVE_SCDOC
man_MANS = $(man_pages)
CLEANFILES += $(man_pages)
endif

# SOURCE_DATE_EPOCH, if set, becomes the date in the page.
doc/%: doc/%.scd
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(SCDOC) <$< >$@.tmp && mv $@.tmp $@
