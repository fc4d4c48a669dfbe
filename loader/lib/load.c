/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Loading the program with fresh tables: the part of filter.h that needs the skeleton. */
#include "lib/filter.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "drop53.skel.h"
#include "lib/allowlist.h"
#include "lib/diag.h"
#include "lib/load.h"
#include "lib/set_pages.h"

#define DEFAULT_SOURCES_BYTES (16u << 20)
#define MIN_SOURCES_PER_CPU   1024
#define MAX_SOURCES	      (1u << 24) /* 1 GiB */
#define COUNTERS_BYTES	      (3u << 20)
#define MIN_INTERFACES	      8

/* Whether the process has what loading takes. If it cannot be told, it has not. */
static bool is_privileged(void)
{
	const __u64 needed = 1ull << CAP_BPF | 1ull << CAP_PERFMON | 1ull << CAP_NET_ADMIN;
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {};
	__u64 effective;

	if (syscall(SYS_capget, &header, data))
		return false;
	effective = (__u64)data[1].effective << 32 | data[0].effective;
	return effective & 1ull << CAP_SYS_ADMIN || (effective & needed) == needed;
}

/*
 * What a kernel lets only the privileged do, told from everything else that may go wrong. EACCES is
 * the verifier's word both for want of CAP_PERFMON and for a program that it does not accept.
 */
static int load_error(int err, struct diag *diag)
{
	if (err == -EACCES && is_privileged())
		return diag__fail(diag, EOPNOTSUPP,
				  "cannot load the program: this kernel's verifier, or a security "
				  "module, refuses it; please report it with the kernel's release "
				  "(uname -r)");
	if (err == -EPERM || err == -EACCES)
		return diag__fail(diag, EPERM,
				  "cannot load the program: %s; run as root, or with "
				  "CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON (a container's seccomp "
				  "profile may refuse bpf() all the same)",
				  strerror(-err));
	if (err == -EINVAL || err == -ENOTSUP || err == -EOPNOTSUPP)
		return diag__fail(diag, EOPNOTSUPP,
				  "cannot load the program: %s; the kernel must "
				  "be Linux 5.10 or later with CONFIG_BPF_SYSCALL",
				  strerror(-err));
	return diag__fail(diag, -err, "cannot load the program: %s", strerror(-err));
}

static int ignore(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level, (void)format, (void)args;
	return 0;
}

struct drop53_bpf *load__open(struct diag *diag)
{
	struct drop53_bpf *skeleton;

	/* Whatever libbpf would say of a failure, the diagnostic says in one line. */
	libbpf_set_print(ignore);
	skeleton = drop53_bpf__open();
	if (!skeleton)
		diag__fail(diag, errno, "cannot open the program's object: %s", strerror(errno));
	return skeleton;
}

void load__configure(struct drop53_bpf *skeleton, const struct drop53_config *config)
{
	memcpy((void *)&skeleton->rodata->config, config, sizeof(*config));
	bpf_program__set_autoload(skeleton->progs.drop53_frags, config->frags);
	bpf_program__set_autoload(skeleton->progs.explain_frags, config->frags);
	bpf_program__set_autoload(skeleton->progs.explain, !config->frags);
}

int load__programs(struct drop53_bpf *skeleton, struct diag *diag)
{
	int err = drop53_bpf__load(skeleton);

	return err ? load_error(err, diag) : 0;
}

static void set_masks(struct drop53_config *config, const struct filter_options *options)
{
	static const __u8 width[DROP53_FAMILY__N] = {0, 32, 128};
	int family, bit, length;

	memset(config->source_mask, 0, sizeof(config->source_mask));
	for (family = 0; family < DROP53_FAMILY__N; family++) {
		__u8 *mask = (__u8 *)config->source_mask[family];

		length = options->source_length[family];
		if (!length)
			length = width[family];
		for (bit = 0; bit < length; bit++)
			mask[bit / 8] |= 0x80 >> bit % 8;
	}
}

/* As many as COUNTERS_BYTES holds, a power of two, and one for strays. */
static __u32 interface_slots(int cpus)
{
	__u32 slots = DROP53_MAX_INTERFACES;

	while (slots > MIN_INTERFACES &&
	       (slots + 1) * cpus * sizeof(struct drop53_counters) > COUNTERS_BYTES)
		slots /= 2;
	return slots + 1;
}

static int set_config(struct drop53_config *config, const struct filter_options *options, int cpus,
		      struct diag *diag)
{
	__u32 slots = options->sources, per_cpu;

