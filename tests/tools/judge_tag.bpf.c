// SPDX-License-Identifier: GPL-2.0-only
/*
 * On a device's way out: puts a priority tag (VID 0) into the packet's metadata, as cards and veth
 * do with the tag they take off: XDP at the other end sees a frame without it.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define PASS 0 /* TC_ACT_OK */
#define DROP 2 /* TC_ACT_SHOT: a frame without its tag would prove nothing */

SEC("tc")
int push_tag(struct __sk_buff *skb)
{
	return bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), 0) ? DROP : PASS;
}

char LICENSE[] SEC("license") = "GPL";
