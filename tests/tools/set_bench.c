/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a look-up in a compiled allow-list costs, and what the list costs to make and to keep:
 *
 *	set_bench [-r ROUNDS] [-n REPEAT] [-c CPU] [-j] [NAME...]
 *
 * A program draws a new source at every run of BPF_PROG_TEST_RUN, over all addresses, from inside
 * the list's prefixes, or from right beside them, and looks it up; the same program without the
 * look-up (what an empty list costs) is taken off, median of interleaved rounds. Times in
 * nanoseconds a look-up, milliseconds to compile, bytes in the kernel. -j: JSON. NAME: only lists
 * whose name begins so.
 */
#include "bench.h"

#include <getopt.h>
#include <sys/mman.h>

#include "../support/list_make.h"
#include "../support/set_kernel.h"
#include "lib/list.h"

struct scene {
	const char *name;
	enum drop53_family family;
	enum list_shape shape;
	size_t n;
};

#define V4 DROP53_FAMILY_IPV4
#define V6 DROP53_FAMILY_IPV6
static const struct scene scenes[] = {
	{"v4-random-10", V4, LIST_RANDOM, 10},	     {"v4-random-1k", V4, LIST_RANDOM, 1000},
	{"v4-random-100k", V4, LIST_RANDOM, 100000}, {"v4-random-1M", V4, LIST_RANDOM, 1000000},
	{"v4-hosts-100k", V4, LIST_HOSTS, 100000},   {"v4-nested-100k", V4, LIST_NESTED, 100000},
	{"v6-random-10", V6, LIST_RANDOM, 10},	     {"v6-random-1k", V6, LIST_RANDOM, 1000},
	{"v6-random-100k", V6, LIST_RANDOM, 100000}, {"v6-random-1M", V6, LIST_RANDOM, 1000000},
	{"v6-hosts-1M", V6, LIST_HOSTS, 1000000},    {"v6-sites-10k", V6, LIST_SITES, 10000},
	{"v6-nested-100k", V6, LIST_NESTED, 100000},
};
#define SCENES (sizeof(scenes) / sizeof(scenes[0]))

/* Where sources are drawn. */
enum draw { ANY, INSIDE, BESIDE, DRAW__N };

struct result {
	size_t prefixes, bytes;
	double compile_ms, add_ms;
	double ns[DRAW__N];
	double found[DRAW__N]; /* share of the sources that were in the set */
};

#define MAX_ROUNDS 1000
static int rounds = 7, repeat = 1000000;

static int by_value(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

static double median(double *values, int n)
{
	qsort(values, n, sizeof(*values), by_value);
	return values[n / 2];
}

/* Sources in random order, so that the list of them, read in sequence, is all that is cached. */
static void fill_listed(struct set_kernel *kernel, const struct list *list, bool beside)
{
	size_t bytes = sizeof(struct probe_source) * PROBE_SOURCES, i;
	struct random random = {53};
	struct probe_source *source;
	struct prefix prefix;

	source = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, kernel->listed, 0);
	if (source == MAP_FAILED)
		error(1, errno, "mapping the sources");
	for (i = 0; i < PROBE_SOURCES; i++) {
		prefix = list->prefix[random_below(&random, list->n)];
		if (beside && prefix.length)
			prefix.address[(prefix.length - 1) / 8] ^= 0x80 >> (prefix.length - 1) % 8;
		list_draw(&prefix, &random, (__u8 *)source[i].address);
	}
	munmap(source, bytes);
}

/* Nanoseconds a run. */
static double run(struct set_kernel *kernel, bool look)
{
	LIBBPF_OPTS(bpf_test_run_opts, options, .repeat = repeat);
	__u8 frame[64] = {};

	options.data_in = frame;
	options.data_size_in = sizeof(frame);
	kernel->settings->look = look;
	if (bpf_prog_test_run_opts(kernel->bench, &options))
		error(1, errno, "BPF_PROG_TEST_RUN");
	return options.duration;
}

static void measure_draw(struct set_kernel *kernel, struct result *result, enum draw draw)
{
	double with[MAX_ROUNDS], without[MAX_ROUNDS];
	int i;

	kernel->settings->listed = draw != ANY;
	kernel->settings->count = 0;
	run(kernel, true);
	kernel->settings->found = 0;
	for (i = 0; i < rounds; i++) {
		without[i] = run(kernel, false);
		with[i] = run(kernel, true);
	}
	result->ns[draw] = median(with, rounds) - median(without, rounds);
	result->found[draw] = (double)kernel->settings->found / rounds / repeat;
}

