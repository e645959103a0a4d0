"""delays/daily/date=D: a day of flights joined with its weather, counted. A warm worker with DuckDB.

All days that are wanted together go through one query. Flights and weather meet by day, hour and airport, so a day
never depends on which others are counted beside it.
"""

from collections import defaultdict

from jobs.delays import LATE_MINUTES, Count, connection, write
from wantd import Context, job

FLIGHTS = """{
    year: INTEGER, month: INTEGER, day: INTEGER, dep_time: INTEGER, sched_dep_time: INTEGER, dep_delay: INTEGER,
    arr_time: INTEGER, sched_arr_time: INTEGER, arr_delay: INTEGER, carrier: VARCHAR, flight: INTEGER,
    tailnum: VARCHAR, origin: VARCHAR, dest: VARCHAR, air_time: INTEGER, distance: INTEGER, hour: INTEGER,
    minute: INTEGER, time_hour: VARCHAR
}"""

WEATHER = """{
    origin: VARCHAR, year: INTEGER, month: INTEGER, day: INTEGER, hour: INTEGER, temp: DOUBLE, dewp: DOUBLE,
    humid: DOUBLE, wind_dir: INTEGER, wind_speed: DOUBLE, wind_gust: DOUBLE, precip: DOUBLE, pressure: DOUBLE,
    visib: DOUBLE, time_hour: VARCHAR
}"""

# When clocks go back, an hour has two rows of weather: the first counts.
COUNT = f"""
    WITH flight AS (
        SELECT make_date(year, month, day)::VARCHAR AS date, *
        FROM read_csv($flights, header = true, nullstr = 'NA', columns = {FLIGHTS})
    ), weather AS (
        SELECT DISTINCT ON (date, hour, origin) make_date(year, month, day)::VARCHAR AS date, *
        FROM read_csv($weather, header = true, nullstr = 'NA', columns = {WEATHER})
        ORDER BY date, hour, origin, time_hour
    ), joined AS (
        SELECT
            date, dep_delay, carrier,
            format('{{}} {{:02d}}', origin, hour) AS airport_hour,
            CASE
                WHEN weather.time_hour IS NULL THEN 'not recorded'
                WHEN visib < 2 THEN 'fog or heavy rain or snow'
                WHEN precip > 0 THEN 'rain or snow'
                WHEN wind_speed >= 20 THEN 'strong wind'
                ELSE 'fair'
            END AS sky
        FROM flight LEFT JOIN weather USING (date, hour, origin)
    ), counted AS (
        SELECT date, dep_delay, unnest([
            {{kind: 'day', key: date}}, {{kind: 'hour', key: airport_hour}}, {{kind: 'carrier', key: carrier}},
            {{kind: 'weather', key: sky}}
        ], recursive := true)
        FROM joined
    )
    SELECT
        date, kind, key,
        count(*) AS flights,
        count(*) FILTER (dep_delay IS NULL) AS cancelled,
        count(*) FILTER (dep_delay > {LATE_MINUTES}) AS late,
        coalesce(sum(dep_delay), 0)::BIGINT AS minutes
    FROM counted
    GROUP BY date, kind, key
    ORDER BY date, kind, key
"""


@job
def build(ctx: Context) -> None:
    dates = {ref: ref.rpartition("=")[2] for ref, _ in ctx.outputs}
    flights = ctx.need(*(f"flights/raw/date={date}" for date in dates.values()))
    weather = ctx.need(*(f"weather/raw/date={date}" for date in dates.values()))
    parameters = {
        "flights": [str(location) for location in flights],
        "weather": [str(location) for location in weather],
    }
    counts: dict[str, list[Count]] = defaultdict(list)
    for date, *count in connection().execute(COUNT, parameters).fetchall():
        counts[date].append(Count(*count))
    for ref, location in ctx.outputs:
        write(location, counts[dates[ref]])
        ctx.done(ref)
