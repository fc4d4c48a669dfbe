/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "frame_native.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "frame_put.h"
#include "frame_table.h"

static struct packet normalised(struct packet packet)
{
	struct packet other = {.kind.why = DROP53_REASON_OTHER};

	return packet.kind.why == DROP53_REASON_OTHER ? other : packet;
}

struct packet frame_native__parse(struct frame frame)
{
	struct packet packet = {};
	int why = parse_packet(&frame, &packet);

	if (why != packet.kind.why)
		frame__mistake("parse_packet() returns one reason and stores another");
	return normalised(packet);
}

struct packet frame_native__parse_odd(struct frame frame)
{
	union packet_word word = {.word = parse_odd(&frame)};
	struct packet packet = {.kind = word.kind};

	if (packet.kind.why == DROP53_REASON_PORT53 || packet.kind.why == DROP53_REASON_TOO_DEEP)
		load_source(&frame, &packet);
	return normalised(packet);
}

bool frame_native__is_straight(struct frame frame)
{
	struct packet packet = {};

	return parse_straight(&frame, &packet) != DROP53_ODD;
}

bool frame_native__same(const struct packet *a, const struct packet *b)
{
	return !memcmp(a, b, sizeof(*a));
}

const char *frame_native__text(const struct packet *packet)
{
	static char texts[4][100];
	static unsigned int next;
	char *text = texts[next++ % 4];

	snprintf(text, sizeof(texts[0]), "%s family %u protocol %u at %u from %08x %08x %08x %08x",
		 frame__reason(packet->kind.why), packet->kind.family, packet->kind.protocol,
		 packet->kind.l3, ntohl(packet->source[0]), ntohl(packet->source[1]),
		 ntohl(packet->source[2]), ntohl(packet->source[3]));
	return text;
}

struct frame_guard frame_guard__new(size_t room)
{
	size_t page = sysconf(_SC_PAGESIZE), size = (room + page - 1) / page * page;
	unsigned char *memory =
		mmap(NULL, size + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED || mprotect(memory + page, size, PROT_READ | PROT_WRITE))
		frame__mistake("no memory");
	return (struct frame_guard){memory + page, memory + page + size};
}

void frame_guard__free(struct frame_guard *guard)
{
	size_t page = sysconf(_SC_PAGESIZE);

	munmap(guard->begin - page, guard->end - guard->begin + 2 * page);
}

unsigned char *frame_guard__at_end(struct frame_guard *guard, const void *bytes, size_t length)
{
	if (length > (size_t)(guard->end - guard->begin))
		frame__mistake("longer than the guarded memory");
	return length ? memcpy(guard->end - length, bytes, length) : guard->end;
}
