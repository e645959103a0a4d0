"""What others are told: wants by webhook, lineage by OpenLineage, traces by OpenTelemetry.

All three are readers of the log by one mechanism. A ``Pump`` reads whole batches beyond a durable ``Cursor``, lets a
``Sink`` make messages of them, hands these to a ``Carrier``, and moves the cursor when they have arrived. So nothing is
kept for a receiver but one seq: who is slow or away is sent everything later, each message at least once, with an id
that is the same each time. A pump is a task beside the engine; whatever happens to it, the engine goes on.

    messages, sinks            a message and what happens to it; the port that makes them
    cursor, pump               how far somebody has been told; telling him
    carriers, posting          to a file, to the console, by HTTP
    credentials                the signature or the token by which a receiver knows us
    webhooks                   wants that failed, one message a root cause
    openlineage, runevents     JobRuns as runs, partitions as datasets
    traces, otlp               JobRuns and waits as spans, one trace a want
    outlets                    what is configured, running

Source: design section 3 (law 3) and section 11; ecosystem reference, section 3.
"""
