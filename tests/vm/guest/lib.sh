# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=sh
#
# For the guest's groups of checks (busybox sh). A line a check:
#	ok GROUP NAME
#	ok GROUP NAME # SKIP reason
#	not ok GROUP NAME, then what the command said behind "# "
#	figure NAME VALUE
group=$1
export DROP53_BPFFS=/bpf

# busybox's shell would run its own, which knows no namespaces.
ip() { /usr/bin/ip "$@"; }

# check NAME COMMAND...
check() {
	name=$1
	shift
	if "$@" >/tmp/said 2>&1; then
		echo "ok $group $name"
	else
		echo "not ok $group $name"
		echo "# $*"
		tail -n 30 /tmp/said | cut -c 1-400 | sed 's/^/# /'
	fi
}

skip() { # NAME REASON
	echo "ok $group $1 # SKIP $2"
}

figure() { # NAME VALUE
	echo "figure $1 $2"
}

exits() { # CODE COMMAND...
	want=$1
	shift
	"$@"
	code=$?
	[ $code -eq "$want" ] || { echo "exit code $code, not $want: $*"; return 1; }
}

equal() { # WHAT ACTUAL EXPECTED
	[ "$2" = "$3" ] || { echo "$1: $2, not $3"; return 1; }
}

# at_least 5.18: this kernel's version.
at_least() {
	[ "$(printf '%s\n%s\n' "$1" "$(uname -r | cut -d. -f1,2)" | sort -t. -k1,1n -k2,2n |
		head -n1)" = "$1" ]
}

# ---- Two hosts: the namespaces `server` and `client`, with a NIC each ----

server() { ip netns exec server "$@"; }
client() { ip netns exec client "$@"; }

# address NAMESPACE NIC HOST: 10.53.0.HOST and fd53::HOST. The client has more addresses to send
# from: 10.54.0.0/16 and fd54::/64, routed back to it.
configure() {
	ip -n "$1" link set dev lo up
	ip -n "$1" address add "10.53.0.$3/24" dev "$2"
	ip -n "$1" address add "fd53::$3/64" dev "$2" nodad
	ip -n "$1" link set dev "$2" up
}

connect_hosts() { # SERVER_NIC CLIENT_NIC
	configure server "$1" 2
	configure client "$2" 1
	ip -n client route add local 10.54.0.0/16 dev lo
	ip -n client route add local fd54::/64 dev lo
	ip -n server route add 10.54.0.0/16 via 10.53.0.1
	ip -n server route add fd54::/64 via fd53::1
	server_nic=$1
}

hosts() {
	umount /bpf 2>/dev/null
	mount -t bpf bpf /bpf
	ip netns add server
	ip netns add client
}

veth_hosts() { # [MTU]
	hosts
	ip link add name vserver mtu "${1:-1500}" netns server type veth \
		peer name vclient mtu "${1:-1500}" netns client
	connect_hosts vserver vclient
}

# The NICs go back to the guest's own namespace, or end with theirs.
no_hosts() {
	server drop53 detach --all >/dev/null 2>&1
	umount /bpf
	ip netns delete server
	ip netns delete client
}

nic_by_mac() { # LAST_BYTE
	grep -l "52:54:00:53:00:$1" /sys/class/net/*/address | cut -d/ -f5
}

# send 4|6 udp|tcp PORT COUNT [OPTION...]: real sockets, from the client to the server.
send() {
	case $1 in
	4) to=10.53.0.2 ;;
	6) to=fd53::2 ;;
	esac
	protocol=$2 port=$3 count=$4
	shift 4
	vm_traffic "$@" server client "$to" "$protocol" "$port" "$count"
}

# arrive EXPECTED ...: as many of them arrive.
arrive() {
	expected=$1
	shift
	send "$@" -e "$expected"
}

# Traffic of every kind: EXPECTED of 100 to port 53 arrive, and all of what is not port 53.
port53_arrives() { # EXPECTED
	for family in 4 6; do
		for protocol in udp tcp; do
			arrive "$1" $family $protocol 53 100 || return 1
		done
	done
}

others_arrive() {
	for family in 4 6; do
		for protocol in udp tcp; do
			arrive 100 $family $protocol 5353 100 || return 1
		done
	done
}

# counted JQ_CONDITION: packets in the counters that fit.
counted() {
	server drop53 counters --json |
		jq "[.counters[] | select($1) | .packets] | add // 0"
}

# The contract of the accounts: what the sources say and what the counters say is the same.
sums_hold() {
	sum_holds '.verdict != "pass"' && sum_holds '.reason == "allowed"' --allowed
}

sum_holds() { # JQ_CONDITION [OPTION]
	server drop53 counters --json >/tmp/counters.json &&
		server drop53 sources --json $2 >/tmp/sources.json || return 1
	jq -es '
		(.[0].counters | map(select('"$1"'))) as $counted | .[1] as $table |
		[["packets", "bytes"][] as $unit |
			($table.total[$unit] == ($counted | map(.[$unit]) | add // 0)) and
			($table.total[$unit] ==
				($table.sources | map(.[$unit]) | add // 0) + $table.untracked[$unit])] |
		all' /tmp/counters.json /tmp/sources.json >/dev/null && return
	echo "sums differ:"
	jq -c '.counters[] | select(.packets > 0)' /tmp/counters.json
	jq -c 'del(.sources)' /tmp/sources.json
	return 1
}

# What the kernel says, not what drop53 says: native|generic|off.
xdp_mode() { # NIC
	case $(server ip link show dev "$1") in
	*xdpgeneric*) echo generic ;;
	*prog/xdp* | *" xdp "* | *" xdp/"*) echo native ;;
	*) echo off ;;
	esac
}

mode_is() { # MODE
	equal "the kernel's mode on $server_nic" "$(xdp_mode "$server_nic")" "$1" || return 1
	[ "$1" = off ] ||
		equal "status" "$(server drop53 status --json | jq -r '.interfaces[0].xdp_mode')" "$1"
}
