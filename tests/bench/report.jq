# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# From the samples to the document that `scripts/bench --json` writes.
include "statistics";
include "goals";

def labels: {
  empty: "empty program", drop: "bare XDP_DROP (the floor)",
  drop53: "drop53", drop53_generic: "drop53, generic XDP",
  lru: "LRU_PERCPU_HASH prototype", xdp_filter: "xdp-filter",
  tc: "tc clsact, BPF", nft: "nftables ingress", nft_set: "nftables ingress, set by source",
  iptables: "iptables-nft raw", nothing: "nothing",
  native_pass: "empty program, native", generic_pass: "empty program, generic",
  list_0: "no allow-list", list_10: "10 prefixes", list_1000: "1,000 prefixes",
  list_100000: "100,000 prefixes", list_1000000: "1,000,000 prefixes"
};

# Whom the others of a section are compared with.
def bases: {
  program: "empty", sources: "empty", path: "drop", scaling: "drop", lists: "list_0",
  bystanders: "native_pass", tools: "drop53"
};

def sample: {section: .[0], what: .[1], contender: .[2], round: .[3], unit: .[4],
             value: (.[5] | tonumber? // null)};

def keep_order(key): reduce .[] as $x ([]; if index([$x | key]) then . else . + [$x | key] end);

# One section, case and unit, all contenders.
def measurements:
  . as $samples
  | bases[.[0].section] as $base
  | (keep_order(.contender)[]) as $contender
  | pairs($contender; $base) as $pairs
  | {section: $samples[0].section, what: $samples[0].what, contender: $contender,
     label: (labels[$contender] // $contender), unit: $samples[0].unit}
    + ($samples | map(select(.contender == $contender).value) | spread)
    + if $contender == $base or ($pairs | length) == 0 then {}
      else {over: $base, difference: ($pairs | map(.[0] - .[1]) | spread),
            ratio: ($pairs | map(.[0] / .[1]) | spread)}
      end;

def report:
  ($samples[0] | map(sample) | map(select(.value != null))) as $all
  | ($checks[0] | map({what: .[0], expected: (.[1] | tonumber), got: (.[2] | tonumber),
                       ok: (.[3] == "true")})) as $verified
  | {schema_version: 1, date: $date, quick: ($quick == 1), machine: $machine, versions: $versions,
     measurements: [
       $all | to_entries
       | group_by([.value.section, .value.what, .value.unit])
       | sort_by(.[0].key)[] | map(.value) | measurements
     ],
     goals: ($all | goals),
     checks: $verified,
     skipped: ($skipped[0] | map({what: .[0], why: .[1]}))};
