#!/bin/sh
# tests/jobs/slurm.sh with Slurm's own signal before the time limit of a minute, the smallest that there is. Takes some minutes.
AUFBAU_TIME_LIMIT=yes exec sh "$AUFBAU_SOURCE/tests/jobs/slurm.sh"
