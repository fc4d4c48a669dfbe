# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=sh
# Native XDP on a driver other than veth, with one receive queue.
. guest/lib.sh
. guest/filter.sh

nic=$(nic_by_mac 01) peer=$(nic_by_mac 02)
hosts
ip link set dev "$nic" netns server
ip link set dev "$peer" netns client
connect_hosts "$nic" "$peer"
filter_checks native
no_hosts
