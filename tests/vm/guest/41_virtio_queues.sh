# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=sh
# Native XDP on a NIC with several receive queues, each on a CPU of its own.
. guest/lib.sh
. guest/filter.sh

# How often each receive queue of the NIC's interrupt came, in one line.
interrupts() {
	awk -v queue="$device-input" \
		'index($NF, queue) { n = 0; for (i = 2; i <= cpus + 1; i++) n += $i; printf "%d ", n }
		 NR == 1 { cpus = NF }' /proc/interrupts
}

# Many sources: the other side's hash spreads them over the queues.
queues_share() {
	# shellcheck disable=SC2046 # one word a queue
	set -- $(interrupts)
	arrive 0 4 udp 53 2000 -f 10.54.0.1 -n 500 || return 1
	used=0
	for now in $(interrupts); do
		[ "$now" -eq "$1" ] || used=$((used + 1))
		shift
	done
	[ $used -ge 2 ] || { echo "$used queues took part: $(interrupts)"; return 1; }
}

all_counted() {
	equal "drops" "$(counted '.verdict == "drop" and .protocol == "udp"')" "$1"
}

nic=$(nic_by_mac 11) peer=$(nic_by_mac 12)
if [ -z "$nic" ]; then
	skip drops "the host lets us make no tap devices with several queues"
	exit
fi
device=$(basename "$(readlink -f "/sys/class/net/$nic/device")")
hosts
ip link set dev "$nic" netns server
ip link set dev "$peer" netns client
connect_hosts "$nic" "$peer"
filter_checks native
check attach_again server drop53 attach "$nic" --xdp-mode native
check queues_share queues_share
check all_counted all_counted 2000
check sums_by_queue sums_hold
no_hosts
