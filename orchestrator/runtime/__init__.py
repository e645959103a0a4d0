"""Where time passes: the loop that appends, the runner that acts, recovery, the clock.

loop      drain, decide, reconcile, one commit, answer, act
mailbox   what waits for the next turn
runner    does what is owed, and brings back what happened
launching, collecting, asking   how a JobRun is started, what it left behind, how a job is configured
links     how people find what is Live
turning   the loop beside whoever uses the engine
recovery  from a log and a survey back to where things were
"""
