# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=sh
# The hook is held by a pinned bpf_link: nobody takes it away, and it comes off when it is told to.
. guest/lib.sh

other=/drop53/build/bpf/drop53.bpf.o

# Whatever `ip` says to it, the link stays.
survives() {
	server ip "$@"
	mode_is native
}

second_filter_refused() {
	mkdir -p /bpf2
	mount -t bpf bpf /bpf2
	exits 6 server env DROP53_BPFFS=/bpf2 drop53 attach vserver
	code=$?
	umount /bpf2
	return $code
}

again_and_again() {
	for _ in $(seq 10); do
		server drop53 detach vserver && mode_is off &&
			server drop53 attach vserver --xdp-mode native || return 1
	done
}

interface_gone() {
	ip -n server link delete dev vserver
	exits 3 server drop53 status
}

veth_hosts 1500
check attach server drop53 attach vserver --xdp-mode native
check drops port53_arrives 0
check xdp_off survives link set dev vserver xdp off
check replace survives -force link set dev vserver xdp object $other section xdp
check second_filter second_filter_refused
check still_drops port53_arrives 0
check reattach again_and_again
check interface_gone interface_gone
no_hosts
