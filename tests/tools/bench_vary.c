// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What a program costs when the source of each packet is another one: BPF_PROG_TEST_RUN of a small
 * program that draws the source and hands the packet on by a tail call. Each contender in turn.
 *
 *	bench_vary [-r ROUNDS] [-n REPEAT] [-c CPU] [-f 4|6|4,6] [-d DRAW,...] [-w WARM_UP]
 *		[-l LABEL] NAME=PIN...
 *
 * DRAW: how many sources (a power of two), `any`, or `listed:N` (inside one of the first N
 * prefixes of bench_prefixes). A PIN of `:drop` or `:lru` is that program of bench_peers.bpf.c.
 */
#include "bench.h"
#include "bench_frames.h"

#define WARM_UP 3 /* a third of a round goes before it, untimed */

static struct {
	int rounds, repeat, filling, cpu;
	const char *families, *draws, *label;
} option = {.rounds = 7,
	    .repeat = 500000,
	    .filling = 600000,
	    .families = "4",
	    .draws = "1,16384,16777216"};

static const char *names[BENCH_MAX_TARGETS];
static __u32 contenders;
static struct bpf_object *traffic_object, *peers;

static int open_program(const char *pin)
{
	int program = *pin == ':' ? bench_program(peers, pin + 1) : bpf_obj_get(pin);

	if (program < 0)
		error(1, errno, "%s", pin);
	return program;
}

/*
 * A program array takes programs of one kind only: with support for split buffers or without.
 * Which kind the pinned ones are is found by trying.
 */
static bool fill_program_array(char **pins, bool frags)
{
	bool filled = true;

	traffic_object = bench_load("bench_traffic.bpf.o", frags);
	peers = bench_load("bench_peers.bpf.o", frags);
	for (__u32 i = 0; i < contenders && filled; i++) {
		int program = open_program(pins[i]);

		filled = !bpf_map_update_elem(bench_map(traffic_object, "programs"), &i, &program,
					      BPF_ANY);
	}
	if (!filled) {
		bpf_object__close(traffic_object);
		bpf_object__close(peers);
	}
	return filled;
}

static void run_vary(struct bpf_test_run_opts *run, const struct bench_traffic *traffic)
{
	if (bpf_prog_test_run_opts(bench_program(traffic_object, "vary"), run))
		error(1, errno, "%s", names[traffic->target]);
	if (run->retval != XDP_DROP && run->retval != XDP_PASS)
		error(1, 0, "%s: verdict %u", names[traffic->target], run->retval);
}

/* Thread time: see bench_program.c. The others' tables fill the caches in between: warm up. */
static double measure(const struct bench_traffic *traffic, int warm_up)
{
	struct bench_frame_spec spec = {.family = traffic->family,
					.protocol = IPPROTO_UDP,
					.source_port = 40000,
					.port = 53};
	struct bench_frame frame;
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame.data);
	double start;

	bench_frame__build(&frame, &spec);
	run.data_size_in = frame.length;
	bench_set_traffic(bench_map(traffic_object, ".data.traffic"), traffic);
	run.repeat = warm_up;
	run_vary(&run, traffic);
	run.repeat = option.repeat;
	start = bench_clock(CLOCK_THREAD_CPUTIME_ID);
	run_vary(&run, traffic);
	return (bench_clock(CLOCK_THREAD_CPUTIME_ID) - start) / option.repeat;
}

/* The first round, 0, fills the tables and is not told. */
static void measure_all(struct bench_traffic *traffic, const char *draw)
{
	char what[64];

	snprintf(what, sizeof(what), "%sIPv%u, %s", option.label ?: "", traffic->family, draw);
	for (int round = 0; round <= option.rounds; round++) {
		int warm_up =
			round ? option.repeat / WARM_UP : bench_filling(traffic, option.filling);

		for (__u32 i = 0; i < contenders; i++) {
			double ns;

			traffic->target = i;
			ns = measure(traffic, warm_up);
			if (round)
				bench_sample(what, names[i], round, "ns", ns);
		}
	}
}

static int parse_options(int argc, char **argv)
{
	int letter;

	while ((letter = getopt(argc, argv, "r:n:c:f:d:l:w:")) != -1) {
		if (letter == 'r')
			option.rounds = atoi(optarg);
		else if (letter == 'n')
			option.repeat = atoi(optarg);
		else if (letter == 'c')
			option.cpu = atoi(optarg);
		else if (letter == 'f')
			option.families = optarg;
		else if (letter == 'd')
			option.draws = optarg;
		else if (letter == 'l')
			option.label = optarg;
		else if (letter == 'w')
			option.filling = atoi(optarg);
		else
			exit(2);
	}
	return optind;
}

int main(int argc, char **argv)
{
	char *pins[BENCH_MAX_TARGETS];
	int first = parse_options(argc, argv);

	setlinebuf(stdout);
	bench_pin(option.cpu);
	for (int i = first; i < argc && contenders < BENCH_MAX_TARGETS; i++) {
		pins[contenders] = bench_split(argv[i]);
		names[contenders++] = argv[i];
	}
	if (!fill_program_array(pins, false) && !fill_program_array(pins, true))
		error(1, errno, "programs of different kinds");
	bench_hold(bench_program(traffic_object, "vary"));
	for (const char *family = option.families; *family; family++) {
		char *draws = strdup(option.draws), *draw, *rest;
		struct bench_traffic traffic = {.family = *family - '0'};

		if (*family == ',')
			continue;
		for (draw = strtok_r(draws, ",", &rest); draw; draw = strtok_r(NULL, ",", &rest)) {
			bench_parse_draw(draw, &traffic);
			measure_all(&traffic, draw);
		}
		free(draws);
	}
	bpf_object__close(traffic_object);
	bpf_object__close(peers);
	return 0;
}
