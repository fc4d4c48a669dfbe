/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The filter in the kernel for a test: loaded with settings and keys of the test's choice and
 * pinned nowhere, or created and pinned in a place of the test's own. And frames run through it.
 */
#ifndef DROP53_TESTS_KERNEL_H
#define DROP53_TESTS_KERNEL_H

#include "frame.h"
#include "lib/filter.h"

struct kernel {
	struct filter filter; /* for the library's readers; its descriptors are the skeleton's */
	struct drop53_bpf *skeleton;
	struct drop53_settings *settings;
};

/*
 * @config: `interfaces` and the masks may be 0 for the defaults; the hash keys are made from
 * @seed, so that a test's outcome is the same every time. -errno.
 */
int kernel__load(struct kernel *kernel, const struct drop53_config *config, __u64 seed);
void kernel__free(struct kernel *kernel);

/* Runs a frame @times times through @program; fails the test if the kernel will not. */
int program__run(int program, const struct layer *layers, unsigned int times);

/*
 * Network and mount namespaces of this process' own, with lo up and a bpffs at SANDBOX_BPFFS: all
 * of it ends with the process. To be called once, before anything else. -errno.
 */
#define SANDBOX_BPFFS "/mnt"
int sandbox__enter(void);

/*
 * This process, and with it every packet that it sends over lo or runs through a program, stays on
 * CPU 0: what a test evicts, or looks at, is in that CPU's part of the tables. -errno.
 */
int sandbox__stay(void);

/* Runs a shell command; fails the test if the command does. */
void sandbox__do(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A filter made by the library itself, locked and pinned in the sandbox. */
struct pinned {
	struct state state;
	struct filter filter;
};
void pinned__new(struct pinned *pinned, const struct filter_options *options);
/* Also what was pinned goes, links included. */
void pinned__free(struct pinned *pinned);

#endif
