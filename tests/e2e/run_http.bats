#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# drop53 run: what a client may do to the metrics server without hurting it or the filter.

# What the loaded files set:
# shellcheck disable=SC2154
bats_require_minimum_version 1.5.0
load run_common.sh

setup() {
	hosts_make drop53-http
	configure 'interfaces: [eth0]'
	# Else the kernel takes a whole answer, and nobody notices who never reads.
	at_server sysctl -qw net.ipv4.tcp_wmem='4096 4096 4096'
	run_daemon
}

teardown() {
	hosts_remove drop53-http
}

# code CURL-ARGUMENT...
code() {
	at_server curl -s -o /dev/null -m 10 -w '%{http_code}' "$@"
}

# raw BYTES: sent as they are (printf), the first line of the answer.
raw() {
	at_server python3 - "$1" <<-'END'
		import socket, sys
		s = socket.create_connection(('127.0.0.1', 20053), 10)
		s.settimeout(30)
		s.sendall(sys.argv[1].encode().decode('unicode_escape').encode('latin1'))
		print(s.makefile('rb').readline().decode('latin1').strip())
	END
}

files() {
	find "/proc/$daemon/fd" -mindepth 1 | wc -l
}

anonymous_kib() {
	awk '$1 == "RssAnon:" {print $2}' "/proc/$daemon/status"
}

still_well() {
	[ "$(code "$url/metrics")" = 200 ]
	send 1 4 192.0.2.53
	[ "$(metric "$dropped")" -ge 1 ]
}

@test "http: paths, methods and types" {
	[ "$(code "$url/")" = 200 ]
	[ "$(code "$url/healthz")" = 200 ]
	[ "$(code "$url/readyz")" = 200 ]
	[ "$(code "$url/metrics?x=y")" = 200 ]
	[ "$(code -I "$url/metrics")" = 200 ]
	[ "$(code "$url/metrics/")" = 404 ]
	[ "$(code "$url/../etc/passwd")" = 404 ]
	[ "$(code -X POST -d x=y "$url/metrics")" = 405 ]
	[ "$(code -X DELETE "$url/metrics")" = 405 ]
	[ "$(code -X NONSENSE "$url/")" = 405 ]
	at_server curl -s -D - -o /dev/null -X PUT "$url/" | grep -qi '^allow: GET, HEAD'
	at_server curl -s -D - -o /dev/null "$url/metrics" |
		grep -qi '^content-type: text/plain; version=0.0.4; charset=utf-8'
}

@test "http: promtool finds nothing to complain of" {
	command -v promtool >/dev/null || skip "promtool (package prometheus) is missing"
	send 3 4 192.0.2.53
	ask /metrics | promtool check metrics
}

@test "http: malformed requests" {
	[[ $(raw 'nonsense\r\n\r\n') == "HTTP/1.1 400 "* || -z $(raw 'nonsense\r\n\r\n') ]]
	[[ $(raw 'GET /metrics HTTP/1.1\r\n\r\n') == "HTTP/1.1 400 "* ]]
	[[ $(raw 'GET /metrics HTTP/9.9\r\nHost: x\r\n\r\n') == *" 505 "* ]]
	[[ $(raw 'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n') != *" 500 "* ]]
	raw '\x00\x01\x02\xff\r\n\r\n'
	still_well
}

@test "http: huge requests are refused and cost little" {
	before=$(anonymous_kib)
	long=$(head -c 100000 /dev/zero | tr '\0' a)
	[[ $(raw "GET /$long HTTP/1.1\r\nHost: x\r\n\r\n") == *" 414 "* ]]
	[[ $(raw "GET / HTTP/1.1\r\nHost: x\r\nX: $long\r\n\r\n") == *" 431 "* ]]
	head -c 50000000 /dev/zero | at_server curl -s -m 20 -o /dev/null -T - "$url/metrics" || true
	still_well
	[ $(($(anonymous_kib) - before)) -lt 2048 ]
}

@test "http: a thousand idle connections do not keep a scraper out, and leave nothing behind" {
	before=$(files)
	at_server python3 - <<-'END'
		import socket, urllib.request
		held = [socket.create_connection(('127.0.0.1', 20053), 10) for _ in range(1000)]
		for s in held[:500]:
		    try: s.sendall(b'GET /metrics HTTP/1.1\r\n')
		    except OSError: pass
		for _ in range(3):
		    assert b'drop53_enforcing 1' in urllib.request.urlopen('http://127.0.0.1:20053/metrics', timeout=60).read()
	END
	[ "$(($(anonymous_kib)))" -lt 16384 ]
	gone() { [ "$(files)" -le "$before" ]; }
	until_true gone
	still_well
}

@test "http: large answers that are not read do not pile up" {
	local i
	for ((i = 0; i < 31; i++)); do
		ip -n "$server" link add "rather-long-$i" type veth peer name "another-one-$i"
	done
	configure 'interfaces: ["*"]'
	until_true shows 'drop53_interface_attached{interface="another-one-30",xdp_mode="native"}' 1
	at_server sysctl -qw net.ipv4.tcp_wmem='65536 65536 65536'
	at_server python3 - "$daemon" <<-'END'
		import socket, sys, urllib.request
		def anonymous():
		    return [int(l.split()[1]) for l in open(f'/proc/{sys.argv[1]}/status') if l.startswith('RssAnon')][0]
		held = []
		for i in range(200):
		    s = socket.socket()
		    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
		    s.connect(('127.0.0.1', 20053))
		    s.sendall(b'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n')
		    held.append(s)
		    if i % 40 == 39:
		        answer = urllib.request.urlopen('http://127.0.0.1:20053/metrics', timeout=60).read()
		        assert len(answer) > 400000 and answer.endswith(b'\n'), len(answer)
		        assert anonymous() < 16384, anonymous()
	END
	still_well
}

@test "http: clients that never read, and clients that never finish, are let go" {
	before=$(files)
	at_server python3 - "$BATS_TEST_TMPDIR/rude" <<-'END' 3>&- &
		import socket, sys, time
		held = []
		for i in range(40):
		    s = socket.socket()
		    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
		    s.connect(('127.0.0.1', 20053))
		    s.sendall(b'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n' if i % 2 else b'GET /met')
		    held.append(s)
		open(sys.argv[1], 'w').close()
		while True:
		    for s in held[::2]:
		        try: s.sendall(b'x')
		        except OSError: pass
		    time.sleep(1)
	END
	rude=$!
	until_true test -e "$BATS_TEST_TMPDIR/rude"
	still_well
	gone() { [ "$(files)" -le "$before" ]; }
	until_true gone
	kill -0 "$rude"
	still_well
}
