# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The document as a person reads it.

def places($n): pow(10; $n) as $p | . * $p | round / $p | tostring
  | if $n == 0 or test("e") then . else
      (split(".") | [.[0], ((.[1] // "") + "00000")[0:$n]] | join(".")) end;
def number: if . >= 1000 then places(0) elif . >= 100 then places(1) else places(2) end;
def left($width): . + (" " * ($width - length) // "");
def right($width): (" " * ($width - length) // "") + .;

def titles: {
  program: "PROGRAM: by kind of packet (test runs)",
  sources: "PROGRAM: a source drawn anew for each packet, how many there are",
  path: "PATH: generator + veth + judge, one core; family and number of sources",
  scaling: "SCALING: the same path; cores, sources, interfaces",
  lists: "ALLOW-LIST: program, sources inside the list or anywhere",
  bystanders: "BYSTANDERS: ordinary TCP through the device",
  tools: "TOOLS"
};

def row:
  "  \(.what | left(38)) \(.label | left(32)) \(.median | number | right(9)) \(.unit | left(12))"
  + " \("\(.q1 | number)-\(.q3 | number)" | left(17))"
  + if .ratio then
      " \(if .difference.median >= 0 then "+" else "" end)\(.difference.median | number)"
      + " (x\(.ratio.median | places(2)))"
    else "" end;

def section_rows:
  (reduce .measurements[] as $m ([]; if index([$m.section]) then . else . + [$m.section] end) | .[])
    as $section
  | "", titles[$section], (.measurements[] | select(.section == $section) | row);

def goal_rows:
  if (.goals | length) == 0 then empty else
    "", "GOALS",
    (.goals[] | "  \(if .met then "met   " else "MISSED" end) \(.name | left(62))"
      + " \(.value | number | right(9)) \(.unit), \(.sense) \(.limit)"
      + "  (\(.q1 | number)-\(.q3 | number))")
  end;

def note_rows:
  (.checks | map(select(.ok | not))) as $bad
  | "", "CHECKS: \(.checks | length) counts of packets held against what was sent, \($bad | length) wrong",
    ($bad[] | "  WRONG \(.what): sent \(.expected), counted \(.got)"),
    if (.skipped | length) == 0 then empty
    else "", "SKIPPED", (.skipped[] | "  \(.what): \(.why)") end;

def table:
  "\(.versions.drop53) on \(.machine.cpu), \(.machine.cores) cores, Linux \(.machine.kernel)"
  + if .quick then " (quick: rough figures)" else "" end,
  "Medians, quartiles; then over the empty program or floor: difference and (x ratio) of the same rounds.",
  section_rows, goal_rows, note_rows;
