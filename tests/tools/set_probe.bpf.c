// SPDX-License-Identifier: GPL-2.0-only
/* Look-ups in a compiled set (bpf/set.h) alone: to compare them with the native ones, to time. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "set_maps.h"
#include "set.h"
#include "set_probe.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, PROBE_SOURCES);
	__type(key, __u32);
	__type(value, struct probe_source);
} listed SEC(".maps");

struct probe_settings settings SEC(".data.settings");

static __always_inline bool look_up(const struct probe_source *source)
{
	struct set_image set = {.class = settings.class, .slot = settings.slot};

	if (settings.ipv6)
		return set_contains6(&set, source->address);
	return set_contains4(&set, source->address[0]);
}

/* The source is the first 16 bytes of the frame. */
SEC("xdp")
int probe(struct xdp_md *ctx)
{
	const struct probe_source *source = (void *)(long)ctx->data;
	struct probe_source copy;

	if ((void *)(source + 1) > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	copy = *source;
	return look_up(&copy) ? XDP_PASS : XDP_DROP;
}

static __always_inline __u64 scatter(__u64 z)
{
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

/* Another source at every run. */
SEC("xdp")
int bench(struct xdp_md *ctx __attribute__((unused)))
{
	__u32 count = settings.count++, index = count % PROBE_SOURCES;
	union {
		struct probe_source source;
		__u64 half[2];
	} drawn;

	if (settings.listed) {
		struct probe_source *source = bpf_map_lookup_elem(&listed, &index);

		if (!source)
			return XDP_ABORTED;
		drawn.source = *source;
	} else {
		drawn.half[0] = scatter(count * 0x9e3779b97f4a7c15ull);
		drawn.half[1] = scatter(drawn.half[0]);
	}
	if (!settings.look)
		return drawn.half[0] ^ drawn.half[1] ? XDP_DROP : XDP_PASS;
	settings.found += look_up(&drawn.source);
	return XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
