#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# inside.sh SECTION...: runs those sections of the benchmark. Started by scripts/bench as the first
# process of new mount, network and process namespaces; ends with them.
set -uo pipefail
. tests/bench/common.sh
. tests/bench/contenders.sh

# Nothing of the machine's own is used: neither its named namespaces nor what is pinned there.
mount_privately() {
	mkdir -p /run/netns &&
		mount -t tmpfs tmpfs /run/netns &&
		mount -t bpf bpf /sys/fs/bpf &&
		mkdir "$work/bpffs" &&
		mount -t bpf bpf "$work/bpffs"
}

mount_privately || exit 1
ip link set lo up
add_netns generator
for section in "$@"; do
	say "$section"
	load_peers || exit 1
	# shellcheck source=/dev/null
	. "tests/bench/$section.sh"
	"section_$section"
	clear_sandboxes
done
