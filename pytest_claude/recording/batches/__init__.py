"""Recording through the Message Batches API, at half the price and within a day.

The tests are run in rounds. In a round each test goes on to its first call that nothing answers;
what the tests wait for is submitted together, and the next round goes on with the answers. The
last run records: to it an answer of a batch is what has just arrived.

`asking` is in the processes that run tests, and asks `exchange`, which is in the process that the
user started. `api` are the calls, `journal` is what is on disk, `answers` makes a response of a
result.
"""
