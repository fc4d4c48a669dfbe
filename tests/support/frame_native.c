/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "frame_native.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "frame_put.h"
#include "frame_table.h"

static struct finding found(struct packet_kind kind, const void *source)
{
	struct finding finding = {.why = kind.why};
	bool judged = kind.why == DROP53_REASON_PORT53 || kind.why == DROP53_REASON_TOO_DEEP;

	if (kind.why == DROP53_REASON_OTHER)
		return finding;
	finding.family = kind.family;
	finding.protocol = kind.protocol;
	finding.l3 = kind.l3;
	if (judged && source)
		memcpy(finding.source, source, sizeof(finding.source));
	return finding;
}

struct finding frame_native__parse(struct frame frame)
{
	struct packet packet = {};
	int why = parse_packet(&frame, &packet);

	if (why != packet.kind.why)
		frame__mistake("parse_packet() returns one reason and stores another");
	return found(packet.kind, packet.source);
}

struct finding frame_native__parse_odd(struct frame frame)
{
	union packet_word word = {.word = parse_odd(&frame)};

	return found(word.kind, NULL);
}

bool frame_native__same(const struct finding *a, const struct finding *b)
{
	return !memcmp(a, b, sizeof(*a));
}

bool frame_native__same_but_source(const struct finding *a, const struct finding *b)
{
	return !memcmp(a, b, offsetof(struct finding, source));
}

const char *frame_native__text(const struct finding *finding)
{
	static char texts[4][100];
	static unsigned int next;
	char *text = texts[next++ % 4];
	int at;

	at = snprintf(text, sizeof(texts[0]), "%s family %u protocol %u at %u from ",
		      frame__reason(finding->why), finding->family, finding->protocol, finding->l3);
	for (size_t i = 0; i < sizeof(finding->source); i++)
		at += snprintf(text + at, sizeof(texts[0]) - at, "%02x", finding->source[i]);
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
