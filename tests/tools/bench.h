/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the drivers of the benchmark share: clocks, programs, words, and how they report. */
#ifndef BENCH_H
#define BENCH_H

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <error.h>
#include <libgen.h>
#include <limits.h>
#include <linux/if_link.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench_traffic.h"

#define BENCH_LOOPBACK 1 /* its ifindex, in every network namespace */

/* One measurement a line, tab between fields; the script adds the section in front. */
static inline void bench_sample(const char *what, const char *contender, int round,
				const char *unit, double value)
{
	printf("%s\t%s\t%d\t%s\t%.4f\n", what, contender, round, unit, value);
}

static inline double bench_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * 1e9 + now.tv_nsec;
}

static inline void bench_pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		error(1, errno, "CPU %d", cpu);
}

/* The programs lie beside the executable. The object stays open as long as the process. */
static inline struct bpf_object *bench_load(const char *file, bool frags)
{
	char self[PATH_MAX] = "", path[2 * PATH_MAX];
	struct bpf_program *program;
	struct bpf_object *object;

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		error(1, errno, "/proc/self/exe");
	snprintf(path, sizeof(path), "%s/%s", dirname(self), file);
	object = bpf_object__open_file(path, NULL);
	if (!object)
		error(1, errno, "%s", path);
	bpf_object__for_each_program(program, object)
	{
		if (frags && bpf_program__type(program) == BPF_PROG_TYPE_XDP)
			bpf_program__set_flags(program, BPF_F_XDP_HAS_FRAGS);
	}
	if (bpf_object__load(object))
		error(1, errno, "%s", path);
	return object;
}

static inline int bench_program(struct bpf_object *object, const char *name)
{
	struct bpf_program *program = bpf_object__find_program_by_name(object, name);

	if (!program)
		error(1, 0, "no program %s", name);
	return bpf_program__fd(program);
}

/*
 * A test run enters its program into the kernel's XDP dispatcher and takes it out again, which
 * waits for grace periods, some 20 ms: unless the program is there already, being attached to some
 * device. The loopback of our own namespace will do. Where it cannot be had, all is just slower.
 */
static inline void bench_hold(int program)
{
	static int link = -1;
	LIBBPF_OPTS(bpf_link_create_opts, options, .flags = XDP_FLAGS_SKB_MODE);

	if (link >= 0)
		close(link);
	link = bpf_link_create(program, BENCH_LOOPBACK, BPF_XDP, &options);
}

static inline int bench_map(struct bpf_object *object, const char *name)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, name);

	if (!map)
		error(1, 0, "no map %s", name);
	return bpf_map__fd(map);
}

/* "NAME=REST" becomes NAME, and REST is returned. */
static inline char *bench_split(char *argument)
{
	char *equals = strchr(argument, '=');

	if (!equals)
		error(2, 0, "%s: NAME=VALUE expected", argument);
	*equals = '\0';
	return equals + 1;
}

/* Where sources come from, as the command line says it: 16384, any, listed:100000. */
static inline void bench_parse_draw(const char *word, struct bench_traffic *traffic)
{
	if (!strcmp(word, "any")) {
		traffic->draw = BENCH_DRAW_ANY;
		traffic->count = 1;
	} else if (!strncmp(word, "listed:", strlen("listed:"))) {
		traffic->draw = BENCH_DRAW_LISTED;
		traffic->count = atoi(word + strlen("listed:"));
	} else {
		traffic->draw = BENCH_DRAW_FEW;
		traffic->count = atoi(word);
		if (!traffic->count || traffic->count & (traffic->count - 1))
			error(2, 0, "%s: a power of two, any or listed:N expected", word);
	}
}

/*
 * So many packets, at most @filling, and a table of sources is as full as this traffic can make it,
 * nearly: until then newcomers meet no pressure.
 */
static inline int bench_filling(const struct bench_traffic *traffic, int filling)
{
	__u32 few = traffic->draw == BENCH_DRAW_FEW ? traffic->count : ~0u;

	return few < (__u32)filling / 4 ? few * 4 : (__u32)filling;
}

static inline void bench_set_traffic(int map, const struct bench_traffic *traffic)
{
	__u32 zero = 0;

	if (bpf_map_update_elem(map, &zero, traffic, BPF_ANY))
		error(1, errno, "setting the traffic");
}

#endif
