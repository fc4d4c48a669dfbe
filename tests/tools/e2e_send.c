// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Sends a known number of known frames, and returns when the other end has taken every one.
 *
 *	e2e_send INTERFACE [NAME=VALUE...]
 *
 * src, dst	addresses, which say the family (192.0.2.1, 192.0.2.53)
 * proto	udp or tcp (udp)
 * sport, dport	(20000, 53)
 * payload	bytes behind the UDP or TCP header (20)
 * tags		VLAN tags in front (0)
 * more		1: a first fragment; offset: where a later one begins, in units of 8
 * count	frames (1); 0: until SIGTERM
 * sources	addresses to send from, in turn: src and those that follow it (1)
 *
 * Prints the number of frames and of their bytes.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <error.h>
#include <ifaddrs.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../support/frame.h"

#define BURST	 100 /* frames on their way at once: veth has room for 256 */
#define PATIENCE 20  /* seconds that the other end may take for a burst */

static struct {
	const char *interface, *src, *dst;
	bool tcp;
	int sport, dport, payload, tags, more, offset;
	unsigned long count, sources;
} option = {
	.src = "192.0.2.1",
	.dst = "192.0.2.53",
	.sport = 20000,
	.dport = 53,
	.payload = 20,
	.count = 1,
	.sources = 1,
};

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
}

static void take_option(char *argument)
{
	const struct {
		const char *name;
		int *number;
	} numbers[] = {
		{"sport", &option.sport}, {"dport", &option.dport}, {"payload", &option.payload},
		{"tags", &option.tags},	  {"more", &option.more},   {"offset", &option.offset},
	};
	char *value = strchr(argument, '=');

	if (!value)
		error(2, 0, "%s: NAME=VALUE expected", argument);
	*value++ = '\0';
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (!strcmp(argument, numbers[i].name)) {
			*numbers[i].number = atoi(value);
			return;
		}
	}
	if (!strcmp(argument, "src"))
		option.src = value;
	else if (!strcmp(argument, "dst"))
		option.dst = value;
	else if (!strcmp(argument, "proto"))
		option.tcp = !strcmp(value, "tcp");
	else if (!strcmp(argument, "count"))
		option.count = strtoul(value, NULL, 10);
	else if (!strcmp(argument, "sources"))
		option.sources = strtoul(value, NULL, 10);
	else
		error(2, 0, "%s: unknown", argument);
}

/* Returns its length. */
static size_t build(unsigned char frame[FRAME_MAX])
{
	bool ipv6 = strchr(option.src, ':');
	struct layer list[8] = {ETH()};
	int n = 1;

	if (option.tags)
		list[n++] = (struct layer)TAG(.repeat = option.tags);
	if (ipv6)
		list[n++] = (struct layer)IP6(.src = option.src, .dst = option.dst);
	else
		list[n++] = (struct layer)IP4(.src = option.src, .dst = option.dst,
					      .more = option.more, .offset = option.offset);
	if (ipv6 && (option.more || option.offset))
		list[n++] = (struct layer)FRAG(.more = option.more, .offset = option.offset);
	if (option.tcp)
		list[n++] = (struct layer)TCP(.sport = option.sport, .dport = option.dport,
					      .flags = SYN);
	else
		list[n++] = (struct layer)UDP(.sport = option.sport, .dport = option.dport);
	if (option.payload)
		list[n++] = (struct layer)DATA(.size = option.payload);
	list[n] = (struct layer){.kind = LAYER_END};
	return frame__build(list, frame, FRAME_MAX);
}

/* Where the last four bytes of the source are: those that count on from frame to frame. */
static unsigned char *source_of(unsigned char *frame)
{
	return frame + ETH_HLEN + 4 * option.tags + (strchr(option.src, ':') ? 8 + 12 : 12);
}

/* Frames that the other end has taken: veth counts them there. */
static unsigned long taken(unsigned long *lost)
{
	struct ifaddrs *all, *one;
	unsigned long packets = 0;

	if (getifaddrs(&all))
		error(1, errno, "getifaddrs");
	for (one = all; one; one = one->ifa_next) {
		const struct rtnl_link_stats *stats = one->ifa_data;

		if (!one->ifa_addr || one->ifa_addr->sa_family != AF_PACKET ||
		    strcmp(one->ifa_name, option.interface))
			continue;
		packets = stats->tx_packets;
		*lost = stats->tx_dropped;
	}
	freeifaddrs(all);
	return packets;
}

/* Others (router advertisements) may send there too: at least this many. */
static void wait_until_taken(unsigned long packets, unsigned long lost_before)
{
	const struct timespec pause = {.tv_nsec = 200000};
	time_t start = time(NULL);
	unsigned long lost;

	while ((__s32)((__u32)packets - (__u32)taken(&lost)) > 0) {
		if (time(NULL) - start > PATIENCE)
			error(1, 0, "%s: the other end takes no frames", option.interface);
		nanosleep(&pause, NULL);
	}
	if (taken(&lost) && lost != lost_before)
		error(1, 0, "%s: %lu frames were lost on the way", option.interface,
		      lost - lost_before);
}

static int open_socket(void)
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET};
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	to.sll_ifindex = if_nametoindex(option.interface);
	if (fd < 0 || !to.sll_ifindex || bind(fd, (struct sockaddr *)&to, sizeof(to)))
		error(1, errno, "%s", option.interface);
	return fd;
}

int main(int argc, char **argv)
{
	static unsigned char frame[FRAME_MAX];
	unsigned long n, before, lost = 0;
	__u32 first, source;
	size_t length;
	int fd;

	if (argc < 2)
		error(2, 0, "usage: e2e_send INTERFACE [NAME=VALUE...]");
	option.interface = argv[1];
	for (int i = 2; i < argc; i++)
		take_option(argv[i]);
	signal(SIGTERM, stop);
	length = build(frame);
	memcpy(&first, source_of(frame), sizeof(first));
	fd = open_socket();
	before = taken(&lost);
	for (n = 0; !stopped && (!option.count || n < option.count); n++) {
		source = htonl(ntohl(first) + n % option.sources);
		memcpy(source_of(frame), &source, sizeof(source));
		if (send(fd, frame, length, 0) != (ssize_t)length)
			error(1, errno, "%s: send", option.interface);
		if (n % BURST == BURST - 1)
			wait_until_taken(before + n + 1, lost);
	}
	wait_until_taken(before + n, lost);
	printf("%lu %lu\n", n, n * length);
	return 0;
}
