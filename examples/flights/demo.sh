#!/bin/sh
# What `make demo` does after it has set up: build a year, and say where it is and what to try next.
set -eu
cd "$(dirname "$0")"
PATH="$(cd ../.. && pwd)/.venv/bin:$PATH"
export PATH

year=delays/yearly/year=2013
wantd build "$year"
cat <<TEXT

The report:    $(wantd partition path "$year")/report.html

Try next:      cd examples/flights && PATH="../../.venv/bin:\$PATH"
               wantd why $year
               wantd bel tail
               wantd partition taint --downstream delays/daily/date=2013-02-08
               wantd build $year
TEXT
