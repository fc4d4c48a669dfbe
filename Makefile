# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# drop53: `make help` lists the targets; V=1 shows the commands.

VERSION := 0.1.0
PREFIX  ?= /usr/local
DESTDIR ?=
B       := build

# The first of a list of commands that this machine has: Debian ships clang-14, clang-16...
first = $(or $(firstword $(foreach c,$(1),$(if $(shell command -v $(c) 2>/dev/null),$(c)))),$(firstword $(1)))

CC         ?= cc
CLANG      ?= $(call first,clang clang-19 clang-16 clang-15 clang-14)
LLVM_STRIP ?= $(call first,llvm-strip llvm-strip-19 llvm-strip-16 llvm-strip-15 llvm-strip-14)
BPFTOOL    ?= $(call first,bpftool /usr/sbin/bpftool /sbin/bpftool)
PKG_CONFIG ?= pkg-config

PACKAGES := libbpf jansson libmnl libpcap yaml-0.1 libsystemd libmicrohttpd
ifeq ($(filter clean help uninstall,$(MAKECMDGOALS)),)
MISSING  := $(shell $(PKG_CONFIG) --print-errors --short-errors --exists $(PACKAGES) 2>&1 || echo failed)
$(if $(MISSING),$(error $(MISSING): install what is missing with scripts/deps build))
endif
ARCH     := $(shell uname -m | sed 's/x86_64/x86/; s/aarch64/arm64/; s/riscv64/riscv/; s/ppc64le/powerpc/')

WARN   := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
# SANITIZE=address,undefined builds everything in user space with those sanitizers.
# (gcc takes the sanitizer's own checks for null format strings.)
SAN    := $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-omit-frame-pointer -Wno-format-truncation)
CFLAGS ?= -O2 -g
override CFLAGS += -std=gnu11 $(WARN) $(SAN) -D_GNU_SOURCE -DDROP53_VERSION='"$(VERSION)"' \
	-Iinclude -Ibpf -Iloader -I$(B) $(shell $(PKG_CONFIG) --cflags $(PACKAGES))
LDLIBS := $(shell $(PKG_CONFIG) --libs $(PACKAGES)) -lelf -lz

# Warnings the kernel's own headers cause under clang's BPF target are not ours to fix.
BPF_CFLAGS := -std=gnu11 -O2 -g -target bpf -mcpu=v3 -Wall -Wextra -Werror -Iinclude -Ibpf \
	-D__TARGET_ARCH_$(ARCH) -isystem /usr/include/$(shell uname -m)-linux-gnu

LIB_SRC  := $(wildcard loader/lib/*.c)
CMD_SRC  := $(wildcard loader/*.c)
RUN_SRC  := $(wildcard loader/daemon/*.c)
TEST_SRC := $(shell find tests -name '*_test.c' 2>/dev/null)
TOOL_SRC := $(wildcard tests/tools/*.c)
HELP_SRC := $(wildcard tests/support/*.c)
LIB_OBJ  := $(LIB_SRC:%.c=$(B)/%.o)
CMD_OBJ  := $(CMD_SRC:%.c=$(B)/%.o)
RUN_OBJ  := $(RUN_SRC:%.c=$(B)/%.o)
HELP_OBJ := $(HELP_SRC:%.c=$(B)/%.o)
TESTS    := $(TEST_SRC:%.c=$(B)/%)
TOOLS    := $(TOOL_SRC:%.c=$(B)/%)
# Programs for the tests and the benchmark alone: tests/tools/*.bpf.c
TOOL_BPF := $(patsubst %.c,$(B)/%.o,$(wildcard tests/tools/*.bpf.c))
TOOLS    := $(filter-out %.bpf,$(TOOLS))

Q   := $(if $(V),,@)
say  = $(if $(V),,@printf '  %-8s %s\n' $(1) $(2))

.PHONY: all check tests tools install uninstall clean help lint
.DELETE_ON_ERROR:
.SECONDARY:
all: $(B)/drop53

$(B)/drop53: $(CMD_OBJ) $(B)/libdaemon.a $(B)/libdrop53.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(B)/libdrop53.a: $(LIB_OBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# Apart from the library, for it prints; an archive, for its tests link what they need of it.
$(B)/libdaemon.a: $(RUN_OBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/%.bpf.o: %.bpf.c
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -MT $@ -c $< -o $@.tmp
	$(Q)$(LLVM_STRIP) -g $@.tmp -o $@ && rm -f $@.tmp

$(B)/drop53.skel.h: $(B)/bpf/drop53.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name drop53_bpf > $@

$(B)/%.o: %.c | $(B)/drop53.skel.h
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -MMD -MP -c $< -o $@

# A test or tool is one source file; tests/support/ holds what several share.
$(B)/tests/support/libsupport.a: $(HELP_OBJ)
	$(call say,AR,$@)
	$(Q)mkdir -p $(@D) && rm -f $@ && $(AR) rcs $@ $^

$(TESTS) $(TOOLS): $(B)/%: $(B)/%.o $(B)/tests/support/libsupport.a $(B)/libdaemon.a $(B)/libdrop53.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lcmocka $(LDLIBS)

tests: $(TESTS) tools
tools: $(TOOLS) $(TOOL_BPF)

check: all tests ## run every test (as root; scripts/test installs what they need first)
	$(Q)tests/run

lint: ## formatting, static analysis, shell scripts, the manual page
	$(Q)scripts/lint

install: all ## install under $(DESTDIR)$(PREFIX)
	install -Dm755 $(B)/drop53 $(DESTDIR)$(PREFIX)/sbin/drop53
	[ ! -f docs/drop53.8 ] || install -Dm644 docs/drop53.8 $(DESTDIR)$(PREFIX)/share/man/man8/drop53.8
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system $(DESTDIR)$(PREFIX)/share/drop53
	sed 's#/usr/local/sbin#$(PREFIX)/sbin#' deploy/drop53.service > $(DESTDIR)$(PREFIX)/lib/systemd/system/drop53.service
	chmod 644 $(DESTDIR)$(PREFIX)/lib/systemd/system/drop53.service
	install -m644 deploy/drop53.conf deploy/prometheus/drop53.rules.yml $(DESTDIR)$(PREFIX)/share/drop53
	[ -e $(DESTDIR)/etc/drop53/drop53.conf ] || install -Dm644 deploy/drop53.conf $(DESTDIR)/etc/drop53/drop53.conf

uninstall: ## remove what install put there
	rm -f $(DESTDIR)$(PREFIX)/sbin/drop53 $(DESTDIR)$(PREFIX)/share/man/man8/drop53.8
	rm -f $(DESTDIR)$(PREFIX)/lib/systemd/system/drop53.service
	rm -rf $(DESTDIR)$(PREFIX)/share/drop53

clean: ## remove what was built
	rm -rf $(B)

help: ## this list
	@printf 'make            build build/drop53\n'
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t16
	@printf 'Variables: DESTDIR PREFIX V=1 CLANG LLVM_STRIP BPFTOOL SANITIZE=address,undefined\n'

-include $(shell find $(B) -name '*.d' 2>/dev/null)
