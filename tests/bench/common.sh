# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2034 # sourced: others use what is set here
#
# What the sections of the benchmark share: sandboxes, samples, notes.

work=${BENCH_WORK:?} quick=${BENCH_QUICK-}
samples=$work/samples skipped=$work/skipped checks=$work/checks
tools=build/tests/tools
touch "$samples" "$skipped" "$checks"

# The first CPU takes the machine's interrupts.
cpus=$(nproc)
cpu=$((cpus > 1 ? 1 : 0))

say() { echo "bench: $(date +%T) $*" >&2; }

# skip WHAT WHY
skip() {
	say "skipped: $1: $2"
	printf '%s\t%s\n' "$1" "$2" >>"$skipped"
}

# at NETNS COMMAND...: not `ip netns exec`, which remounts /sys and hides every bpffs.
at() {
	local netns=$1
	shift
	nsenter --net="/run/netns/$netns" -- "$@"
}

# rounds FULL QUICK: whichever applies
rounds() { if [ -n "$quick" ]; then echo "$2"; else echo "$1"; fi; }

# Packets before the first round: until a table of sources is full, newcomers meet no pressure.
filling=$(rounds 600000 300000)

# sample SECTION WHAT CONTENDER ROUND UNIT VALUE
sample() {
	local IFS=$'\t'
	echo "$*" >>"$samples"
}

# record SECTION <OUTPUT: the lines of a measuring program
record() {
	awk -F'\t' -v OFS='\t' -v section="$1" 'NF == 5 && $1 != "sent" { print section, $0 }' >>"$samples"
}

# check NAME EXPECTED GOT PER_MILLE: a figure whose packets did not all arrive, or were not all
# dropped, is no figure.
check() {
	awk -v name="$1" -v expected="$2" -v got="${3:-0}" -v tolerance="$4" 'BEGIN {
		ok = got >= expected * (1 - tolerance / 1000) && got <= expected * (1 + tolerance / 1000)
		printf "%s\t%d\t%d\t%s\n", name, expected, got, ok ? "true" : "false"
		exit !ok
	}' >>"$checks" || say "CHECK FAILED: $1: expected $2, got ${3:-0}"
}

add_netns() { ip netns add "$1" && at "$1" ip link set lo up; }

# sandbox NAME [INTERFACES [QUEUES]]: a network namespace with devices in0, in1..., whose other
# ends are NAME0, NAME1... in the namespace `generator`. Addresses, so that the stack takes the
# packets, and a neighbour for its answers.
sandbox() {
	local name=$1 interfaces=${2:-1} queues=${3:-1} i
	add_netns "$name" || return
	for ((i = 0; i < interfaces; i++)); do
		ip link add "$name$i" netns generator address 02:00:00:00:00:01 \
			numtxqueues "$queues" numrxqueues "$queues" type veth \
			peer name "in$i" netns "$name" address 02:00:00:00:00:02 \
			numtxqueues "$queues" numrxqueues "$queues" &&
			at generator ip link set dev "$name$i" up &&
			at "$name" ip link set dev "in$i" up || return
		# Without GRO or a native program veth takes no redirected frame, and says nothing.
		at "$name" ethtool -K "in$i" gro "${gro:-on}" || return
	done
	at "$name" bash -e <<-'END'
		ip addr add 192.0.2.2/24 dev in0
		ip addr add 2001:db8:53::2/64 dev in0 nodad
		ip neigh add 192.0.2.1 lladdr 02:00:00:00:00:01 dev in0 nud permanent
		ip neigh add 2001:db8:53::1 lladdr 02:00:00:00:00:01 dev in0 nud permanent
		ip route add default via 192.0.2.1
		ip -6 route add default via 2001:db8:53::1
	END
}

# Between sections; the programs and maps go with their pins and devices.
clear_sandboxes() {
	local netns
	for netns in $(ip netns list | cut -d' ' -f1); do
		[ "$netns" = generator ] || ip netns del "$netns"
	done
	rm -rf "$work"/bpffs/drop53-* /sys/fs/bpf/{peers,peer-maps,xdp-filter}
}
