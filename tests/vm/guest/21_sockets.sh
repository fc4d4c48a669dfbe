# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=sh
# The table of frames sent raw at real sockets, with the filter and without: tests/e2e/judge.bats.
. guest/lib.sh

# What a kernel cannot do is skipped by the name of the test that needs it.
beyond_this_kernel() {
	case $1 in
	*"MTU 9000, natively"*) ! at_least 5.18 ;;
	*) false ;;
	esac
}

bats --tap tests/e2e/judge.bats >/tmp/tap 2>&1
while IFS= read -r line; do
	name=$(echo "$line" | sed 's/^\(not \)\{0,1\}ok [0-9]* //; s/[,:]//g; s/ /_/g')
	case $line in
	"ok "*) echo "ok $group $name" ;;
	"not ok "*)
		if beyond_this_kernel "$line"; then
			skip "$name" "this kernel has no xdp.frags"
		else
			echo "not ok $group $name"
		fi
		;;
	*) echo "# $line" | cut -c 1-300 ;;
	esac
done </tmp/tap
