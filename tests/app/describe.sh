#!/bin/sh
# `aufbau describe` and `aufbau export`: values against LAMMPS and OLCAO, the same on any number of ranks, and what is refused.
. "$AUFBAU_SOURCE/tests/app/expect.sh"
data=$AUFBAU_SOURCE/tests/descriptor/data
shared=${AUFBAU_SHARED:-$AUFBAU_SOURCE/../shared}/reference/snap

# The numbers of a reference file behind the first $2 columns, one on each line.
reference_numbers() {
  sed 1d "$1" | tr -d '[]{} ' | awk -F, -v skip="$2" 'NF > skip { for (i = skip + 1; i <= NF; i++) if ($i != "") print $i }'
}
csv_numbers() {
  sed 1d "$1" | awk -F, -v skip="$2" '{ for (i = skip + 1; i <= NF; i++) print $i }'
}
dump_numbers() {
  h5dump -d "$2" -y -w 0 -m %.17g -o numbers "$1" >/dev/null && tr -d ' \n' <numbers | tr ',' '\n'
}
# agree FILE FILE FACTOR TOLERANCE: as many numbers, the second times FACTOR within TOLERANCE of the largest
agree() {
  test -s "$1" && paste "$1" "$2" | awk -v f="$3" -v t="$4" '
    NF != 2 { bad = 1 }
    { d = $1 - f * $2; d = d < 0 ? -d : d; v = $1 < 0 ? -$1 : $1; if (!(d <= worst)) worst = d; if (v > largest) largest = v }
    END { if (bad || !(worst <= t * largest)) { print "# " NR " numbers, deviation " worst " of " largest; exit 1 } }'
}

# like LAMMPS: name, options of the descriptor
elements='{W: {radius: 0.5}, Be: {radius: 0.417932, weight: 0.959049}}'
input() {
  printf 'structures: [%s]\ndescriptor:\n  twojmax: %s\n  rcutfac: 4.8123\n  elements: %s\n' \
    "$data/structures/triclinic_2el.extxyz" "$1" "$elements"
  shift
  for line; do echo "  $line"; done
}
compare_values() {
  "$AUFBAU" describe in.yaml -o out.h5 >out 2>err && "$AUFBAU" export descriptors out.h5 --csv out.csv >out 2>err || return 1
  reference_numbers "$data/outputs/$1.json" 2 >wanted
  csv_numbers out.csv 3 >found
  agree wanted found 1 1e-11
}
input 6 >in.yaml
check 'values of two elements, images of the atom itself among them' compare_values B_triclinic_2el_2j6
check 'a header, and a row for each atom' test "$(cut -d, -f1-5 out.csv | head -n 3 | tr '\n' ' ')" = \
  "frame,atom,element,B_1,B_2 $(sed -n 2,3p out.csv | cut -d, -f1-5 | tr '\n' ' ')"
check 'elements by their names' test "$(cut -d, -f3 out.csv | tr '\n' ' ')" = 'element W Be W W Be '
input 6 'chem: true' >in.yaml
check 'values with chem' compare_values B_triclinic_2el_2j6_chem201_plain
input 4 'quadratic: true' >in.yaml
check 'values with products' compare_values B_triclinic_2el_2j4_quad
input 6 'inner_switch: {Be: {s: 1.9, d: 0.5}, W: {s: 2.1, d: 0.6}}' >in.yaml
inner=$(sed -n 's/.*"options": "\([^"]*\)".*/\1/p' "$data/outputs/B_triclinic_2el_2j6_inner.json")
set -- $inner
while test $# -gt 0 && test "$1" != sinner; do shift; done
input 6 "inner_switch: {W: {s: $2, d: $5}, Be: {s: $3, d: $6}}" >in.yaml
check 'values with inner switching' compare_values B_triclinic_2el_2j6_inner
input 8 'bzero: false' 'switch: false' >in.yaml
check 'values without switching and bzero' compare_values B_triclinic_2el_2j8_bz0sw0
# LAMMPS begins at the cut-off of its pair style, which was 11 angstrom there.
for smooth in 0 0.2; do
  test $smooth = 0 && name=nnn_ta_bcc_small_2j6_w0 || name=nnn_ta_bcc_small_2j6_w1
  printf 'structures: [%s]\ndescriptor: {twojmax: 6, rcutfac: 11, elements: {Ta: {radius: 0.5}}, adaptive: {neighbours: 14, smooth: %s}}\n' \
    "$data/structures/ta_bcc_small.extxyz" "$smooth" >in.yaml
  check "values with an adaptive cut-off, smooth $smooth" compare_values $name
done
printf '%s\n' "structures: [$data/structures/ethanol_molecule.extxyz]" 'descriptor:' '  twojmax: 4' '  rcutfac: 1' '  rfac0: 0.95' \
  '  chem: true' '  bnorm: true' '  self_all: true' '  elements:' '    C: {radius: 2.2, weight: 1.0, channel: 1}' \
  '    O: {radius: 2.1, weight: 0.8, channel: 1}' '    H: {radius: 1.6, weight: 0.4, channel: 2}' >in.yaml
