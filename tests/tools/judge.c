/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * judge NETNS IFACE [RECORD]: the kernel as the judge of the table of frames.
 *
 * Sends every row raw into IFACE, behind which, in the network namespace NETNS (a path), are real
 * UDP and TCP sockets on :53 and some other ports, and sees which of them reach one: a datagram is
 * received, a segment is answered. Prints "R" or "L" (or "-": does not fit the MTU) and the row's
 * name. Without RECORD no filter is expected, and what the table says must be so; with one, the
 * output of such a run, what is port-53 traffic must not reach any more and all else as before.
 * Differences go to stderr. Exit code: 0 none, 1 some, 2 could not judge.
 *
 * No verdict waits for a timeout: after each row goes an ICMP echo request, and when its answer
 * is back, all that came before it has been where it was going.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <arpa/inet.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../support/frame_put.h"
#include "../support/frame_table.h"

#define SENTINEL_PATIENCE 10000 /* ms; running out of it is an error, not a verdict */

static const unsigned short ports[] = {53, 853, 4242, 5353, 13568};
#define PORTS (sizeof(ports) / sizeof(ports[0]))

struct judge {
	int packet;		  /* raw, on the interface */
	int datagrams[2 * PORTS]; /* in the other namespace, as are the TCP listeners */
	size_t longest;		  /* frame that the interface takes */
	unsigned int sentinels;
	unsigned int differences;
	FILE *record; /* NULL: no filter */
};

static void __attribute__((noreturn, format(printf, 1, 2))) give_up(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "judge: ");
	vfprintf(stderr, format, args);
	fprintf(stderr, ": %s\n", strerror(errno));
	va_end(args);
	exit(2);
}

static void open_packet(struct judge *judge, const char *iface)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
	struct ifreq request = {};
	int one = 1;

	judge->packet = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));
	if (judge->packet < 0)
		give_up("packet socket");
	address.sll_ifindex = if_nametoindex(iface);
	if (!address.sll_ifindex || bind(judge->packet, (void *)&address, sizeof(address)))
		give_up("%s", iface);
	if (setsockopt(judge->packet, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)))
		give_up("PACKET_IGNORE_OUTGOING");
	strncpy(request.ifr_name, iface, sizeof(request.ifr_name) - 1);
	if (ioctl(judge->packet, SIOCGIFMTU, &request))
		give_up("%s: MTU", iface);
	judge->longest = request.ifr_mtu + ETH_HLEN;
}

static int open_socket(int family, int type, unsigned short port)
{
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} address = {.any.sa_family = family};
	socklen_t size = family == AF_INET ? sizeof(address.in) : sizeof(address.in6);
	int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1, queue = 4096;

	if (fd < 0)
		give_up("socket");
	if (family == AF_INET)
		address.in.sin_port = htons(port);
	else
		address.in6.sin6_port = htons(port);
	if (family == AF_INET6 && setsockopt(fd, SOL_IPV6, IPV6_V6ONLY, &one, sizeof(one)))
		give_up("IPV6_V6ONLY");
	if (bind(fd, &address.any, size))
		give_up("bind to port %u", port);
	if (type == SOCK_STREAM &&
	    (setsockopt(fd, SOL_TCP, TCP_FASTOPEN, &queue, sizeof(queue)) || listen(fd, queue)))
		give_up("listen on port %u", port);
	return fd;
}

static void open_sockets(struct judge *judge, const char *netns)
{
	int fd = open(netns, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || setns(fd, CLONE_NEWNET))
		give_up("%s", netns);
	close(fd);
	for (size_t i = 0; i < PORTS; i++) {
		judge->datagrams[2 * i] = open_socket(AF_INET, SOCK_DGRAM, ports[i]);
		judge->datagrams[2 * i + 1] = open_socket(AF_INET6, SOCK_DGRAM, ports[i]);
		open_socket(AF_INET, SOCK_STREAM, ports[i]);
		open_socket(AF_INET6, SOCK_STREAM, ports[i]);
	}
}

static void send_frame(struct judge *judge, const unsigned char *bytes, size_t length)
{
	if (send(judge->packet, bytes, length, 0) != (ssize_t)length)
		give_up("send %zu bytes", length);
}

static void send_sentinel(struct judge *judge)
{
	char echo[8] = {8};
	unsigned char bytes[64];

	judge->sentinels++;
	put32((unsigned char *)echo + 4, judge->sentinels);
	put16((unsigned char *)echo + 2, ~internet_sum((unsigned char *)echo, sizeof(echo), 0));
	send_frame(judge, bytes,
		   frame__build(LAYERS(ETH(), IP4(.next = IPPROTO_ICMP),
				       DATA(.bytes = echo, .size = sizeof(echo))),
				bytes, sizeof(bytes)));
}

