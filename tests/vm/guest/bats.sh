# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=sh
# shellcheck disable=SC2154 # group is from lib.sh
# The project's end-to-end tests as checks of a group.

# beyond_this_kernel TEST WHAT_IT_SAID: prints why it may fail here. No other failure is excused.
beyond_this_kernel() {
	if ! at_least 5.18 && [ "${1#*MTU 9000, natively}" != "$1" ]; then
		echo "no xdp.frags before 5.18"
	elif at_least 7.0 && grep -q 'does not reach a socket' "$2" &&
		! grep 'reach a socket' "$2" | grep -qv 'tags 8\|16 extension headers'; then
		echo "this kernel itself drops the deepest nested frames of the table"
	else
		false
	fi
}

one_test() { # LINE DETAILS
	name=$(echo "$1" | sed 's/^\(not \)\{0,1\}ok [0-9]* //; s/ # skip.*//; s/[,:]//g; s/ /_/g')
	case $1 in
	*" # skip"*) skip "$name" "${1#* \# skip}" ;;
	"ok "*) echo "ok $group $name" ;;
	*)
		if why=$(beyond_this_kernel "$1" "$2"); then
			skip "$name" "$why"
		else
			echo "not ok $group $name"
			# The rows that are as they should be are many.
			grep -v '^# # [RL-] \|setlocale' "$2" | head -n 40 | cut -c 1-300
		fi
		;;
	esac
}

bats_checks() { # NAME...
	for file in "$@"; do
		bats --tap "tests/e2e/$file.bats" >/tmp/tap 2>&1
		verdict=
		while IFS= read -r line; do
			case $line in
			"ok "* | "not ok "*)
				[ -z "$verdict" ] || one_test "$verdict" /tmp/details
				verdict=$line
				: >/tmp/details
				;;
			*) echo "# $line" >>/tmp/details ;;
			esac
		done </tmp/tap
		[ -z "$verdict" ] || one_test "$verdict" /tmp/details
		[ -n "$verdict" ] || sed 's/^/# /' /tmp/tap
	done
}
