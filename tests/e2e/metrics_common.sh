# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154
#
# Two hosts on a veth pair, each with a bpffs of its own, for the tests of metrics and the daemon.
# Addresses: 192.0.2.1 and 2001:db8::1 at the client, .53 and ::53 at the server.

# hosts_make PREFIX: namespaces PREFIX-server and PREFIX-client, $bpf mounted.
hosts_make() {
	server=$1-server client=$1-client
	bpf=$BATS_TEST_TMPDIR/bpf
	export DROP53_BPFFS=$bpf
	hosts_remove "$1"
	mkdir -p "$bpf"
	mount -t bpf bpf "$bpf"
	ip netns add "$server"
	ip netns add "$client"
	ip -n "$server" link add eth0 type veth peer name eth0 netns "$client"
	ip -n "$server" addr add 192.0.2.53/24 dev eth0
	ip -n "$server" addr add 2001:db8::53/64 dev eth0 nodad
	ip -n "$client" addr add 192.0.2.1/24 dev eth0
	ip -n "$client" addr add 2001:db8::1/64 dev eth0 nodad
	local host
	for host in "$server" "$client"; do
		ip -n "$host" link set lo up
		ip -n "$host" link set eth0 up
	done
}

hosts_remove() {
	local pid
	for pid in $(ip netns pids "$1-server" 2>/dev/null) $(ip netns pids "$1-client" 2>/dev/null); do
		kill -9 "$pid" 2>/dev/null || true
	done
	ip netns del "$1-server" 2>/dev/null || true
	ip netns del "$1-client" 2>/dev/null || true
	! mountpoint -q "$BATS_TEST_TMPDIR/bpf" || umount "$BATS_TEST_TMPDIR/bpf"
}

at_server() {
	ip netns exec "$server" "$@"
}

at_client() {
	ip netns exec "$client" "$@"
}

# until_true COMMAND...: tries for a minute; what it waits for decides, not how long it took.
until_true() {
	local tries
	for ((tries = 0; tries < 600; tries++)); do
		! "$@" >/dev/null 2>&1 || return 0
		sleep 0.1
	done
	echo "never came true: $*" >&2
	return 1
}

# send N FAMILY ADDRESS: N datagrams to port 53, each judged when this returns: one queue keeps
# its order, and an echo comes back behind them.
send() {
	at_client python3 - "$@" <<-'END'
		import socket, sys
		n, family, address = int(sys.argv[1]), sys.argv[2], sys.argv[3]
		s = socket.socket(socket.AF_INET6 if family == '6' else socket.AF_INET, socket.SOCK_DGRAM)
		for _ in range(n):
		    s.sendto(b'x' * 20, (address, 53))
	END
	local fence=192.0.2.53
	[ "$2" = 4 ] || fence=2001:db8::53
	at_client ping -q -c 1 -W 30 $fence >/dev/null
}

# value METRIC-AND-LABELS: of the sample in $output that starts so.
value() {
	awk -v want="$1" 'index($0, want " ") == 1 { print $NF; found = 1 } END { exit !found }' <<<"$output"
}
