#!/bin/sh
# task-length.sh [SLOTS]: tasks that sleep, by GNU parallel, and by a process of mpirun or a step of srun for each, where these are present: lines
# method,seconds,slots,tasks,wall for `aufbau bench schedule`, which measures the same lengths inside of one MPI program.
slots=${1:-2}
now() { date +%s.%N; }
# line METHOD SECONDS TASKS: runs $command
line() {
  begin=$(now)
  eval "$command" >/dev/null 2>&1 || { echo "task-length.sh: $1 failed" >&2; return; }
  echo "$1,$2,$slots,$3,$(echo "$begin $(now)" | awk '{print $2 - $1}')"
}
echo method,seconds,slots,tasks,wall
if command -v parallel >/dev/null 2>&1; then
  for pair in 0.0001:200 0.001:200 0.01:200 0.1:50 1:8; do
    seconds=${pair%:*} tasks=${pair#*:}
    command="seq $tasks | parallel -j $slots 'sleep $seconds; : {}'"
    line 'GNU parallel' "$seconds" "$tasks"
  done
fi
if command -v mpirun >/dev/null 2>&1; then
  # Open MPI runs for root only when told so.
  root=
  [ "$(id -u)" != 0 ] || root=--allow-run-as-root
  for pair in 0.1:8 1:8; do
    seconds=${pair%:*} tasks=${pair#*:}
    command="seq $tasks | xargs -P $slots -I{} mpirun $root --oversubscribe -n 1 sleep $seconds"
    line 'mpirun -n 1 a task' "$seconds" "$tasks"
  done
fi
if command -v srun >/dev/null 2>&1 && timeout 10 srun -n 1 true >/dev/null 2>&1; then
  for pair in 0.1:8 1:8; do
    seconds=${pair%:*} tasks=${pair#*:}
    command="seq $tasks | xargs -P $slots -I{} srun --overlap -n 1 sleep $seconds"
    line 'srun a task' "$seconds" "$tasks"
  done
fi
