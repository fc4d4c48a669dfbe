#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# deploy/prometheus: the rules are good, and every alert fires and resolves.

rules=$BATS_TEST_DIRNAME/../../deploy/prometheus

setup() {
	command -v promtool >/dev/null || skip "promtool (package prometheus) is missing"
}

@test "rules: promtool check" {
	promtool check rules "$rules/drop53.rules.yml"
}

@test "rules: promtool test" {
	promtool test rules "$rules/drop53.rules.test.yml"
}

@test "rules: every alert has a test in which it fires, and one in which it does not" {
	local alert
	for alert in $(sed -n 's/^ *- alert: //p' "$rules/drop53.rules.yml"); do
		grep -A1 "alertname: $alert\$" "$rules/drop53.rules.test.yml" | grep -q 'exp_alerts:$'
		grep -q "alertname: $alert, exp_alerts: \[\]" "$rules/drop53.rules.test.yml"
	done
}
