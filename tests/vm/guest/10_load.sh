# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=sh
# The object passes this kernel's verifier, and cheaply.
. guest/lib.sh

most=50000

vm_load build/bpf/drop53.bpf.o >/tmp/loaded 2>/tmp/refused
for program in drop53 drop53_frags explain explain_frags; do
	# shellcheck disable=SC2046 # words
	set -- $(grep "^$program " /tmp/loaded)
	case ${2:-missing} in
	verified)
		figure "verified_$program" "$3"
		figure "load_ms_$program" "$7"
		check $program test "$3" -gt 0 -a "$3" -le $most
		;;
	unsupported) skip $program "this kernel has no $3" ;;
	*) check $program sh -c 'tail -c 3000 /tmp/refused; false' ;;
	esac
done