check 'values with a channel for two elements' compare_values B_ethanol_molecule_2j4_chem2001_bnw1
printf 'structures: [%s]\ndescriptor: {convention: olcao, pairs: [[4, 4]], cutoff: 5 bohr, elements: {Si: {}}}\n' \
  "$data/models/am16_1.xyz" >in.yaml
"$AUFBAU" describe in.yaml -o out.h5 >out 2>err && "$AUFBAU" export descriptors out.h5 >out.csv 2>err
csv_numbers out.csv 3 >found
sed 1d "$data/loen/am16_1_cgfix_2j1_4_2j2_4_rc5.0.bc" | awk '{ for (i = 2; i < NF; i++) print $i }' >wanted
check 'values of the olcao convention' agree wanted found 1 1e-7

# Derivatives: LAMMPS prints them with the other sign.
derivatives() {
  input 4 'switch: false' 'quantities: [B, dB, virial]' >in.yaml
  $2 "$AUFBAU" describe in.yaml -o out.h5 --set divide_above="$1" >out 2>err || return 1
  dump_numbers out.h5 /descriptors/dB >found
  reference_numbers "$data/outputs/dB_triclinic_2el_2j4_sw0.json" 2 >wanted
  agree wanted found -1 1e-11 || return 1
  dump_numbers out.h5 /descriptors/virial >found
  reference_numbers "$data/outputs/vB_triclinic_2el_2j4_sw0.json" 2 >wanted
  agree wanted found -1 1e-11
}
check 'derivatives and virials' derivatives 1000 ''
check 'derivatives and virials of a divided structure on 3 ranks' derivatives 1 "$AUFBAU_MPI 3"

