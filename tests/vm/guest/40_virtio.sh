# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=sh
# Native XDP on a driver other than veth, with one receive queue.
. guest/lib.sh
. guest/filter.sh

# Before Linux 5.13 virtio_net has no native XDP unless there is a spare queue for each CPU.
native_refused() {
	exits 5 server drop53 attach "$server_nic" --xdp-mode native && mode_is off
}

auto_is_generic() {
	server drop53 attach "$server_nic" && mode_is generic && port53_arrives 0
}

nic=$(nic_by_mac 01) peer=$(nic_by_mac 02)
hosts
ip link set dev "$nic" netns server
ip link set dev "$peer" netns client
connect_hosts "$nic" "$peer"
if at_least 5.13; then
	filter_checks native
else
	check native_refused native_refused
	check auto_is_generic auto_is_generic
	skip drops "virtio_net before 5.13 wants a spare queue for each CPU: see virtio_queues"
fi
no_hosts
