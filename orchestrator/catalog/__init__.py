"""The catalog: which job makes which ref, and from what.

Built once from the configuration and never changed. ``patterns`` read and write refs, ``mapping`` computes inputs,
``overlap`` proves that each ref has one maker, ``catalog`` answers the questions of the engine. No I/O, except for
``fingerprint``, which reads the files a job is made of. Source: design sections 4, 7 and 10.
"""
