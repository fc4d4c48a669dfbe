/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <arpa/inet.h>
#include <string.h>

#include "frame_put.h"
#include "frame_table.h"

#define ROW(name_, why_, family_, protocol_, reach_, ...) \
	{                                                 \
		.name = name_,                            \
		.why = DROP53_REASON_##why_,              \
		.family = DROP53_FAMILY_##family_,        \
		.protocol = DROP53_PROTOCOL_##protocol_,  \
		.reach = reach_,                          \
		.layers = LAYERS(__VA_ARGS__),            \
	},
#define SEQUENCE(...)
const struct frame_row frame_table[] = {
#include "../frames/transport.def"
#include "../frames/ipv4.def"
#include "../frames/ipv6.def"
#include "../frames/fragments.def"
#include "../frames/tags.def"
#include "../frames/others.def"
};
const size_t frame_table_count = sizeof(frame_table) / sizeof(frame_table[0]);
#undef ROW
#undef SEQUENCE

#define ROW(...)
#define SEQUENCE(name_, reach_, fate_, ...) \
	{.name = name_, .reach = reach_, .fate = fate_, .rows = {__VA_ARGS__}},
const struct frame_sequence frame_sequences[] = {
#include "../frames/fragments.def"
};
const size_t frame_sequences_count = sizeof(frame_sequences) / sizeof(frame_sequences[0]);
#undef ROW
#undef SEQUENCE

const struct frame_row *frame_table__find(const char *name)
{
	for (size_t i = 0; i < frame_table_count; i++)
		if (!strcmp(frame_table[i].name, name))
			return &frame_table[i];
	return NULL;
}

size_t frame_row__build(const struct frame_row *row, unsigned int nonce, unsigned char *bytes,
			size_t room)
{
	struct layer layers[FRAME_LAYERS], *layer = layers;
	const struct layer *given = row->layers;

	do {
		*layer = *given;
		layer->id += nonce;
		if (!layer->sport)
			layer->sport = FRAME_SPORT + nonce;
		layer++;
	} while ((given++)->kind != LAYER_END);
	return frame__build(layers, bytes, room);
}

void frame_row__source(const struct frame_row *row, unsigned char source[16])
{
	const struct layer *layer = row->layers;

	memset(source, 0, 16);
	if (row->family == DROP53_FAMILY_NONE)
		return;
	while (layer->kind != LAYER_IP4 && layer->kind != LAYER_IP6)
		if ((layer++)->kind == LAYER_END)
			return;
	if (layer->kind == LAYER_IP4)
		put_ip(source, AF_INET, layer->src, FRAME_IP4_THERE);
	else
		put_ip(source, AF_INET6, layer->src, FRAME_IP6_THERE);
}

const char *frame__reason(unsigned int why)
{
#define WORD(name, word, meaning) [DROP53_REASON_##name] = word,
	static const char *const words[] = {DROP53_REASONS(WORD)};
#undef WORD
	return why < DROP53_REASON__N ? words[why] : "no such reason";
}