	if (!slots)
		slots = DEFAULT_SOURCES_BYTES / sizeof(struct drop53_source);
	if (slots > MAX_SOURCES)
		return diag__fail(diag, EINVAL, "--sources %u: at most %u (1 GiB)", slots,
				  MAX_SOURCES);
	per_cpu = slots / cpus;
	if (per_cpu < MIN_SOURCES_PER_CPU)
		per_cpu = MIN_SOURCES_PER_CPU;
	config->sets = per_cpu / DROP53_WAYS;
	config->interfaces = interface_slots(cpus);
	config->frags =
		libbpf_probe_bpf_helper(BPF_PROG_TYPE_XDP, BPF_FUNC_xdp_load_bytes, NULL) == 1;
	set_masks(config, options);
	if (getrandom(config->hash_key, sizeof(config->hash_key), 0) !=
	    (ssize_t)sizeof(config->hash_key))
		return diag__fail(diag, errno, "getrandom: %s", strerror(errno));
	/* Odd, so that a multiplication loses nothing. */
	for (size_t i = 1; i < sizeof(config->hash_key) / sizeof(config->hash_key[0]); i++)
		config->hash_key[i] |= 1;
	return 0;
}

static int set_sizes(struct drop53_bpf *skeleton, const struct drop53_config *config, int cpus)
{
	const struct {
		struct bpf_map *map;
		__u32 entries;
	} sizes[] = {
		{skeleton->maps.counters, cpus * config->interfaces},
		{skeleton->maps.cpus, cpus},
		{skeleton->maps.tags, cpus * config->sets},
		{skeleton->maps.sources, cpus * config->sets * DROP53_WAYS},
	};
	size_t i;
	int err;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		err = bpf_map__set_max_entries(sizes[i].map, sizes[i].entries);
		if (err)
			return err;
	}
	return 0;
}

/*
 * What only a program can tell, by one that runs once: jiffies and the clock at the same instant,
 * and how a page of `sets` lies in memory.
 */
static int set_anchor(struct drop53_bpf *skeleton, struct drop53_settings *settings)
{
	char frame[64] = {};
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame, .data_size_in = sizeof(frame),
		    .repeat = 1);
	struct timespec tick;

	/* The coarse clock moves once a jiffy: its resolution is the kernel's TICK_NSEC. */
	if (clock_getres(CLOCK_MONOTONIC_COARSE, &tick))
		return -errno;
	settings->tick_ns = tick.tv_sec * 1000000000ull + tick.tv_nsec;
	return bpf_prog_test_run_opts(bpf_program__fd(skeleton->progs.anchor), &run);
}

static int seed_cpus(int fd, int cpus)
{
	struct drop53_cpu own = {};
	__u32 cpu;

	for (cpu = 0; cpu < (__u32)cpus; cpu++) {
		if (getrandom(&own.random, sizeof(own.random), 0) != (ssize_t)sizeof(own.random))
			return -errno;
		if (bpf_map_update_elem(fd, &cpu, &own, BPF_ANY))
			return -errno;
	}
	return 0;
}

static struct drop53_settings *settings_of(struct drop53_bpf *skeleton)
{
	return &skeleton->data_settings->settings;
}

static int load(struct drop53_bpf *skeleton, const struct filter_options *options,
		struct diag *diag)
{
	int cpus = libbpf_num_possible_cpus(), err;
	struct drop53_config config = {};
	struct drop53_settings *settings;

	if (cpus < 0)
		return diag__fail(diag, -cpus, "cannot tell the number of CPUs: %s",
				  strerror(-cpus));
	err = set_config(&config, options, cpus, diag);
	if (err)
		return err;
	load__configure(skeleton, &config);
	err = set_sizes(skeleton, &config, cpus);
	if (err)
		return load_error(err, diag);
	err = load__programs(skeleton, diag);
	if (err)
		return err;
	settings = settings_of(skeleton);
	settings->abi = DROP53_ABI;
	settings->config = config;
	settings->cpus = cpus;
	settings->netns = filter__netns();
	/* The spare page is in place then: where it lies in memory, every other one will. */
	err = set_pages__wait(bpf_map__fd(skeleton->maps.sets), diag);
	if (err)
		return err;
	err = set_anchor(skeleton, settings);
	if (!err)
		err = seed_cpus(bpf_map__fd(skeleton->maps.cpus), cpus);
	if (err)
		return diag__fail(diag, -err, "cannot prepare the tables: %s", strerror(-err));
	return 0;
}

