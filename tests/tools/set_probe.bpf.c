// SPDX-License-Identifier: GPL-2.0-only
/* Look-ups in a compiled set (bpf/set.h) alone: to compare them with the native ones, to time. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "drop53.h"
#include "set.h"
#include "set_maps.h"
#include "set_probe.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, PROBE_SOURCES);
	__type(key, __u32);
	__type(value, struct probe_source);
} listed SEC(".maps");

struct probe_settings settings SEC(".data.settings");

/* Out of line and global, as the filter has it: verified once. */
__noinline int look_up(__u64 high, __u64 low, __u32 ipv6)
{
	struct set_pages set = {
		.roots = &settings.roots,
		.map = &sets,
		.skew = settings.skew & (SET_LINE - 1),
	};

	return ipv6 ? set_contains6(&set, high, low) : set_contains4(&set, high);
}

/* The source is the first 16 bytes of the frame. */
SEC("xdp")
int probe(struct xdp_md *ctx)
{
	const __u64 *source = (void *)(long)ctx->data;

	if ((void *)(source + 2) > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	return look_up(source[0], source[1], settings.ipv6) ? XDP_PASS : XDP_DROP;
}

static __always_inline __u64 scatter(__u64 z)
{
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

SEC("xdp")
int anchor(struct xdp_md *ctx __attribute__((unused)))
{
	settings.skew = set_pages__skew(&sets, DROP53_SPARE_PAGE, &settings.scratch);
	return XDP_PASS;
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
	settings.found += look_up(drawn.half[0], drawn.half[1], settings.ipv6);
	return XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
