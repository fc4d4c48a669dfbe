# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=sh
# The program is swapped under a flood: nothing gets through, and no count is lost.
. guest/lib.sh

flood=50000

while_upgrading() {
	upgrades=0
	while [ -e /tmp/traffic ]; do
		server drop53 upgrade || return 1
		upgrades=$((upgrades + 1))
	done
	echo $upgrades >/tmp/upgrades
}

none_leaks() {
	rm -f /tmp/upgrades
	touch /tmp/traffic
	while_upgrading &
	arrive 0 4 udp 53 $flood && arrive 0 6 udp 53 $flood
	code=$?
	rm /tmp/traffic
	wait $! || { echo "upgrade failed"; return 1; }
	[ $code -eq 0 ] && [ "$(cat /tmp/upgrades)" -gt 0 ]
}

# Upgraded or not, all is counted.
none_lost() {
	equal "counted drops" "$(counted '.verdict == "drop"')" $((2 * flood))
}

if ! drop53 help upgrade >/dev/null 2>&1; then
	skip no_leak "this build has no command upgrade"
	exit 0
fi
veth_hosts 1500
for mode in native generic; do
	check attach_$mode server drop53 attach vserver --xdp-mode $mode
	check no_leak_$mode none_leaks
	check no_loss_$mode none_lost
	check sums_$mode sums_hold
	check detach_$mode server drop53 detach vserver
	figure upgrades_$mode "$(cat /tmp/upgrades)"
done
no_hosts
