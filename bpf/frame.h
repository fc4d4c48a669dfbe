/* SPDX-License-Identifier: GPL-2.0-only */
/* The frame as the kernel hands it over. native.h is the other side of this coin. */
#ifndef DROP53_FRAME_H
#define DROP53_FRAME_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "config.h"

#define frame_data(ctx)	    ((const void *)(long)(ctx)->data)
#define frame_data_end(ctx) ((const void *)(long)(ctx)->data_end)

/* The verifier follows a packet pointer plus a variable up to here (MAX_PACKET_OFF). */
#define FRAME_MAX_OFFSET 0xfff0

/* A word at any address: byte by byte on machines whose kernels want packet words aligned. */
static __always_inline __u32 any_word(const __u8 *at)
{
#if defined(__TARGET_ARCH_x86) || defined(__TARGET_ARCH_arm64)
	return *(const __u32 *)at;
#elif __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return at[0] | at[1] << 8 | at[2] << 16 | (__u32)at[3] << 24;
#else
	return at[3] | at[2] << 8 | at[1] << 16 | (__u32)at[0] << 24;
#endif
}

/*
 * Four bytes at @offset in wire order, or -1 where the frame ends before them. What lies in the
 * linear part is read there (1 ns), the rest with a helper (20 ns) where the kernel has it.
 * Global, not static: the verifier checks it once, with any offset, whoever calls it.
 */
__noinline long long frame_load32(struct xdp_md *ctx, __u32 offset)
{
	const void *data = frame_data(ctx), *end = frame_data_end(ctx);
	const __u8 *at;
	__u32 word;

	if (offset > FRAME_MAX_OFFSET)
		return -1;
	at = (const __u8 *)data + offset;
	if (at + sizeof(word) <= (const __u8 *)end)
		return any_word(at);
	if (config.frags && !bpf_xdp_load_bytes(ctx, offset, &word, sizeof(word)))
		return word;
	return -1;
}

/*
 * The frame's length in bytes over all its buffers. The helper that adds them up costs some 8 ns
 * where returns are guarded against speculation, half of what the rest of a drop costs: hence a
 * program of its own for frames that may have several.
 * @several: a constant
 */
static __always_inline __u64 frame_length(struct xdp_md *ctx, int several)
{
	if (several && config.frags)
		return bpf_xdp_get_buff_len(ctx);
	return (const char *)frame_data_end(ctx) - (const char *)frame_data(ctx);
}

#endif
