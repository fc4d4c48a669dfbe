# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# Two hosts in network namespaces of their own, `host` (the one that is protected) and `peer`,
# joined by veth pairs of the same names on both sides, and a bpffs. The sandbox is named by its
# test file and cleaned before each test: what an interrupted run left is no hindrance.

bats_require_minimum_version 1.5.0
build=$(cd "$BATS_TEST_DIRNAME/../../build" && pwd)
export PATH=$build:$build/tests/tools:$PATH:/usr/sbin:/sbin LC_ALL=C.UTF-8
sandbox=d53-$(basename "$BATS_TEST_FILENAME" .bats)
room=/tmp/$sandbox
export DROP53_BPFFS=$room/bpf
state=$DROP53_BPFFS/drop53

on_host() {
	nsenter --net="/run/netns/$sandbox-host" "$@"
}

on_peer() {
	nsenter --net="/run/netns/$sandbox-peer" "$@"
}

# The command under test, on the protected host.
d53() {
	on_host drop53 "$@"
}

# sandbox_up [LINKS]: eth0, eth1... between the two, 192.0.2.53 and .1, 198.51.100.53 and .1...
sandbox_up() {
	local i networks=(192.0.2 198.51.100 203.0.113)

	sandbox_down
	mkdir -p "$DROP53_BPFFS"
	mount -t bpf bpf "$DROP53_BPFFS"
	ip netns add "$sandbox-host"
	ip netns add "$sandbox-peer"
	for ((i = 0; i < ${1:-1}; i++)); do
		add_link "eth$i"
		address "$sandbox-host" "eth$i" "${networks[i]}.53/24" "2001:db8:$i::53/64"
		address "$sandbox-peer" "eth$i" "${networks[i]}.1/24" "2001:db8:$i::1/64"
	done
}

# address NAMESPACE INTERFACE IPV4 IPV6
address() {
	ip -n "$1" -batch - <<-END
		link set lo up
		addr add $3 dev $2
		addr add $4 dev $2 nodad
	END
}

# No link-local addresses: nothing but the test's own frames is on the wire.
add_link() {
	ip -n "$sandbox-host" -batch - <<-END
		link add $1 type veth peer name $1 netns $sandbox-peer
		link set $1 addrgenmode none up
	END
	ip -n "$sandbox-peer" link set "$1" addrgenmode none up
}

sandbox_down() {
	local pid space

	for pid in $(cat "$room"/*.pid 2>/dev/null); do
		kill -KILL "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true
	done
	# A link goes with its pin, but some time after it: say it at once.
	drop53 detach --all >/dev/null 2>&1 || true
	for space in host peer far; do
		[ ! -e "/run/netns/$sandbox-$space" ] || ip netns del "$sandbox-$space"
	done
	while mountpoint -q "$DROP53_BPFFS"; do umount "$DROP53_BPFFS"; done
	rm -rf "$room"
}

# start NAME COMMAND...: in the background, output to $room/NAME.out; ended with the sandbox.
start() {
	local name=$1

	shift
	"$@" >"$room/$name.out" 2>&1 </dev/null 3>&- &
	echo $! >"$room/$name.pid"
}

# stop NAME: ends what start began, and waits for it.
stop() {
	local pid

	pid=$(cat "$room/$1.pid")
	kill -TERM "$pid"
	wait "$pid" || true
	rm "$room/$1.pid"
}

# eventually COMMAND...: until it succeeds. The limit is for hung tests, no verdict hangs on it.
eventually() {
	local tries

	for ((tries = 0; tries < 300; tries++)); do
		"$@" 2>/dev/null && return 0
		sleep 0.1
	done
	echo "never came true: $*" >&2
	return 1
}

# send NAME=VALUE...: from the peer's eth0 (or `on=eth1`), see tests/tools/e2e_send.c. One sender
# an interface at a time: each waits until the other end has taken as many frames as it sent.
send() {
	local on=eth0

	case $1 in on=*) on=${1#on=} && shift ;; esac
	on_peer e2e_send "$on" "$@"
}

# flood NAME=VALUE...: the same in the background until `stop flood`, whose count is in flood.out.
flood() {
	local on=eth0

	case ${1-} in on=*) on=${1#on=} && shift ;; esac
	start "${name:-flood}" nsenter --net="/run/netns/$sandbox-peer" e2e_send "$on" count=0 "$@"
}

# json COMMAND... FILTER: what jq makes of the command's JSON.
json() {
	d53 "${@:1:$#-1}" --json | jq -rc "${!#}"
}

# total JQ_CONDITION: packets and bytes of all interfaces, by the counters.
total() {
	json counters "[.counters[] | select($1)] | [(map(.packets) | add // 0),
		(map(.bytes) | add // 0)] | join(\" \")"
}

# dropped, or would be.
dropped() {
	total '.verdict != "pass"'
}

allowed() {
	total '.reason == "allowed"'
}

# sum_of COUNTED [OPTION]: sum(sources) + untracked = total = the counters.
sum_of() {
	local sums counted=$1

	shift
	sums=$(json sources "$@" '[([.sources[].packets] | add // 0) + .untracked.packets,
		([.sources[].bytes] | add // 0) + .untracked.bytes,
		.total.packets, .total.bytes] | join(" ")')
	[ "$sums" = "$counted $counted" ] && return 0
	echo "sources and untracked, total: $sums; counters: $counted" >&2
	return 1
}

# The rule that always holds when traffic rests, for both accounts.
sum_rule() {
	sum_of "$(dropped)" && sum_of "$(allowed)" --allowed
}

# same WANTED GOT
same() {
	[ "$1" = "$2" ] && return 0
	printf 'wanted: %.500s\ngot:    %.500s\n' "$1" "$2" >&2
	return 1
}

# fails CODE WORDS COMMAND...: nothing on stdout, one line on stderr that holds WORDS.
fails() {
	local code=$1 words=$2

	shift 2
	run "-$code" --separate-stderr "$@"
	# shellcheck disable=SC2154 # set by run
	if [ -n "$output" ] || [ "${#stderr_lines[@]}" -ne 1 ] || [[ $stderr != drop53:\ * ]] ||
		[[ $stderr != *"$words"* ]]; then
		printf 'wanted: drop53: ...%s...\nstdout: %s\nstderr: %s\n' "$words" "$output" \
			"$stderr" >&2
		return 1
	fi
}

# no_xdp NAME...: no program is on these interfaces of the host, as far as they are there.
no_xdp() {
	local name

	for name in "$@"; do
		[[ $(ip -n "$sandbox-host" -d link show "$name" 2>/dev/null) != *prog/xdp* ]] ||
			{ echo "$name: has an XDP program" >&2; return 1; }
	done
}
