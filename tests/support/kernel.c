/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "kernel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
/* After setjmp.h, stdarg.h and stddef.h, as it asks. */
#include <cmocka.h>

#include "drop53.skel.h"
#include "lib/detach.h"
#include "lib/diag.h"
#include "lib/load.h"

/* Steele's splitmix64: any seed gives good bits. */
static __u64 next(__u64 *seed)
{
	__u64 z = *seed += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static void complete(struct drop53_config *config, __u64 seed)
{
	static const struct drop53_config zero;
	size_t i;

	if (!config->interfaces)
		config->interfaces = DROP53_MAX_INTERFACES + 1;
	if (!memcmp(config->source_mask, zero.source_mask, sizeof(zero.source_mask))) {
		memset(config->source_mask[DROP53_FAMILY_IPV4], 0xff, 4);
		memset(config->source_mask[DROP53_FAMILY_IPV6], 0xff, 16);
	}
	for (i = 0; i < sizeof(config->hash_key) / sizeof(config->hash_key[0]); i++)
		config->hash_key[i] = next(&seed) | 1;
}

static int resize(struct drop53_bpf *skeleton, const struct drop53_config *config, __u32 cpus)
{
	__u32 sets = cpus * config->sets ?: 1;

	return bpf_map__set_max_entries(skeleton->maps.counters, cpus * config->interfaces) ?:
	       bpf_map__set_max_entries(skeleton->maps.cpus, cpus) ?:
	       bpf_map__set_max_entries(skeleton->maps.tags, sets) ?:
	       bpf_map__set_max_entries(skeleton->maps.sources, sets * DROP53_WAYS);
}

static int seed_cpus(int map, __u32 cpus, __u64 seed)
{
	struct drop53_cpu own = {};
	__u32 cpu;

	for (cpu = 0; cpu < cpus; cpu++) {
		own.random = next(&seed) | 1;
		if (bpf_map_update_elem(map, &cpu, &own, BPF_ANY))
			return -errno;
	}
	return 0;
}

int kernel__load(struct kernel *kernel, const struct drop53_config *config, __u64 seed)
{
	__u32 cpus = libbpf_num_possible_cpus();
	struct drop53_config full = *config;
	struct drop53_bpf *skeleton;
	int err;

	memset(kernel, 0, sizeof(*kernel));
	filter__init(&kernel->filter, NULL);
	complete(&full, seed);
	skeleton = kernel->skeleton = load__open(NULL);
	if (!skeleton)
		return -errno;
	load__configure(skeleton, &full);
	err = resize(skeleton, &full, cpus) ?: load__programs(skeleton, NULL);
	if (!err)
		err = seed_cpus(bpf_map__fd(skeleton->maps.cpus), cpus, seed);
	if (err) {
		kernel__free(kernel);
		return err;
	}
	kernel->settings = &skeleton->data_settings->settings;
	kernel->settings->config = full;
	kernel->settings->cpus = cpus;
	kernel->filter.settings = kernel->settings;
	kernel->filter.program = bpf_program__fd(skeleton->progs.drop53);
	kernel->filter.counters = bpf_map__fd(skeleton->maps.counters);
	kernel->filter.cpus = bpf_map__fd(skeleton->maps.cpus);
	kernel->filter.sources = bpf_map__fd(skeleton->maps.sources);
	kernel->filter.sets = bpf_map__fd(skeleton->maps.sets);
	return 0;
}

void kernel__free(struct kernel *kernel)
{
	drop53_bpf__destroy(kernel->skeleton);
	memset(kernel, 0, sizeof(*kernel));
}

int program__run(int program, const struct layer *layers, unsigned int times)
{
	static unsigned char frame[FRAME_MAX];
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame, .repeat = times);

	run.data_size_in = frame__build(layers, frame, sizeof(frame));
	if (bpf_prog_test_run_opts(program, &run))
		fail_msg("the kernel will not run the frame: %s", strerror(errno));
	return run.retval;
}

int sandbox__enter(void)
{
	if (unshare(CLONE_NEWNS | CLONE_NEWNET) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("bpf", SANDBOX_BPFFS, "bpf", 0, NULL))
		return -errno;
	return system("ip link set lo up") ? -EIO : 0;
}

int sandbox__stay(void)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	return sched_setaffinity(0, sizeof(cpus), &cpus) ? -errno : 0;
}

void sandbox__do(const char *format, ...)
{
	char command[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	if (system(command))
		fail_msg("%s", command);
}

void pinned__new(struct pinned *pinned, const struct filter_options *options)
{
	static const struct filter_options defaults = {.sources = 4096};
	struct diag diag = {};

	filter__init(&pinned->filter, &pinned->state);
	if (state__open(&pinned->state, SANDBOX_BPFFS, &diag) ||
	    state__lock(&pinned->state, &diag) ||
	    filter__create(&pinned->filter, &pinned->state, options ?: &defaults, &diag))
		fail_msg("%s", diag.text);
}

void pinned__free(struct pinned *pinned)
{
	struct diag diag = {};

	if (detach__everything(&pinned->filter, &diag) || filter__remove(&pinned->filter, &diag))
		fail_msg("%s", diag.text);
	filter__close(&pinned->filter);
	state__close(&pinned->state);
}
