# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The path comparison as a gnuplot script: bars of medians, whiskers from quartile to quartile.

def order: ["drop", "drop53", "xdp_filter", "lru", "drop53_generic", "tc", "iptables", "nft",
            "nft_set", "nothing"];
def draws: [["1", "one source", "#9ecae1"], ["16384", "16 thousand sources", "#4292c6"],
            ["16777216", "16 million forged sources", "#08519c"]];
def quoted: "\"" + (gsub("\""; "'")) + "\"";

def find($what; $contender):
  first(.measurements[] | select(.section == "path" and .what == $what and .contender == $contender))
  // null;

# A line a contender: label, then median, lower and upper quartile for each number of sources.
def rows($family):
  order[] as $contender
  | [draws[] as [$draw] | find("\($family), \($draw)"; $contender)] as $bars
  | select($bars | all)
  | [($bars[0].label | quoted), ($bars[] | .median, .q1, .q3)] | map(tostring) | join(" ");

def picture:
  "set terminal svg size 1000,600 font 'Helvetica,13' background '#ffffff'",
  "set output output",
  "set title \("What it costs to drop a packet to port 53 over IPv4, by number of sources\n{/*0.8 \(.machine.cpu), Linux \(.machine.kernel), one core; generator + veth + filter; medians and quartiles}" | @json) textcolor '#222222'",
  "set ylabel 'ns a packet (less is better)'",
  "set yrange [0:*]",
  "set grid ytics linecolor '#dddddd' linetype 1",
  "set border 3 linecolor '#888888'",
  "set xtics nomirror rotate by 28 right scale 0 noenhanced textcolor '#222222'",
  "set ytics nomirror textcolor '#222222'",
  "set key top left reverse Left noenhanced",
  "set style data histograms",
  "set style histogram errorbars gap 1 linewidth 1",
  "set style fill solid 1 noborder",
  "set errorbars 0.4 linecolor '#222222'",
  "$data << END", rows("IPv4"), "END",
  "plot " + ([draws | to_entries[] | .key as $i | .value as [$draw, $words, $colour]
    | "$data using \(2 + 3 * $i):\(3 + 3 * $i):\(4 + 3 * $i):xtic(1) title '\($words)' linecolor rgb '\($colour)'"]
    | join(", "));
