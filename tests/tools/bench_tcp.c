// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * How long TCP takes for one byte there and back, and for a bulk of them there: both ends in one
 * thread, so that no scheduler stands between them and only the path is measured. Each contender
 * in turn.
 *
 *	bench_tcp [-r ROUNDS] [-n TIMES] [-c CPU] NAME=CLIENT,SERVER,ADDRESS...
 *
 * CLIENT and SERVER are paths of network namespaces.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "bench.h"

#define MAX_CONTENDERS 16
#define PORT	       5001
#define BULK	       65536

struct contender {
	const char *name;
	int client, server;
};

static int rounds = 7, repeat = 5000, cpu;

/* A socket belongs to the namespace that its thread was in when it was made. */
static int socket_within(const char *netns)
{
	int fd = open(netns, O_RDONLY | O_CLOEXEC), on = 1, buffer = 4 * BULK, made;

	if (fd < 0 || setns(fd, CLONE_NEWNET))
		error(1, errno, "%s", netns);
	close(fd);
	made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	/* A bulk must fit into the buffers: nobody reads while we write. */
	if (made < 0 || setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) ||
	    setsockopt(made, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer)) ||
	    setsockopt(made, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer)))
		error(1, errno, "socket");
	return made;
}

static void connect_contender(struct contender *contender, char *argument)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	char *rest, *client = strtok_r(bench_split(argument), ",", &rest);
	char *server = strtok_r(NULL, ",", &rest), *target = strtok_r(NULL, ",", &rest);
	int listener;

	contender->name = argument;
	if (!client || !server || !target || inet_pton(AF_INET, target, &address.sin_addr) != 1)
		error(2, 0, "%s: CLIENT,SERVER,ADDRESS expected", argument);
	listener = socket_within(server);
	if (bind(listener, (void *)&address, sizeof(address)) || listen(listener, 1))
		error(1, errno, "%s: listening", argument);
	contender->client = socket_within(client);
	if (connect(contender->client, (void *)&address, sizeof(address)))
		error(1, errno, "%s: connecting", argument);
	contender->server = accept(listener, NULL, NULL);
	if (contender->server < 0)
		error(1, errno, "%s: accepting", argument);
	close(listener);
}

static double round_trip(const struct contender *contender)
{
	double start = bench_clock(CLOCK_MONOTONIC);
	char byte = 0;

	if (write(contender->client, &byte, 1) != 1 || read(contender->server, &byte, 1) != 1 ||
	    write(contender->server, &byte, 1) != 1 || read(contender->client, &byte, 1) != 1)
		error(1, errno, "%s: a round trip", contender->name);
	return bench_clock(CLOCK_MONOTONIC) - start;
}

static double bulk(const struct contender *contender)
{
	static char data[BULK];
	double start = bench_clock(CLOCK_MONOTONIC);
	ssize_t got = 0, more;

	if (write(contender->client, data, BULK) != BULK)
		error(1, errno, "%s: writing", contender->name);
	for (; got < BULK; got += more) {
		more = read(contender->server, data, BULK);
		if (more <= 0)
			error(1, errno, "%s: reading", contender->name);
	}
	return bench_clock(CLOCK_MONOTONIC) - start;
}

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

/* The first round, 0, lets TCP find its pace and is not told. */
static void measure(const struct contender *contender, int round, double *times)
{
	for (int i = 0; i < repeat; i++)
		times[i] = round_trip(contender);
	qsort(times, repeat, sizeof(*times), compare);
	if (round) {
		bench_sample("round trip, median", contender->name, round, "ns", times[repeat / 2]);
		bench_sample("round trip, 99th percentile", contender->name, round, "ns",
			     times[repeat / 100 * 99]);
	}
	for (int i = 0; i < repeat / 10; i++)
		times[i] = bulk(contender);
	qsort(times, repeat / 10, sizeof(*times), compare);
	if (round)
		bench_sample("64 KiB, median", contender->name, round, "ns", times[repeat / 20]);
}

int main(int argc, char **argv)
{
	struct contender contenders[MAX_CONTENDERS];
	int letter, count = 0;
	double *times;

	while ((letter = getopt(argc, argv, "r:n:c:")) != -1) {
		if (letter == 'r')
			rounds = atoi(optarg);
		else if (letter == 'n')
			repeat = atoi(optarg);
		else if (letter == 'c')
			cpu = atoi(optarg);
		else
			return 2;
	}
	bench_pin(cpu);
	times = calloc(repeat, sizeof(*times));
	for (; optind < argc && count < MAX_CONTENDERS; optind++)
		connect_contender(&contenders[count++], argv[optind]);
	for (int round = 0; round <= rounds && times; round++)
		for (int i = 0; i < count; i++)
			measure(&contenders[i], round, times);
	free(times);
	return 0;
}
