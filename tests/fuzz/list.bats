#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Coverage-guided fuzzing of the allow-list file's parser under ASan and UBSan, from the corpus on.
# A short, seeded run; DROP53_NIGHTLY=1 makes it half an hour. What it finds stays in
# build/fuzz/list/ and belongs, minimised, into tests/fuzz/list/.

root=$BATS_TEST_DIRNAME/../..
found=$root/build/fuzz/list

# list_file.c is part of the target itself.
build() {
	mkdir -p "$found" "$BATS_TEST_TMPDIR/grown"
	clang -std=gnu11 -O1 -g -D_GNU_SOURCE -I"$root/include" -I"$root/loader" \
		-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
		"$root"/tests/fuzz/list_fuzz.c "$root"/tests/support/list_lines.c \
		"$root"/loader/lib/{list,list_sort,prefix,quote,diag,ranges}.c \
		-o "$BATS_TEST_TMPDIR/list_fuzz"
}

# The longest line that a list may have fits in, and one more.
fuzz() {
	nice "$BATS_TEST_TMPDIR/list_fuzz" -artifact_prefix="$found/" -print_final_stats=1 \
		-max_len=5000 "$@" "$BATS_TEST_TMPDIR/grown" "$root/tests/fuzz/list" 2>&1
}

@test "no file that the fuzzer thinks of is misread, half taken or refused at no place of its own" {
	command -v clang >/dev/null || skip "clang is not installed"
	build
	if [ -n "${DROP53_NIGHTLY:-}" ]; then
		fuzz -max_total_time=1800
	else
		fuzz -seed=53 -runs=50000
	fi
}
