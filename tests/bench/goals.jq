# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What was asked of drop53, and what came out.
include "statistics";

def of($section; $what): map(select(.section == $section and .what == $what));
def of($section; $what; $unit): of($section; $what) | map(select(.unit == $unit));

# A goal nobody measured in this run is left out, not failed.
def goal($name; $unit; $limit; $sense):
  if . == null then empty
  else {name: $name, unit: $unit, limit: $limit, sense: $sense, value: .median, q1: .q1, q3: .q3,
        met: (if $sense == "at most" then .median <= $limit else .median >= $limit end)}
  end;

def at_most($name; $unit; $limit): goal($name; $unit; $limit; "at most");
def at_least($name; $unit; $limit): goal($name; $unit; $limit; "at least");

def difference($section; $what; $one; $other):
  of($section; $what) | pairs($one; $other) | map(.[0] - .[1]) | spread;
def ratio($section; $what; $unit; $one; $other):
  of($section; $what; $unit) | pairs($one; $other) | map(.[0] / .[1]) | spread;
def measured($section; $what; $unit; $one):
  of($section; $what; $unit) | map(select(.contender == $one).value) | spread;

def program_goals:
  (["TCP 443, IPv4", 4], ["TCP 443, IPv6", 6], ["TCP 443, IPv4, tagged", 6]) as [$what, $limit]
  | difference("program"; $what; "drop53"; "empty")
  | at_most("program: \($what), over an empty one"; "ns"; $limit);

def path_goals:
  (("IPv4", "IPv6") as $family
   | (["1", "one source", 1.10], ["16777216", "16 M sources", 1.40],
      ["16777216", "16 M sources, then", 1.25]) as [$draw, $words, $limit]
   | ratio("path"; "\($family), \($draw)"; "ns"; "drop53"; "drop")
   | at_most("path: \($family), \($words), over the floor"; "times"; $limit)),
  (("IPv4", "IPv6") as $family
   | (["1", "one source"], ["16384", "16 k"], ["16777216", "16 M"]) as [$draw, $words]
   | ratio("path"; "\($family), \($draw)"; "ns"; "drop53"; "xdp_filter")
   | at_most("path: \($family), \($words), over xdp-filter"; "times"; 1));

def list_goals:
  (["IPv4", 10, 25], ["IPv4", 1000, 25], ["IPv4", 100000, 25], ["IPv4", 1000000, 80],
   ["IPv6", 10, 80], ["IPv6", 1000, 80], ["IPv6", 100000, 80], ["IPv6", 1000000, 150])
    as [$family, $count, $limit]
  | (["listed:\($count)", "hit"], ["any", "any address"]) as [$draw, $words]
  | difference("lists"; "\($family), \($draw)"; "list_\($count)"; "list_0")
  | at_most("allow-list: \($family), \($count) prefixes, \($words), over none"; "ns"; $limit);

# How much faster two cores are than one, round by round.
def gain($draw; $contender):
  (of("scaling"; "1 core, IPv4, \($draw)")
   + (of("scaling"; "2 cores, IPv4, \($draw)") | map(.contender += " on 2")))
  | pairs($contender; $contender + " on 2") | map(.[0] / .[1]) | spread;

def core_goals:
  (["1", "one source"], ["16777216", "16 M sources"]) as [$draw, $words]
  | gain($draw; "drop53") as $ours | gain($draw; "drop") as $floor
  | if $ours == null or $floor == null then empty
    else {median: ($ours.median / $floor.median), q1: ($ours.q1 / $floor.median),
          q3: ($ours.q3 / $floor.median)}
         | at_least("two cores: \($words), gain over the floor's own"; "times"; 0.95)
    end;

def listing_goals:
  ("hash", "lru_percpu_hash") as $kind
  | ratio("tools"; "list a full table"; "ms"; "bpftool, \($kind)"; "drop53 --json")
  | at_least("listing a full table: faster than bpftool on a \($kind)"; "times"; 10);

def tool_goals:
  (ratio("tools"; "attach"; "ms"; "drop53"; "xdp_filter")
   | at_most("attach over xdp-filter load"; "times"; 1)),
  (("ipv4", "mixed", "ipv6") as $kind | "allow replace, 1000000 prefixes, \($kind)" as $what
   | (measured("tools"; $what; "ms"; "drop53") | at_most($what; "ms"; 2000)),
     (measured("tools"; $what; "MiB resident"; "drop53") | at_most($what; "MiB resident"; 400))),
  (("ipv4", "ipv6") as $kind | "allow add to 1000000 prefixes, \($kind)" as $what
   | measured("tools"; $what; "ms"; "drop53") | at_most($what; "ms"; 200)),
  (measured("tools"; "kernel memory at the defaults"; "MiB"; "drop53")
   | at_most("kernel memory at the defaults"; "MiB"; 20)),
  (measured("tools"; "scrape, full table"; "ms"; "drop53")
   | at_most("scrape of a full table"; "ms"; 50)),
  (ratio("tools"; "flood from 16 k sources"; "ns"; "scraped"; "idle")
   | at_most("flood while being scraped, over not"; "times"; 1.05));

# "No measurable loss": what the rounds differ by reaches what there was to reach.
def bystander_goals:
  (ratio("bystanders"; "iperf3"; "Gb/s"; "drop53"; "native_pass")
   | if . then .median = .q3 else . end
   | at_least("iperf3 over an empty native program's, upper quartile"; "times"; 1)),
  (ratio("bystanders"; "64 KiB, median"; "ns"; "drop53"; "native_pass")
   | at_most("64 KiB of TCP over an empty native program's"; "times"; 1.02));

def goals:
  [program_goals, path_goals, list_goals, core_goals, listing_goals, tool_goals, bystander_goals];
