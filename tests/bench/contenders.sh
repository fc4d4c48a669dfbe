# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2154 # sourced: common.sh and inside.sh set the rest
#
# Who is measured. For each contender: setup_NAME SANDBOX INTERFACE... makes it drop port 53
# there, and dropped_NAME SANDBOX tells how many packets it says it dropped.

load_peers() {
	mkdir /sys/fs/bpf/peers /sys/fs/bpf/peer-maps &&
		bpftool prog loadall "$tools/bench_peers.bpf.o" /sys/fs/bpf/peers \
			pinmaps /sys/fs/bpf/peer-maps
}

# attach_peer PROGRAM SANDBOX INTERFACE...
attach_peer() {
	local program=$1 sandbox=$2 mode=${attach_mode:-xdpdrv} interface
	shift 2
	for interface; do
		at "$sandbox" bpftool net attach "$mode" pinned "/sys/fs/bpf/peers/$program" \
			dev "$interface" || return
	done
}

# Empty programs have no counter: the device has.
xdp_drops() {
	at "$1" ip -j link | jq -r '.[].ifname | select(startswith("in"))' | while read -r interface; do
		at "$1" ethtool -S "$interface"
	done | awk '/rx_queue_[0-9]*_xdp_drops:/ { sum += $2 } END { print sum + 0 }'
}

setup_drop() { attach_peer drop "$@"; }
dropped_drop() { xdp_drops "$1"; }

setup_lru() { attach_peer lru "$@"; }
dropped_lru() {
	bpftool -j map lookup pinned /sys/fs/bpf/peer-maps/lru_total key 0 0 0 0 |
		jq '[.formatted.values[].value.packets] | add'
}

# drop53_in SANDBOX ARGUMENT...: each sandbox has a filter of its own.
drop53_in() {
	local sandbox=$1
	shift
	mkdir -p "$work/bpffs/drop53-$sandbox"
	at "$sandbox" build/drop53 --bpffs "$work/bpffs/drop53-$sandbox" "$@"
}
drop53_pin() { echo "$work/bpffs/drop53-$1/drop53/$2"; }

setup_drop53() {
	local sandbox=$1
	shift
	drop53_in "$sandbox" attach "$@" --xdp-mode native
}
dropped_drop53() {
	drop53_in "$1" counters --json | jq '[.counters[] | select(.verdict == "drop").packets] | add'
}

setup_drop53_generic() {
	local sandbox=$1
	shift
	drop53_in "$sandbox" attach "$@" --xdp-mode generic
}
dropped_drop53_generic() { dropped_drop53 "$1"; }

setup_xdp_filter() {
	local sandbox=$1 interface
	shift
	for interface; do at "$sandbox" xdp-filter load "$interface" || return; done
	at "$sandbox" xdp-filter port 53 -m dst
}
dropped_xdp_filter() { at "$1" xdp-filter status | awk '$1 == "XDP_DROP" { print $2 }'; }

setup_tc() {
	at "$1" tc qdisc add dev "$2" clsact &&
		at "$1" tc filter add dev "$2" ingress bpf direct-action \
			object-pinned /sys/fs/bpf/peers/tc_drop
}
dropped_tc() { at "$1" tc -s -j qdisc show dev in0 | jq '[.[] | select(.kind == "clsact").drops] | add'; }

setup_nft() {
	at "$1" nft -f - <<-END
		table netdev bench {
			chain port53 {
				type filter hook ingress device "$2" priority 0
				udp dport 53 counter drop
				tcp dport 53 counter drop
			}
		}
	END
}
dropped_nft() {
	at "$1" nft -j list table netdev bench |
		jq '[.nftables[].rule? // empty | .expr[].counter?.packets // 0] | add'
}

# A full set refuses newcomers, and its rule then ends: the next one drops them uncounted.
setup_nft_set() {
	at "$1" nft -f - <<-END
		table netdev bench {
			set ipv4 { type ipv4_addr; size 65536; flags dynamic; counter; }
			set ipv6 { type ipv6_addr; size 65536; flags dynamic; counter; }
			chain sources {
				meta protocol ip update @ipv4 { ip saddr }
				meta protocol ip6 update @ipv6 { ip6 saddr }
				counter drop
			}
			chain port53 {
				type filter hook ingress device "$2" priority 0
				udp dport 53 goto sources
				tcp dport 53 goto sources
			}
		}
	END
}
# Not by JSON, which would list the sets' elements too.
dropped_nft_set() {
	at "$1" nft list chain netdev bench sources |
		awk '/counter packets/ { for (i = 1; i < NF; i++) if ($i == "packets") sum += $(i + 1) }
			END { print sum + 0 }'
}

setup_iptables() {
	local tool protocol
	for tool in iptables-nft ip6tables-nft; do
		for protocol in udp tcp; do
			at "$1" "$tool" -t raw -A PREROUTING -p "$protocol" --dport 53 -j DROP || return
		done
	done
}
dropped_iptables() {
	for tool in iptables-nft ip6tables-nft; do
		at "$1" "$tool" -t raw -nvxL PREROUTING
	done | awk '$3 == "DROP" { sum += $1 } END { print sum + 0 }'
}

# No filter: the stack finds no socket, and answers some of them.
setup_nothing() { :; }
dropped_nothing() {
	at "$1" cat /proc/net/snmp /proc/net/snmp6 |
		awk '$1 == "Udp6NoPorts" { sum += $2 }
			$1 == "Udp:" && $2 ~ /^[0-9]/ { sum += $3 }
			END { print sum + 0 }'
}

# prepare CONTENDER SANDBOX [INTERFACES [QUEUES]]; fails with a note where it cannot be had.
prepare() {
	local contender=$1 sandbox=$2 interfaces=${3:-1} queues=${4:-1} i devices=() reason
	for ((i = 0; i < interfaces; i++)); do devices+=("in$i"); done
	reason=$({ sandbox "$sandbox" "$interfaces" "$queues" &&
		"setup_$contender" "$sandbox" "${devices[@]}"; } 2>&1 >/dev/null) && return
	skip "$contender ($section)" "$(tail -n1 <<<"$reason")"
	return 1
}

# verify_flood SUFFIX <OUTPUT: what bench_flood sent and what arrived, against what each contender
# counted. A slow one may lose some on two cores, of which the time takes account; and one in a
# thousand may be somebody else's (router solicitations, for one).
verify_flood() {
	local contender sent arrived
	awk '$1 == "sent" { sent[$2] += $3; arrived[$2] += $4 }
		END { for (c in sent) print c, sent[c], arrived[c] }' |
		while read -r contender sent arrived; do
			check "$section: $contender: frames that arrived" "$sent" "$arrived" 50
			check "$section: $contender: frames that it dropped" "$arrived" \
				"$("dropped_$contender" "$contender$1")" 1
		done
}