/* The list as `allow add` changes it: taken from the blob, one more, compiled again. */
static double time_add(const struct blob *blob, enum drop53_family family)
{
	struct prefix prefix = {.family = family, .length = 24, .address = {203, 0, 113}};
	double start = bench_clock(CLOCK_MONOTONIC), end;
	struct list list = {};
	struct blob other = {};
	struct diag *none = NULL;
	__u64 generation;

	if (compile__read(blob->lines, blob->n, &list, &generation, none) ||
	    list__add(&list, &prefix, 1, NULL, none) ||
	    compile__blob(&list, generation + 1, &other, none))
		error(1, 0, "adding a prefix");
	end = bench_clock(CLOCK_MONOTONIC);
	list__free(&list);
	compile__free(&other);
	return (end - start) / 1e6;
}

static const char *beside_executable(const char *file);
static void measure(const struct scene *scene, struct result *result)
{
	struct set_kernel k, *kernel = &k;
	int err;
	struct blob blob = {};
	struct list list;
	double start;
	enum draw draw;

	list_make(&list, scene->family, scene->shape, scene->n, 1);
	start = bench_clock(CLOCK_MONOTONIC);
	if (compile__blob(&list, 1, &blob, NULL))
		error(1, 0, "%s: does not compile", scene->name);
	result->compile_ms = (bench_clock(CLOCK_MONOTONIC) - start) / 1e6;
	result->add_ms = time_add(&blob, scene->family);
	result->prefixes = list.n;
	result->bytes = (size_t)blob.n * SET_LINE;
	err = set_kernel__open(kernel, beside_executable("set_probe.bpf.o"));
	if (err)
		error(1, -err, "set_probe.bpf.o");
	if (set_kernel__put(kernel, &blob))
		error(1, 0, "%s: no room in the kernel", scene->name);
	kernel->settings->ipv6 = scene->family == V6;
	for (draw = ANY; draw < DRAW__N; draw++) {
		if (draw != ANY)
			fill_listed(kernel, &list, draw == BESIDE);
		measure_draw(kernel, result, draw);
	}
	set_kernel__close(&k);
	compile__free(&blob);
	list__free(&list);
}

static void print_text(const struct scene *scene, const struct result *result)
{
	printf("%-16s %8zu %10zu %8.1f %8.1f %6.0f %6.0f %6.0f\n", scene->name, result->prefixes,
	       result->bytes, result->compile_ms, result->add_ms, result->ns[ANY],
	       result->ns[INSIDE], result->ns[BESIDE]);
	fflush(stdout);
}

static void print_json(const struct scene *scene, const struct result *result, bool first)
{
	printf("%s{\"list\":\"%s\",\"prefixes\":%zu,\"bytes\":%zu,\"compile_ms\":%.1f,"
	       "\"add_ms\":%.1f,\"ns\":{\"any\":%.0f,\"inside\":%.0f,\"beside\":%.0f},"
	       "\"found\":{\"any\":%.4f,\"inside\":%.4f,\"beside\":%.4f}}",
	       first ? "" : ",\n", scene->name, result->prefixes, result->bytes, result->compile_ms,
	       result->add_ms, result->ns[ANY], result->ns[INSIDE], result->ns[BESIDE],
	       result->found[ANY], result->found[INSIDE], result->found[BESIDE]);
}

static bool wanted(const char *name, char **names)
{
	if (!*names)
		return true;
	for (; *names; names++)
		if (!strncmp(name, *names, strlen(*names)))
			return true;
	return false;
}

static const char *beside_executable(const char *file)
{
	static char path[2 * PATH_MAX];
	char self[PATH_MAX] = "";

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		error(1, errno, "/proc/self/exe");
	snprintf(path, sizeof(path), "%s/%s", dirname(self), file);
	return path;
}

int main(int argc, char **argv)
{
	struct result result;
	bool json = false, first = true;
	int option;
	size_t i;

	while ((option = getopt(argc, argv, "r:n:c:j")) != -1) {
		if (option == 'r')
			rounds = atoi(optarg);
		else if (option == 'n')
			repeat = atoi(optarg);
		else if (option == 'c')
			bench_pin(atoi(optarg));
		else if (option == 'j')
			json = true;
		else
			return 2;
	}
	if (rounds < 1 || rounds > MAX_ROUNDS || repeat < 1)
		error(2, 0, "one to %d rounds, and at least one run", MAX_ROUNDS);
	printf(json ? "["
		    : "list             prefixes      bytes  compile      add    any inside beside\n");
	for (i = 0; i < SCENES; i++) {
		if (!wanted(scenes[i].name, argv + optind))
			continue;
		measure(&scenes[i], &result);
		if (json)
			print_json(&scenes[i], &result, first);
		else
			print_text(&scenes[i], &result);
		first = false;
	}
	printf(json ? "]\n" : "");
	return 0;
}
