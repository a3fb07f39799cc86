"""The emulator's time, which a test can move on.

moved_clock.py  CLOCK: how far time was moved, for this process and for those that it starts
follower.py     runs in a function's or a task's process, whose wall clock follows CLOCK's
timers.py       actions at moments of CLOCK
waits.py        threads that wait for moments of CLOCK
advance.py      moves time from one due moment to the next, and waits for the reactions to each
sources.py      the moments of the parts of LocalStack: queues, functions, executions
endpoints.py    the HTTP endpoints

How time is moved, and what was weighed: docs/decisions/0013.
"""