static bool is_sentinel(const struct judge *judge, const unsigned char *bytes, size_t length)
{
	unsigned char number[4];

	put32(number, judge->sentinels);
	return length >= 42 && bytes[12] == 0x08 && bytes[13] == 0x00 &&
	       bytes[23] == IPPROTO_ICMP && bytes[34] == 0 && !memcmp(bytes + 38, number, 4);
}

static bool is_tcp(const unsigned char *bytes, size_t length)
{
	return (length >= 54 && bytes[12] == 0x08 && bytes[13] == 0x00 &&
		bytes[23] == IPPROTO_TCP) ||
	       (length >= 74 && bytes[12] == 0x86 && bytes[13] == 0xdd && bytes[20] == IPPROTO_TCP);
}

/* Sends a sentinel and reads up to its answer. True if a TCP segment came before it. */
static bool tcp_answers(struct judge *judge)
{
	struct pollfd wait = {.fd = judge->packet, .events = POLLIN};
	static unsigned char bytes[65536];
	bool answered = false;
	ssize_t length;

	send_sentinel(judge);
	for (;;) {
		if (poll(&wait, 1, SENTINEL_PATIENCE) <= 0)
			give_up("no answer to sentinel %u", judge->sentinels);
		length = recv(judge->packet, bytes, sizeof(bytes), 0);
		if (length < 0)
			give_up("recv");
		if (is_sentinel(judge, bytes, length))
			return answered;
		answered |= is_tcp(bytes, length);
	}
}

static bool datagram_arrived(struct judge *judge)
{
	bool arrived = false;
	char byte;

	for (size_t i = 0; i < 2 * PORTS; i++)
		while (recv(judge->datagrams[i], &byte, sizeof(byte), 0) >= 0)
			arrived = true;
	return arrived;
}

/* Two sentinels: the first may overtake a segment that waits for others to be merged with. */
static bool reaches(struct judge *judge)
{
	bool answered = tcp_answers(judge);

	answered |= tcp_answers(judge);
	return datagram_arrived(judge) || answered;
}

/* The line of the record that belongs to @name: the rows come in the same order. */
static char recorded(struct judge *judge, const char *name)
{
	char line[200];

	if (!fgets(line, sizeof(line), judge->record))
		give_up("the record ends before %s", name);
	line[strcspn(line, "\n")] = 0;
	if (strcmp(line + 2, name))
		give_up("the record has %s instead of %s", line + 2, name);
	return line[0];
}

static void compare(struct judge *judge, const char *name, char result, enum frame_reach reach,
		    bool stopped)
{
	char expected = result;

	if (judge->record)
		expected = recorded(judge, name);
	else if (result != '-' && reach != DEPENDS)
		expected = reach == REACHES ? 'R' : 'L';
	if (judge->record && stopped && expected == 'R')
		expected = 'L';
	printf("%c %s\n", result, name);
	if (result == expected)
		return;
	fprintf(stderr, "%s: %s\n", name,
		result == 'R' ? "reaches a socket" : "does not reach a socket");
	judge->differences++;
}

static void judge_row(struct judge *judge, const struct frame_row *row, unsigned int nonce)
{
	unsigned char bytes[FRAME_MAX];
	size_t length = frame_row__build(row, nonce, bytes, sizeof(bytes));
	bool stopped = row->why == DROP53_REASON_PORT53 || row->why == DROP53_REASON_TOO_DEEP;
	char result = '-';

	if (length <= judge->longest) {
		send_frame(judge, bytes, length);
		result = reaches(judge) ? 'R' : 'L';
	}
	compare(judge, row->name, result, row->reach, stopped);
}

static void judge_sequence(struct judge *judge, const struct frame_sequence *sequence,
			   unsigned int nonce)
{
	unsigned char bytes[FRAME_MAX];

	for (size_t i = 0; i < FRAME_SEQUENCE_MAX && sequence->rows[i]; i++) {
		const struct frame_row *row = frame_table__find(sequence->rows[i]);

		send_frame(judge, bytes, frame_row__build(row, nonce, bytes, sizeof(bytes)));
	}
	compare(judge, sequence->name, reaches(judge) ? 'R' : 'L', sequence->reach,
		sequence->fate == STOPPED);
}

int main(int argc, char **argv)
{
	struct judge judge = {};
	unsigned int nonce = 0;

	if (argc < 3 || argc > 4) {
		fprintf(stderr, "usage: judge NETNS IFACE [RECORD]\n");
		return 2;
	}
	if (argc == 4 && !(judge.record = fopen(argv[3], "r")))
		give_up("%s", argv[3]);
	open_packet(&judge, argv[2]);
	open_sockets(&judge, argv[1]);
	/* Steps of 32: the rows' own identifications count up from the nonce. */
	for (size_t i = 0; i < frame_table_count; i++)
		judge_row(&judge, &frame_table[i], nonce += 32);
	for (size_t i = 0; i < frame_sequences_count; i++)
		judge_sequence(&judge, &frame_sequences[i], nonce += 32);
	return judge.differences ? 1 : 0;
}
