// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What a packet costs on its whole way: made by a program in the kernel, sent into one end of a
 * veth pair and judged at the other, all on the same CPU. Each contender in turn, round by round.
 *
 *	bench_flood [-r ROUNDS|FIRST-LAST] [-n PACKETS] [-c CPU[,CPU...]] [-f 4|6|4,6]
 *		[-d DRAW,...] [-w WARM_UP] [-l LABEL] NAME=INTERFACE[,INTERFACE...]...
 *
 * Run it in the network namespace of those interfaces. DRAW: how many sources (a power of two),
 * or `any`. Frames can vanish (a peer that neither runs a native program nor has GRO takes none,
 * and a slow one may not keep up), so the time is divided by those that arrived. The last lines say
 * how many were sent to each contender and how many arrived, to be held against its own counters.
 */
#include <linux/bpf.h>
#include <math.h>
#include <net/if.h>
#include <pthread.h>
#include <stdbool.h>

#include "bench.h"
#include "bench_frames.h"
#include "bench_kernel.h"

#define MAX_CONTENDERS 32
#define MAX_LANES      64
#define WARM_UP	       3 /* a third of a round goes before it, untimed */

struct contender {
	const char *name;
	__u32 interfaces; /* a power of two */
	__u32 ifindex[BENCH_MAX_TARGETS];
	unsigned long sent, arrived;
};

static struct {
	int first_round, rounds, packets, filling;
	int cpu[MAX_LANES], ksoftirqd[MAX_LANES], lanes;
	char *families, *draws;
	const char *label;
} option = {.rounds = 7, .packets = 500000, .filling = 600000, .lanes = 1};

static int flood, traffic_map, warm_up;
static pthread_barrier_t start;
static struct bench_frame frame;

/* One CPU's share of a round. */
struct lane {
	pthread_t thread;
	int cpu, ksoftirqd, error;
	double ns;
};

/*
 * The kernel's own time for a packet, a whole number of nanoseconds: the wall clock would add some
 * 20 ms of grace periods around each run, and other processes. What ksoftirqd did for us is in
 * neither and comes on top.
 */
static void *run_lane(void *argument)
{
	struct lane *lane = argument;
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame.data, .data_size_in = frame.length,
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES);
	double before;

	bench_pin(lane->cpu);
	/* The other contenders' tables are in the caches: warm up. */
	run.repeat = warm_up;
	if (bpf_prog_test_run_opts(flood, &run))
		lane->error = errno;
	run.repeat = option.packets;
	pthread_barrier_wait(&start);
	before = bench_run_time(lane->ksoftirqd);
	if (bpf_prog_test_run_opts(flood, &run))
		lane->error = errno;
	lane->ns = run.duration + (bench_run_time(lane->ksoftirqd) - before) / option.packets;
	return NULL;
}

/* Nanoseconds a packet of all CPUs together: the rates add up. */
static double run_round(void)
{
	struct lane lanes[MAX_LANES] = {};
	double rate = 0;

	pthread_barrier_init(&start, NULL, option.lanes);
	for (int i = 0; i < option.lanes; i++) {
		lanes[i].cpu = option.cpu[i];
		lanes[i].ksoftirqd = option.ksoftirqd[i];
		errno = pthread_create(&lanes[i].thread, NULL, run_lane, &lanes[i]);
		if (errno)
			error(1, errno, "thread");
	}
	for (int i = 0; i < option.lanes; i++) {
		pthread_join(lanes[i].thread, NULL);
		if (lanes[i].error)
			error(1, lanes[i].error, "sending live frames");
		rate += 1 / lanes[i].ns;
	}
	pthread_barrier_destroy(&start);
	return 1 / rate;
}

/* The time is that of the packets that arrived: NAN where nearly none did. */
static double run_counted(struct contender *contender)
{
	double sent = (double)(option.packets + warm_up) * option.lanes, ns;
	__u32 before = bench_transmitted(contender->ifindex, contender->interfaces), arrived;

	ns = run_round();
	arrived = bench_transmitted(contender->ifindex, contender->interfaces) - before;
	contender->sent += sent;
	contender->arrived += arrived;
	return arrived < sent / 2 ? NAN : ns * sent / arrived;
}

