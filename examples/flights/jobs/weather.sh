#!/bin/sh
# weather/raw/date=D: the hourly weather at the three airports on one day, cut out of a year with awk.
#
# $WANTD_CONTEXT says where to read and write, in objects such as {"ref": "source/weather", "location": "/..."}. Split at
# the quotes they are easy to read without a JSON parser, since a ref holds no quote. The wanted refs are the arguments.
set -eu

places() {
    awk -F'"' -v RS='{' '$2 == "ref" && $6 == "location" { print $4 "\t" $8 }' "$WANTD_CONTEXT"
}

source=$(places | awk -F'\t' '$1 == "source/weather" { print $2 }')

places | grep '^weather/raw/' | awk '
    NR == FNR        { place[$1] = $2; next }
    FNR == 1         { for (ref in place) { print >place[ref]; close(place[ref]) } next }
                     { ref = sprintf("weather/raw/date=%04d-%02d-%02d", $2, $3, $4) }
    ref != last      { if (last in place) close(place[last]); last = ref }
    ref in place     { print >>place[ref]; hours++ }
    END              { printf "{\"metric\": \"hours\", \"value\": %d}\n", hours >>report }
' report="$WANTD_REPORT" FS='\t' - FS=, "$source"

echo "cut $# days out of $source"
