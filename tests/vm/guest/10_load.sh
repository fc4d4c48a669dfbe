# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=sh
# The object passes this kernel's verifier, and cheaply: as built, and by other compilers.
. guest/lib.sh

most=50000

# loads NAME OBJECT: a check for each program that the loader may choose.
loads() {
	vm_load "$2" >/tmp/loaded 2>/tmp/refused
	for program in drop53 drop53_frags explain explain_frags; do
		# shellcheck disable=SC2046 # words
		set -- "$1" $(grep "^$program " /tmp/loaded)
		case ${3:-missing} in
		verified)
			figure "$1_$program" "$4"
			check "$1_$program" test "$4" -gt 0 -a "$4" -le $most
			;;
		unsupported) skip "$1_$program" "this kernel has no $4" ;;
		*) check "$1_$program" sh -c 'tail -c 3000 /tmp/refused; false' ;;
		esac
	done
}

loads built build/bpf/drop53.bpf.o
figure load_ms "$(sed -n 's/^drop53 .* ms //p' /tmp/loaded)"
for object in objects/*.bpf.o; do
	[ ! -e "$object" ] || loads "$(basename "$object" .bpf.o)" "$object"
done