static double measure(struct contender *contender, struct bench_traffic *traffic)
{
	struct bench_frame_spec spec = {.family = traffic->family,
					.protocol = IPPROTO_UDP,
					.source_port = 40000,
					.port = 53};

	bench_frame__build(&frame, &spec);
	if (traffic->family == 4) {
		struct iphdr ip = *(struct iphdr *)(frame.data + ETH_HLEN);

		ip.saddr = ip.check = 0;
		traffic->header_sum = bench_sum(&ip, sizeof(ip), 0);
	}
	traffic->target_mask = contender->interfaces - 1;
	memcpy(traffic->ifindex, contender->ifindex, sizeof(traffic->ifindex));
	bench_set_traffic(traffic_map, traffic);
	return run_counted(contender);
}

/* The first round, 0, fills the tables and is not told. */
static void measure_all(struct contender *contenders, int count, struct bench_traffic *traffic,
			const char *draw)
{
	char what[64];

	snprintf(what, sizeof(what), "%sIPv%u, %s", option.label ?: "", traffic->family, draw);
	for (int round = option.first_round; round <= option.rounds; round++) {
		warm_up = round ? option.packets / WARM_UP : bench_filling(traffic, option.filling);
		for (int i = 0; i < count; i++) {
			double ns = measure(&contenders[i], traffic);

			if (round && !isnan(ns))
				bench_sample(what, contenders[i].name, round, "ns", ns);
		}
	}
}

static void parse_contender(struct contender *contender, char *argument)
{
	char *interfaces = bench_split(argument), *interface, *rest;

	contender->name = argument;
	for (interface = strtok_r(interfaces, ",", &rest); interface;
	     interface = strtok_r(NULL, ",", &rest)) {
		__u32 ifindex = if_nametoindex(interface);

		if (!ifindex || contender->interfaces == BENCH_MAX_TARGETS)
			error(1, errno, "%s: interface %s", argument, interface);
		contender->ifindex[contender->interfaces++] = ifindex;
	}
	if (contender->interfaces & (contender->interfaces - 1))
		error(2, 0, "%s: as many interfaces as a power of two", argument);
}

static void parse_cpus(char *list)
{
	char *cpu, *rest;

	option.lanes = 0;
	for (cpu = strtok_r(list, ",", &rest); cpu && option.lanes < MAX_LANES;
	     cpu = strtok_r(NULL, ",", &rest))
		option.cpu[option.lanes++] = atoi(cpu);
}

static void parse_rounds(const char *range)
{
	const char *dash = strchr(range, '-');

	option.first_round = dash ? atoi(range) : 0;
	option.rounds = atoi(dash ? dash + 1 : range);
}

static int parse_options(int argc, char **argv)
{
	int letter;

	while ((letter = getopt(argc, argv, "r:n:c:f:d:l:w:")) != -1) {
		if (letter == 'r')
			parse_rounds(optarg);
		else if (letter == 'n')
			option.packets = atoi(optarg);
		else if (letter == 'c')
			parse_cpus(optarg);
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

static void measure_family(struct contender *contenders, int count, int family)
{
	struct bench_traffic traffic = {.family = family};
	char *draws = strdup(option.draws ?: "1,16384,16777216"), *rest;

	for (char *draw = strtok_r(draws, ",", &rest); draw; draw = strtok_r(NULL, ",", &rest)) {
		bench_parse_draw(draw, &traffic);
		measure_all(contenders, count, &traffic, draw);
	}
	free(draws);
}

int main(int argc, char **argv)
{
	static struct contender contenders[MAX_CONTENDERS];
	int first = parse_options(argc, argv), count = 0;
	struct bpf_object *object = bench_load("bench_traffic.bpf.o", false);

	setlinebuf(stdout);
	for (int i = 0; i < option.lanes; i++)
		option.ksoftirqd[i] = bench_find_ksoftirqd(option.cpu[i]);
	flood = bench_program(object, "flood");
	traffic_map = bench_map(object, ".data.traffic");
	bench_hold(flood);
	for (int i = first; i < argc && count < MAX_CONTENDERS; i++)
		parse_contender(&contenders[count++], argv[i]);
	for (const char *family = option.families ?: "4,6"; *family; family++)
		if (*family != ',')
			measure_family(contenders, count, *family - '0');
	for (int i = 0; i < count; i++)
		printf("sent\t%s\t%lu\t%lu\n", contenders[i].name, contenders[i].sent,
		       contenders[i].arrived);
	bpf_object__close(object);
	return 0;
}
