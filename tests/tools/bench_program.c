// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What a program costs by kind of packet: BPF_PROG_TEST_RUN over one frame again and again, each
 * pinned program in turn, and beside them an empty one with the same verdict.
 *
 *	bench_program [-r ROUNDS] [-n REPEAT] [-c CPU] [-l] NAME=PIN...
 *
 * -l takes the frames whose source is in the allow-list instead of all others.
 */
#include "bench.h"
#include "bench_frames.h"

struct scene {
	const char *name;
	int verdict;
	struct bench_frame_spec frame;
};

#define TCP(p) .protocol = IPPROTO_TCP, .source_port = 40000, .port = (p)
#define UDP(p) .protocol = IPPROTO_UDP, .source_port = 40000, .port = (p)
#define REPLY  .protocol = IPPROTO_UDP, .source_port = 53, .port = 40000

static const struct scene scenes[] = {
	{"TCP 443, IPv4", XDP_PASS, {4, TCP(443)}},
	{"TCP 443, IPv6", XDP_PASS, {6, TCP(443)}},
	{"TCP 443, IPv4, tagged", XDP_PASS, {4, TCP(443), .tagged = true}},
	{"TCP 443, IPv6, tagged", XDP_PASS, {6, TCP(443), .tagged = true}},
	{"ICMP echo, IPv4", XDP_PASS, {4, .protocol = IPPROTO_ICMP}},
	{"UDP high port, IPv4", XDP_PASS, {4, UDP(50000)}},
	{"UDP high port, IPv6", XDP_PASS, {6, UDP(50000)}},
	{"DNS reply, IPv4", XDP_PASS, {4, REPLY}},
	{"DNS reply, IPv6", XDP_PASS, {6, REPLY}},
	{"TCP 443, IPv6, 8 extension headers", XDP_PASS, {6, TCP(443), .extensions = 8}},
	{"UDP 53, IPv4", XDP_DROP, {4, UDP(53)}},
	{"TCP 53, IPv4", XDP_DROP, {4, TCP(53)}},
	{"UDP 53, IPv6", XDP_DROP, {6, UDP(53)}},
	{"TCP 53, IPv6", XDP_DROP, {6, TCP(53)}},
	{"UDP 53, IPv4, tagged", XDP_DROP, {4, UDP(53), .tagged = true}},
	{"UDP 53, IPv6, tagged", XDP_DROP, {6, UDP(53), .tagged = true}},
	{"UDP 53, IPv6, 8 extension headers", XDP_DROP, {6, UDP(53), .extensions = 8}},
	{"UDP 53, IPv4, allowed", XDP_PASS, {4, UDP(53), .listed = true}},
	{"TCP 53, IPv4, allowed", XDP_PASS, {4, TCP(53), .listed = true}},
	{"UDP 53, IPv6, allowed", XDP_PASS, {6, UDP(53), .listed = true}},
};

struct contender {
	const char *name;
	int program;
};

#define MAX_CONTENDERS 16

static int rounds = 9, repeat = 500000, cpu, wrong;
static bool listed;

/*
 * Thread time, for the kernel's own figure is a whole number of nanoseconds and counts whoever
 * else got the CPU meanwhile.
 */
static double measure(const struct contender *contender, const struct scene *scene,
		      struct bench_frame *frame)
{
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame->data, .data_size_in = frame->length,
		    .repeat = repeat);
	double start = bench_clock(CLOCK_THREAD_CPUTIME_ID);

	if (bpf_prog_test_run_opts(contender->program, &run))
		error(1, errno, "%s: %s", contender->name, scene->name);
	if ((int)run.retval != scene->verdict) {
		fprintf(stderr, "%s: %s: verdict %u, not %d\n", scene->name, contender->name,
			run.retval, scene->verdict);
		wrong++;
	}
	return (bench_clock(CLOCK_THREAD_CPUTIME_ID) - start) / repeat;
}

static void measure_scene(const struct contender *contenders, int count, const struct scene *scene)
{
	struct bench_frame frame;

	bench_frame__build(&frame, &scene->frame);
	/* The first round, 0, warms the caches up and is not told. */
	for (int round = 0; round <= rounds && !wrong; round++) {
		for (int i = 0; i < count; i++) {
			double ns = measure(&contenders[i], scene, &frame);

			if (round)
				bench_sample(scene->name, contenders[i].name, round, "ns", ns);
		}
	}
}

static int parse_options(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "r:n:c:l")) != -1) {
		if (option == 'r')
			rounds = atoi(optarg);
		else if (option == 'n')
			repeat = atoi(optarg);
		else if (option == 'c')
			cpu = atoi(optarg);
		else if (option == 'l')
			listed = true;
		else
			exit(2);
	}
	return optind;
}

int main(int argc, char **argv)
{
	struct contender contenders[MAX_CONTENDERS] = {{.name = "empty"}};
	int first = parse_options(argc, argv), count = 1;
	struct bpf_object *peers = bench_load("bench_peers.bpf.o", false);
	int failed = 0;

	bench_pin(cpu);
	for (int i = first; i < argc && count < MAX_CONTENDERS; i++, count++) {
		contenders[count].program = bpf_obj_get(bench_split(argv[i]));
		contenders[count].name = argv[i];
		if (contenders[count].program < 0)
			error(1, errno, "%s", argv[i]);
	}
	for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
		const struct scene *scene = &scenes[i];

		if (scene->frame.listed != listed)
			continue;
		contenders[0].program =
			bench_program(peers, scene->verdict == XDP_PASS ? "pass" : "drop");
		bench_hold(contenders[0].program);
		wrong = 0;
		measure_scene(contenders, count, scene);
		failed += wrong;
	}
	bpf_object__close(peers);
	return failed ? 1 : 0;
}
