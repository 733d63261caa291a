"""The benches: a loaded database of its own, a server driven over loopback, figures and ratios from one run.

Every bench is a module with a `command` (`reads.py` first) and a name in `api/verbs/bench.py`. They share `rig.py`
(database, marketplace, server process), `drive.py` (requests over keep-alive sockets) and `measure.py` (CPU and memory
from /proc); `bare.py` and `naive.py` are what reads are compared with; `load.sql` fills inside Postgres, since COPY is
refused under forced row-level security and generating there is faster than sending.
"""
