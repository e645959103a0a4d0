# Writes the 24 readings of the wanted day, as "hour,degrees". Made up, but the same for the same day.
#
# The ref is the first argument. $WANTD_OUTPUT is the path to write it to; $WANTD_CONTEXT names a JSON file that says
# more, such as where a job's inputs are.
set -eu

seed=$(printf '%s' "$1" | cksum | awk '{print $1 % 1000000}')    # small enough for every awk
awk -v seed="$seed" 'BEGIN {
    srand(seed)
    mean = 5 + 10 * rand()
    for (hour = 0; hour < 24; hour++)
        printf "%d,%.1f\n", hour, mean - 4 * cos(2 * 3.14159 * (hour - 3) / 24) + rand()
}' >"$WANTD_OUTPUT"
echo "wrote 24 readings of $1"
