#!/bin/sh
# Every site of failure, not a sample: some fifteen core-minutes.
exec sh "$AUFBAU_SOURCE/tests/faults/faults.sh" all
