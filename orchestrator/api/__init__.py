"""The doors of wantd: how a reader or an operator reaches an engine, or a log nobody is writing.

``door`` is the one interface; ``local`` an engine in this process, ``client`` a daemon over its unix socket,
``reading`` a state directory without a daemon. ``server`` and ``app`` serve a local door over HTTP.
"""