# The same on any number of ranks, however it is divided.
cat "$data"/structures/*.extxyz >many.extxyz
printf '%s\n' 'structures: [many.extxyz]' 'descriptor:' '  rcutfac: 4.5' '  elements: {Ta: {radius: 0.5}, W: {radius: 0.5}, ' \
  '    Be: {radius: 0.42}, C: {radius: 0.3}, H: {radius: 0.2}, O: {radius: 0.3}, In: {radius: 0.5}, P: {radius: 0.4}, Si: {radius: 0.5}}' >many.yaml
one_as_many() {
  "$AUFBAU" describe many.yaml -o one.h5 "$@" >out 2>err && "$AUFBAU" export descriptors one.h5 >one.csv || return 1
  for ranks in 1 2 4; do
    for above in 1 5 1000; do
      $AUFBAU_MPI $ranks "$AUFBAU" describe many.yaml -o more.h5 --set divide_above=$above "$@" >out 2>err || return 1
      "$AUFBAU" export descriptors more.h5 >more.csv && cmp one.csv more.csv || return 1
    done
  done
  ranks=
}
check 'the same digits on 1, 2 and 4 ranks, whole and divided' one_as_many
check 'frames follow each other' test "$(sed 1d one.csv | cut -d, -f1 | uniq | tr '\n' ' ')" = '1 2 3 4 5 '
sed 's/^descriptor:/&\n  grid: [3, 4, 2]/' many.yaml >grid.yaml
cat "$data"/structures/t*.extxyz >many.extxyz
mv grid.yaml many.yaml
check 'the same on a grid' one_as_many
check 'a row for each grid point, ix fastest' test "$(sed -n '2,5p' one.csv | cut -d, -f1-4 | tr '\n' ' ')" = \
  '1,0,0,0 1,1,0,0 1,2,0,0 1,0,1,0 '
check 'all of them' test "$(sed 1d one.csv | cut -d, -f1-4 | sort -u | wc -l)" = 48
if test -e "$shared/outputs/grid_ta_bcc_small_2j8.json"; then
  printf 'structures: [%s]\ndescriptor: {grid: [5, 5, 5], rcutfac: 4.67637, elements: {Ta: {radius: 0.5}}}\n' \
    "$data/structures/ta_bcc_small.extxyz" >in.yaml
  "$AUFBAU" describe in.yaml -o out.h5 >out 2>err && "$AUFBAU" export descriptors out.h5 >out.csv 2>err
  reference_numbers "$shared/outputs/grid_ta_bcc_small_2j8.json" 3 >wanted
  csv_numbers out.csv 4 >found
  check 'values on a grid' agree wanted found 1 1e-11
else
  check 'values on a grid # SKIP the shared reference data are absent' true
fi

# What the file says of itself.
input 6 >in.yaml
expect 0 '5 atoms, 30 components' describe in.yaml -o out.h5
check 'all datasets have units' test "$(h5dump -A out.h5 | grep -c 'ATTRIBUTE "unit"')" = "$(h5dump -A out.h5 | grep -c '^ *DATASET')"
check 'derivatives and positions in angstrom' sh -c 'h5dump -a /atoms/position/unit out.h5 | grep -q angstrom'
check 'the input is in it' sh -c 'h5dump -d /input/resolved out.h5 | grep -q "# aufbau describe"'
check 'the first component' sh -c 'h5dump -d /components/two_j out.h5 | grep -q "(0): 0, 1, 2, 2, 3, 2, 4"'
expect 0 'core microseconds per atom: reading' describe in.yaml -o out.h5
check 'quiet is quiet' test "$("$AUFBAU" describe in.yaml -o out.h5 --quiet 2>&1; echo $?)" = 0

# Bad structures.
{
  cat "$data/structures/triclinic_2el.extxyz"
  printf '2\nLattice="9 0 0 0 9 0 0 0 9" Properties=species:S:1:pos:R:3 pbc="T T T" name=twins\nW 1 1 1\nW 1 1 1.0001\n'
  printf '2\nLattice="9 0 0 0 9 0 0 0 9" Properties=species:S:1:pos:R:3 pbc="T T T" name=hole\nW 1 1 1\nW 1 what 1\n'
  cat "$data/structures/triclinic_2el.extxyz"
} >bad.extxyz
input 6 | sed 's|^structures.*|structures: [bad.extxyz]|' >bad.yaml
rm -f out.h5
expect 1 'bad.extxyz:15:' describe bad.yaml -o out.h5
check 'and no file' test ! -e out.h5 -a ! -e out.h5.tmp
expect 0 'bad.extxyz:15:' describe bad.yaml -o out.h5 --skip-bad
check 'the twins too are left out' grep -q 'bad.extxyz:8: frame twins: atoms 1 and 2 .*on top of each other' err
"$AUFBAU" export descriptors out.h5 >out.csv
check 'the others are there' test "$(sed 1d out.csv | cut -d, -f1 | tr '\n' ' ')" = '1 1 1 1 1 4 4 4 4 4 '
check 'with the same values' test "$(sed -n 2,6p out.csv | cut -d, -f3- | md5sum)" = "$(sed -n 7,11p out.csv | cut -d, -f3- | md5sum)"
check 'and the file says so' sh -c 'h5dump -d /frames/bad out.h5 | grep -q "(0): 0, 1, 1, 0"'
sed '/name=hole/,$d' bad.extxyz | sed '$d' >twins.extxyz
rm -f out.h5
ranks=2
expect 1 'twins.extxyz:8: frame twins: atoms 1 and 2' describe bad.yaml -o out.h5 --set 'structures=[twins.extxyz]'
expect 1 'twins.extxyz:8: frame twins: atoms 1 and 2' describe bad.yaml -o out.h5 --set 'structures=[twins.extxyz]' --set divide_above=1
ranks=
check 'and no file either' test ! -e out.h5 -a ! -e out.h5.tmp

# Elements by number and by name.
printf 'tantalum and more\n\n2 atoms\n2 atom types\n0 9 xlo xhi\n0 9 ylo yhi\n0 9 zlo zhi\n\nAtoms # atomic\n\n1 2 1 1 1\n2 1 1 1 3.5\n' >ta.data
input 2 | sed 's|^structures.*|structures: [ta.data]|' >in.yaml
expect 0 '2 atoms' describe in.yaml -o out.h5
check 'types are numbers of the elements of the input' test "$("$AUFBAU" export descriptors out.h5 | cut -d, -f3 | tr '\n' ' ')" = 'element Be W '
rm -f out.h5
input 2 >in.yaml
expect 1 'triclinic_2el.extxyz:1: frame triclinic_2el, atom 2 is of the element "Be", which is not here' \
  describe in.yaml -o out.h5 --set 'descriptor.elements={W: {radius: 0.5}}'
ranks=2
expect 1 'in.yaml:5:13: ' describe in.yaml -o out.h5 --set 'structures=[many.extxyz]'
check 'two ranks say it once' test "$(grep -c 'is of the element "Ta"' err)" = 1
ranks=

# What is refused, before anything is computed.
expect 1 'describe needs -o FILE.h5' describe in.yaml
expect 1 'no file matches nothing/*.xyz' describe in.yaml -o out.h5 --set 'structures=[nothing/*.xyz]'
expect 1 'no/folder/out.h5' describe in.yaml -o no/folder/out.h5
printf 'model,atom\n' >table.csv
expect 1 'table.csv is not an HDF5 file; it was left as it is' describe in.yaml -o table.csv
check 'and left as it is' test "$(cat table.csv)" = 'model,atom'
check 'nothing was written' test ! -e out.h5 -a ! -e out.h5.tmp
"$AUFBAU" describe in.yaml -o out.h5 -q
expect 1 'out.h5 holds descriptors, and no forces' export forces out.h5
expect 1 'out.h5 holds descriptors, and no runs of atoms' export levels out.h5
expect 1 'there is no table "descriptor"; did you mean "descriptors"?' export descriptor out.h5
expect 1 'exists and is not such a file' export descriptors out.h5 --csv table.csv
expect 0 'more.csv: 5 descriptors' export descriptors out.h5 --csv more.csv

expect 0 'bispectrum' list descriptors
expect 0 '# aufbau describe' check in.yaml
"$AUFBAU" list template describe >template.yaml
expect 0 '# aufbau describe' check template.yaml
echo "1..$n"
