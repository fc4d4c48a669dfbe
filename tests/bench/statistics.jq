# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Medians and quartiles; pairs of the same round.

# The value that the given part of the sorted numbers lies below, between neighbours in proportion.
def quantile($part):
  sort as $sorted
  | ((length - 1) * $part) as $at
  | ($at | floor) as $low
  | $sorted[$low] + (($sorted[$low + 1] // $sorted[$low]) - $sorted[$low]) * ($at - $low);

def spread:
  if length == 0 then null
  else {n: length, median: quantile(0.5), q1: quantile(0.25), q3: quantile(0.75), min: min, max: max}
  end;

# From samples: [value of $one, value of $other] for each round that has both.
def pairs($one; $other):
  (map(select(.contender == $other)) | map({key: .round, value: .value}) | from_entries) as $base
  | map(select(.contender == $one) | select($base[.round] != null) | [.value, $base[.round]]);
