// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What a packet costs on its whole way: made by a program in the kernel, sent into one end of a
 * veth pair and judged at the other, all on the same CPU. Each contender in turn, round by round.
 *
 *	bench_flood [-r ROUNDS] [-n PACKETS] [-c CPU[,CPU...]] [-f 4|6|4,6] [-d DRAW,...]
 *		[-l LABEL] NAME=INTERFACE[,INTERFACE...]...
 *
 * Run it in the network namespace of those interfaces. DRAW: how many sources (a power of two),
 * or `any`. Frames can vanish unseen (a peer that neither runs a native program nor has GRO takes
 * none): the last lines say how many each contender was sent, to be held against what arrived.
 */
#include <dirent.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <pthread.h>
#include <stdbool.h>

#include "bench.h"
#include "bench_frames.h"

#define MAX_CONTENDERS 32
#define MAX_LANES      64

struct contender {
	const char *name;
	__u32 interfaces; /* a power of two */
	__u32 ifindex[BENCH_MAX_TARGETS];
	unsigned long sent;
};

static struct {
	int rounds, packets;
	int cpu[MAX_LANES], ksoftirqd[MAX_LANES], lanes;
	char *families, *draws;
	const char *label;
} option = { .rounds = 7, .packets = 500000, .lanes = 1 };

static int flood, traffic_map;
static pthread_barrier_t start;
static struct bench_frame frame;

/* One CPU's share of a round. */
struct lane {
	pthread_t thread;
	int cpu, ksoftirqd, error;
	double ns;
};

/* The process that takes over a CPU's packets when they are too many at once. */
static int find_ksoftirqd(int cpu)
{
	struct dirent *entry;
	char path[300], name[32], wanted[32];
	int found = 0;
	DIR *proc = opendir("/proc");

	snprintf(wanted, sizeof(wanted), "ksoftirqd/%d\n", cpu);
	while (proc && !found && (entry = readdir(proc))) {
		FILE *file;

		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		file = fopen(path, "r");
		if (!file)
			continue;
		if (fgets(name, sizeof(name), file) && !strcmp(name, wanted))
			found = atoi(entry->d_name);
		fclose(file);
	}
	if (proc)
		closedir(proc);
	return found;
}

/* Nanoseconds that it has run so far; 0 where this cannot be seen. */
static double ksoftirqd_time(int pid)
{
	char path[64];
	double ns = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", pid);
	file = fopen(path, "r");
	if (!file || fscanf(file, "%lf", &ns) != 1)
		ns = 0;
	if (file)
		fclose(file);
	return ns;
}

/*
 * The kernel's own time for a packet, a whole number of nanoseconds: the wall clock would add some
 * 20 ms of grace periods around each run, and other processes. What ksoftirqd did for us is in
 * neither and comes on top.
 */
static void *run_lane(void *argument)
{
	struct lane *lane = argument;
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame.data, .data_size_in = frame.length,
		    .repeat = option.packets, .flags = BPF_F_TEST_XDP_LIVE_FRAMES);
	double before;

	bench_pin(lane->cpu);
	pthread_barrier_wait(&start);
	before = ksoftirqd_time(lane->ksoftirqd);
	if (bpf_prog_test_run_opts(flood, &run))
		lane->error = errno;
	lane->ns = run.duration +
		   (ksoftirqd_time(lane->ksoftirqd) - before) / option.packets;
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

static double measure(struct contender *contender, struct bench_traffic *traffic)
{
	struct bench_frame_spec spec = { .family = traffic->family, .protocol = IPPROTO_UDP,
					 .source_port = 40000, .port = 53 };

	bench_frame__build(&frame, &spec);
	if (traffic->family == 4) {
		struct iphdr ip = *(struct iphdr *)(frame.data + ETH_HLEN);

		ip.saddr = ip.check = 0;
		traffic->header_sum = bench_sum(&ip, sizeof(ip), 0);
	}
	traffic->target_mask = contender->interfaces - 1;
	memcpy(traffic->ifindex, contender->ifindex, sizeof(traffic->ifindex));
	bench_set_traffic(traffic_map, traffic);
	contender->sent += (unsigned long)option.packets * option.lanes;
	return run_round();
}

/* The first round, 0, fills tables and caches and is not told. */
static void measure_all(struct contender *contenders, int count, struct bench_traffic *traffic,
			const char *draw)
{
	char what[64];

	snprintf(what, sizeof(what), "%sIPv%u, %s", option.label ?: "", traffic->family, draw);
	for (int round = 0; round <= option.rounds; round++) {
		for (int i = 0; i < count; i++) {
			double ns = measure(&contenders[i], traffic);

			if (round)
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

static int parse_options(int argc, char **argv)
{
	int letter;

	while ((letter = getopt(argc, argv, "r:n:c:f:d:l:")) != -1) {
		if (letter == 'r')
			option.rounds = atoi(optarg);
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
		else
			exit(2);
	}
	return optind;
}

static void measure_family(struct contender *contenders, int count, int family)
{
	struct bench_traffic traffic = { .family = family };
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
		option.ksoftirqd[i] = find_ksoftirqd(option.cpu[i]);
	flood = bench_program(object, "flood");
	traffic_map = bench_map(object, ".data.traffic");
	for (int i = first; i < argc && count < MAX_CONTENDERS; i++)
		parse_contender(&contenders[count++], argv[i]);
	for (const char *family = option.families ?: "4,6"; *family; family++)
		if (*family != ',')
			measure_family(contenders, count, *family - '0');
	for (int i = 0; i < count; i++)
		printf("sent\t%s\t0\tpackets\t%lu\n", contenders[i].name, contenders[i].sent);
	bpf_object__close(object);
	return 0;
}
