# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=sh
# The allow-list is replaced under traffic, and every packet sees the old one or the new one.
. guest/lib.sh

flood=20000

# while_replacing FILE FILE: swaps the two lists for as long as there is traffic.
while_replacing() {
	replaced=0
	while [ -e /tmp/traffic ]; do
		server drop53 allow replace "$1" && server drop53 allow replace "$2" || return 1
		replaced=$((replaced + 2))
	done
	echo $replaced >/tmp/replaced
}

# flood_while_replacing FILE FILE EXPECTED
flood_while_replacing() {
	rm -f /tmp/replaced
	server drop53 allow replace "$2" && server drop53 reset --all || return 1
	touch /tmp/traffic
	while_replacing "$1" "$2" &
	arrive "$3" 4 udp 53 $flood -f 10.54.0.1 -n 100 && arrive "$3" 6 udp 53 $flood
	code=$?
	rm /tmp/traffic
	wait $! || { echo "allow replace failed"; return 1; }
	[ $code -eq 0 ] && [ "$(cat /tmp/replaced)" -gt 0 ]
}

all_allowed() {
	flood_while_replacing /tmp/wide /tmp/narrow $flood &&
		equal "drops" "$(counted '.verdict == "drop"')" 0 &&
		equal "allowed" "$(counted '.reason == "allowed"')" $((2 * flood))
}

all_dropped() {
	flood_while_replacing /tmp/others /tmp/none 0 &&
		equal "allowed" "$(counted '.reason == "allowed"')" 0 &&
		equal "drops" "$(counted '.verdict == "drop"')" $((2 * flood))
}

generation() {
	server drop53 status --json | jq .allow.generation
}

bad_file_changes_nothing() {
	before=$(generation)
	echo "10.0.0.0/33" >/tmp/bad
	exits 1 server drop53 allow replace /tmp/bad &&
		equal generation "$(generation)" "$before" && port53_arrives 100
}

# Milliseconds since the kernel started, in its steps of ten.
uptime_ms() {
	sed 's/ .*/0/; s/\.//' /proc/uptime
}

# The pages of a long list are put in place one by one, or in batches where the kernel has those.
replaces_many() { # COUNT
	{ cat /tmp/narrow && bench_prefixes $(($1 - 4)) 0; } >/tmp/many
	started=$(uptime_ms)
	server drop53 allow replace /tmp/many || return 1
	took=$(($(uptime_ms) - started))
	equal "prefixes" "$(server drop53 status --json | jq .allow.ipv4_prefixes)" $(($1 - 1)) &&
		port53_arrives 100
}

printf '10.53.0.0/24\n10.54.0.0/16\nfd53::/64\n' >/tmp/wide
printf '10.53.0.1\n10.54.0.0/17\nfd53::1\n203.0.113.0/24\n' >/tmp/narrow
printf '198.51.100.0/24\n2001:db8::/32\n' >/tmp/others
: >/tmp/none
veth_hosts 1500
check attach server drop53 attach vserver --allow-file /tmp/narrow
check allowed port53_arrives 100
check bad_file bad_file_changes_nothing
check all_allowed all_allowed
check all_dropped all_dropped
check not_allowed port53_arrives 0
for many in 1000 100000; do
	check replaces_$many replaces_many $many
	figure replace_${many}_ms "$took"
done
check sums sums_hold
figure allow_replaces "$(cat /tmp/replaced)"
no_hosts