/* Puts the pin in place in one step, also where there is an older one. */
static int pin(int fd, const char *directory, const char *name, struct diag *diag)
{
	char path[PATH_MAX], aside[PATH_MAX];

	if (fd < 0) /* not loaded: this kernel has no use for it */
		return 0;
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	snprintf(aside, sizeof(aside), "%s/new-%s", directory, name);
	if (unlink(aside) && errno != ENOENT)
		return diag__fail(diag, errno, "%s: cannot remove: %s", aside, strerror(errno));
	if (bpf_obj_pin(fd, aside))
		return diag__fail(diag, errno, "%s: cannot pin: %s", aside, strerror(errno));
	/* Only root may change the filter; who may read it is the administrator's choice. */
	if (chmod(aside, 0600) || rename(aside, path))
		return diag__fail(diag, errno, "%s: cannot put in place: %s", path,
				  strerror(errno));
	return 0;
}

int load__pin_programs(struct drop53_bpf *skeleton, const char *directory, struct diag *diag)
{
	const struct bpf_program *explain = skeleton->rodata->config.frags
						    ? skeleton->progs.explain_frags
						    : skeleton->progs.explain;
	int err;

	err = pin(bpf_program__fd(skeleton->progs.drop53), directory, PIN_PROGRAM, diag);
	if (!err)
		err = pin(bpf_program__fd(skeleton->progs.drop53_frags), directory,
			  PIN_PROGRAM_FRAGS, diag);
	if (!err)
		err = pin(bpf_program__fd(explain), directory, PIN_EXPLAIN, diag);
	return err;
}

static int pin_all(struct drop53_bpf *skeleton, const char *directory, struct diag *diag)
{
	const struct {
		const struct bpf_map *map;
		const char *name;
	} pins[] = {
		{skeleton->maps.data_settings, PIN_SETTINGS},
		{skeleton->maps.counters, PIN_COUNTERS},
		{skeleton->maps.cpus, PIN_CPUS},
		{skeleton->maps.tags, PIN_TAGS},
		{skeleton->maps.sources, PIN_SOURCES},
		{skeleton->maps.sets, PIN_SETS},
	};
	size_t i;
	int err;

	if (mkdir(directory, 0700))
		return diag__fail(diag, errno, "%s: cannot create: %s", directory, strerror(errno));
	err = load__pin_programs(skeleton, directory, diag);
	for (i = 0; !err && i < sizeof(pins) / sizeof(pins[0]); i++)
		err = pin(bpf_map__fd(pins[i].map), directory, pins[i].name, diag);
	return err;
}

int filter__create(struct filter *filter, struct state *state, const struct filter_options *options,
		   struct diag *diag)
{
	char aside[sizeof(state->directory) + 32] = "";
	struct drop53_bpf *skeleton = load__open(diag);
	int err;

	if (!skeleton)
		return -ENOEXEC;
	err = load(skeleton, options, diag);
	if (err)
		goto out;
	/* The process id is in the name: two commands in two containers may share a bpffs. */
	snprintf(aside, sizeof(aside), "%s" STATE_ASIDE "%d", state->directory, getpid());
	err = pin_all(skeleton, aside, diag);
	if (!err)
		err = allowlist__create(aside, diag);
	if (!err && rename(aside, state->directory))
		err = diag__fail(diag, errno, "%s: cannot put the state in place: %s",
				 state->directory, strerror(errno));
	if (!err)
		err = filter__open(filter, state, FILTER_WRITE, diag);
out:
	if (err && *aside)
		state__remove(aside, NULL);
	drop53_bpf__destroy(skeleton);
	return err;
}

bool filter__matches(const struct filter *filter, const struct filter_options *options)
{
	const struct drop53_config *config = &filter->settings->config;
	struct drop53_config wanted = {};
	__u32 per_cpu = options->sources / filter->settings->cpus;
	int family;

	if (per_cpu < MIN_SOURCES_PER_CPU)
		per_cpu = MIN_SOURCES_PER_CPU;
	if (options->sources && per_cpu / DROP53_WAYS != config->sets)
		return false;
	set_masks(&wanted, options);
	for (family = 0; family < DROP53_FAMILY__N; family++)
		if (options->source_length[family] &&
		    memcmp(wanted.source_mask[family], config->source_mask[family],
			   sizeof(wanted.source_mask[family])))
			return false;
	return true;
}
