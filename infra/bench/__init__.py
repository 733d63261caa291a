"""The bench: a loaded database of its own, a server driven over loopback, figures and ratios from one run.

`load.sql` fills the database inside Postgres (COPY is refused under forced row-level security, and generating there is
faster than sending); `drive.py` sends requests over keep-alive sockets; `measure.py` reads CPU and memory from /proc;
`bare.py` and `naive.py` are what is compared with. `api/verbs/bench.py` runs it all.
"""
