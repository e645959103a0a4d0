"""The keeper: a small process that owns running jobs and warm workers, and outlives the daemon.

One thread, one selector, standard library only. It starts what it is told to, writes down each claim before the start
and each end after it, and tells whoever is connected. What a dead keeper leaves behind is a journal that says for each
run: never claimed, ended, or lost.

Source: design section 7; reference on reliability, section 3.
"""
