"""The orchestrator: what turns wants into data.

From the lowest floor up: configuration and the catalog of jobs; planning and deciding, which are pure; executors,
stores and the loop, which act; and the HTTP interface, the pages and the commands through which people see and steer
it. Upper floors import lower ones, siblings never each other.
"""
