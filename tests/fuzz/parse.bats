#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Coverage-guided fuzzing of the natively built parser under ASan and UBSan, from the corpus on.
# A short, seeded run; DROP53_NIGHTLY=1 makes it half an hour. What it finds stays in
# build/fuzz/parse/ and belongs, minimised, into tests/fuzz/parse/.

root=$BATS_TEST_DIRNAME/../..
found=$root/build/fuzz/parse

build() {
	mkdir -p "$found" "$BATS_TEST_TMPDIR/grown"
	clang -std=gnu11 -O1 -g -D_GNU_SOURCE -I"$root/include" -I"$root/bpf" \
		-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
		"$root"/tests/fuzz/parse_fuzz.c \
		"$root"/tests/support/frame{,_put,_table,_native,_anatomy}.c \
		-o "$BATS_TEST_TMPDIR/parse_fuzz"
}

fuzz() {
	nice "$BATS_TEST_TMPDIR/parse_fuzz" -artifact_prefix="$found/" -print_final_stats=1 \
		-max_len=1200 "$@" "$BATS_TEST_TMPDIR/grown" "$root/tests/fuzz/parse" 2>&1
}

@test "no frame that the fuzzer thinks of is read past its end or judged in two ways" {
	command -v clang >/dev/null || skip "clang is not installed"
	build
	if [ -n "${DROP53_NIGHTLY:-}" ]; then
		fuzz -max_total_time=1800
	else
		fuzz -seed=53 -runs=50000
	fi
}
