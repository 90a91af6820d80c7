#!/bin/sh
# Full and read-only disks, made of memory in a name space of this test's own: it says what is wrong, keeps what was stored, leaves no
# halves behind, and goes on when there is room. As TAP.
set -u
: "${AUFBAU:?}" "${AUFBAU_SOURCE:?}" "${AUFBAU_MPI:?}"
if test "${1:-}" != inside; then
  if unshare -rm true 2>/dev/null; then exec unshare -rm sh "$0" inside; fi
  echo '1..0 # SKIP name spaces are not allowed here: no disk to fill'
  exit 0
fi
. "$AUFBAU_SOURCE/tests/app/expect.sh"
. "$AUFBAU_SOURCE/tests/app/potential.sh"
AUFBAU_TEST_TIMEOUT=120
export AUFBAU_TEST_TIMEOUT

# disk KIBIBYTES: an empty one of this size at ./disk
disk() {
  umount disk 2>/dev/null
  mkdir -p disk && mount -t tmpfs -o size="$1k" none disk || exit 99
}
free_space() { mount -o remount,size=64m disk; }
closed() { mount -o remount,ro disk; }
opened() { mount -o remount,rw disk; }
runs() { "$AUFBAU" export runs "$1" | tail -n +2 | cut -d, -f1,2,5 | LC_ALL=C sort >"$2"; }
grows() { test "$(wc -l <"$1")" -gt 0 -a -z "$(LC_ALL=C comm -23 "$1" "$2")"; }

cat >campaign.yaml <<'EOF'
campaign:
  ions: [He I, Li I, Be I]
  orbitals: {max_n: 3, max_l: p}
  excitations: {electrons: 2, max_shift: 3}
  set_size: 2
  strategy: breadth
  batch: 4
EOF
structures 6 in.extxyz
printf 'structures: [in.extxyz]\ndescriptor: {twojmax: 6, rcutfac: 4, quantities: [B, dB], elements: {Al: {radius: 0.5}, O: {radius: 0.4}}}\n' >describe.yaml
potential known
printf 'structures: [in.extxyz]\nmodel: {type: snap, coefficients: known.snapcoeff, parameters: known.snapparam, xyz: xyz.extxyz}\n' >predict.yaml
printf 'data: {file: [whole.h5], inputs: [/descriptors/B], targets: [atoms/position]}\nmodel: {type: mlp, width: 128, layers: 2, members: 8, steps: 2}\n' >train.yaml
ranks=2

"$AUFBAU" campaign campaign.yaml -o whole.c.h5 --quiet >out 2>&1
runs whole.c.h5 whole
disk 850
expect 2 'No space left' campaign campaign.yaml -o disk/c.h5
runs disk/c.h5 part
check "what was stored is there ($(wc -l <part) of $(wc -l <whole) runs)" grows part whole
h5dump -H disk/c.h5 >dump 2>&1
check 'in a file that any program reads' test $? = 0
expect 1 'No space left' campaign campaign.yaml -o disk/c.h5
free_space
expect 0 'no further set' campaign campaign.yaml -o disk/c.h5
runs disk/c.h5 all
check 'with room it goes on, to the same' cmp all whole
check 'and leaves nothing beside the file' test "$(ls disk)" = c.h5
closed
expect 1 'Read-only file system' campaign campaign.yaml -o disk/c.h5
expect 1 'Read-only file system' campaign campaign.yaml -o disk/new.h5
expect 0 'He I' export runs disk/c.h5
opened

"$AUFBAU" describe describe.yaml -o whole.h5 >out 2>&1
# command KIBIBYTES WORD ...: on a full disk and on a closed one nothing is left, and a file that was there is as it was
command() {
  disk "$1"
  shift
  expect 2 'No space left' "$@" -o disk/out.h5
  check 'nothing is left' test -z "$(ls disk)"
  closed
  expect 1 'Read-only file system' "$@" -o disk/out.h5
  opened
  free_space
  expect 0 '' "$@" -o disk/out.h5
  cp disk/out.h5 before.h5
  dd if=/dev/zero of=disk/filling bs=1k count=65536 2>/dev/null
  expect 1 'No space left' "$@" -o disk/out.h5
  check 'the file that was there is as it was' cmp before.h5 disk/out.h5
  rm -f disk/filling
}
command 1100 describe describe.yaml
command 1100 train train.yaml
command 1024 predict predict.yaml
umount disk
echo "1..$n"
