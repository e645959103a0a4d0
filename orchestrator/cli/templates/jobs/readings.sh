# Writes the 24 readings of each wanted day, as "hour,degrees". Made up, but the same for the same day.
#
# $WANTD_CONTEXT is a JSON file that says, for each wanted ref, at which path to write it. The shell has no JSON
# parser, so each location is cut out of its line: {"ref":"...","location":"..."}.
set -eu

for ref in "$@"; do
    location=$(sed 's/{"ref"/\n&/g' "$WANTD_CONTEXT" | sed -n "s|^{\"ref\":\"$ref\",\"location\":\"\([^\"]*\)\".*|\1|p" | head -n 1)
    seed=$(printf '%s' "$ref" | cksum | awk '{print $1 % 1000000}')    # small enough for every awk
    awk -v seed="$seed" 'BEGIN {
        srand(seed)
        mean = 5 + 10 * rand()
        for (hour = 0; hour < 24; hour++)
            printf "%d,%.1f\n", hour, mean - 4 * cos(2 * 3.14159 * (hour - 3) / 24) + rand()
    }' >"$location"
    echo "wrote 24 readings of $ref"
done
