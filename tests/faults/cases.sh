# To be sourced: small commands that together come by most of the program. Each case is a function `make_NAME`, which writes into the working
# directory what the command needs, a line in `command_of`, and one in `result_of`, which prints what must come out, however often the command
# had to be begun again. $clean is the program without faults.
cases='campaign resume atom slepc scalapack files grasp describe grid formats linear snap forces mdn apply table tell pretrain import runs levels
kilonova observed descriptors status page text single arrays scaling io bench_campaign bench_describe'
. "$AUFBAU_SOURCE/tests/app/potential.sh"
tutorial=$AUFBAU_SOURCE/inputs/tutorial/silicon
grasp_data=$AUFBAU_SOURCE/tests/engine/data/grasp

ranks_of() {
  case $1 in
    slepc | forces | import | runs | levels | kilonova | observed | descriptors | page | text | single | arrays | scaling | status) echo 1 ;;
    *) echo 2 ;;
  esac
}

command_of() {
  case $1 in
    campaign | resume) echo campaign in.yaml -o out.h5 ;;
    atom) echo atom in.yaml -o out.h5 --json out.json --grasp files ;;
    slepc | scalapack) echo atom in.yaml -o out.h5 --set eigensolver="$1" ;;
    files | grasp) echo atom in.yaml -o out.h5 ;;
    describe | grid | formats) echo describe in.yaml -o out.h5 ;;
    linear | mdn | table | pretrain) echo train in.yaml -o out.h5 ;;
    snap | apply | tell) echo predict in.yaml -o out.h5 ;;
    import) echo import runs in.csv -o out.h5 ;;
    forces | runs | descriptors) echo export "$1" in.h5 --csv out.csv ;;
    levels) echo export levels in.h5 --csv out.csv --json out.json ;;
    kilonova) echo export levels in.h5 --jlodk files ;;
    observed) echo export levels in.h5 --compare in.csv --csv out.csv ;;
    page) echo report in.h5 --crate ;;
    text) echo report in.h5 --text ;;
    single | arrays) echo report in.h5 -o out.html ;;
    scaling) echo report --scaling in.h5 other.h5 -o out.html --csv out.csv --latex out.tex --figure out.svg --plan 1000 ;;
    status) echo status in.h5 ;;
    io) echo bench io 1 ;;
    bench_*) echo bench "${1#bench_}" in.yaml -o out.svg -q ;;
  esac
}

# The texts that a command writes, each of which is whole, as it was before, or not there.
texts_of() {
  case $1 in
    page) echo in.html ro-crate-metadata.json ;;
    single | arrays) echo out.html ;;
    scaling) echo out.html out.csv out.tex out.svg ;;
    bench_*) echo out.svg ;;
  esac
}
# steady CASE TEXT: the text without what differs from time to time, the moment of writing, or what was measured
steady() {
  case $1 in
    page) grep -v datePublished "$2" ;;
    bench_*) sed -n 's/[0-9.]*[0-9]//g; 1p; $p' "$2" ;;
    *) cat "$2" ;;
  esac
}

# What is in a file, without the time of its making and what that took.
contents() {
  h5dump -w 0 -m %.6e out.h5 | sed '/-[0-9][0-9]T[0-9:]*Z"/d' |
    awk '/^   GROUP "usage" / { skip = 1 } !skip { print } /^   }/ { skip = 0 }' | cksum
}
runs() { "$clean" export runs out.h5 | tail -n +2 | cut -d, -f1,2,5 | LC_ALL=C sort; }
result_of() {
  case $1 in
    campaign | resume | import) runs ;;
    atom) runs; grep -v cpu_seconds out.json | cksum; cat files/* | cksum ;;
    slepc | scalapack | files | grasp) runs ;;
    describe | grid | formats) "$clean" export descriptors out.h5 | cksum ;;
    snap) "$clean" export forces out.h5 | cksum; cksum <out.extxyz ;;
    linear) grep -v '^#' out.snapcoeff; contents ;;
    mdn | table | tell) contents ;;
    apply) cat scfv/* | cksum; contents ;;
    pretrain) h5dump -n out.h5 ;;
    kilonova) cat files/* ;;
    levels) cat out.csv out.json ;;
    text) cat out ;;
    status) grep -v '^written' out ;;
    io) cut -d'|' -f2-4 out ;;
    page | single | arrays | scaling | bench_*) for text in $(texts_of "$1"); do steady "$1" "$text"; done ;;
    *) cat out.csv ;;
  esac
}

make_campaign() {
  cat >in.yaml <<'EOF'
campaign:
  ions: [He I, Li I]
  orbitals: {max_n: 3, max_l: p}
  excitations: {electrons: 2, max_shift: 3}
  set_size: 2
  batch: 4
EOF
}
# What a killed campaign leaves.
make_resume() {
  make_campaign
  site=$(grep ' fdatasync$' "$work/sites/campaign.0" | cut -d' ' -f1)
  AUFBAU_FAULT_LOG=log AUFBAU_FAULT="0:$site:3" $AUFBAU_MPI 2 "$program" campaign in.yaml -o out.h5 >made 2>&1
  rm -f log.*
}
make_atom() { printf 'atom: {element: Be}\nconfigurations: ["[He] 2s2", "[He] 2p2"]\n' >in.yaml; }
make_slepc() { make_atom; }
make_scalapack() { make_atom; }
make_files() { printf 'atom: {element: C, isodata: %s/carbon/isodata}\ncsf: %s/carbon/rcsf.inp\nstart: %s/carbon/rwfn.out\n' "$grasp_data" "$grasp_data" "$grasp_data" >in.yaml; }
make_grasp() {
  printf 'atom: {element: C}\nengine: grasp\nconfigurations: ["[He] 2s2 2p2", "1s2 2p4"]\n' >in.yaml
  mkdir bin
  set -- rnucleus 'cp carbon/isodata .' rcsfgenerate 'cp carbon/rcsf.inp rcsf.out' rangular ':>mcp.30' rwfnestimate 'cp limit/rwfn.out rwfn.inp' \
    rmcdhf 'cat carbon/rmcdhf.screen; cp carbon/rmix.out carbon/rwfn.out .'
  while test $# -gt 0; do
    printf '#!/bin/sh\n%s\n' "$(echo "$2" | sed "s# carbon/# $grasp_data/carbon/#g; s# limit/# $grasp_data/limit/#g")" >"bin/$1"
    chmod +x "bin/$1"
    shift 2
  done
}
make_describe() {
  structures 3 in.extxyz
  printf '%s\n' 'structures: [in.extxyz]' 'divide_above: 20' 'descriptor: {twojmax: 2, rcutfac: 4, quantities: [B, dB, virial], elements: {Al: {radius: 0.5}, O: {radius: 0.4}}}' >in.yaml
}
make_grid() {
  make_describe
  sed -i 's/quantities: .*virial\], /grid: [3, 4, 2], /' in.yaml
}
make_formats() {
  mkdir some
  printf 'tantalum\n\n2 atoms\n2 atom types\n0 9 xlo xhi\n0 9 ylo yhi\n0 9 zlo zhi\n\nAtoms # atomic\n\n1 2 1 1 1\n2 1 1 1 3.5\n' >some/a.data
  printf 'cell\n1.0\n3 0 0\n0 3 0\n0 0 3\nTa Si\n1 1\nDirect\n0 0 0\n0.5 0.5 0.5\n' >some/POSCAR
  printf '# a\n{"Dataset": {"Data": [{"Positions": [[0, 0, 0], [1.5, 1.5, 1.5]], "AtomTypes": ["Ta", "Ta"], "Lattice": [[3, 0, 0], [0, 3, 0], [0, 0, 3]]}]}}\n' >some/b.json
  printf 'structures: [some/*]\ndescriptor: {twojmax: 2, rcutfac: 4, elements: {Ta: {radius: 0.5}, Si: {radius: 0.4}}}\n' >in.yaml
}
make_snap() {
  structures 4 in.extxyz
  potential known
  printf 'structures: [in.extxyz]\nmodel: {type: snap, coefficients: known.snapcoeff, parameters: known.snapparam, zbl: {inner: 2.0, outer: 4.5}, xyz: out.extxyz}\n' >in.yaml
}
make_linear() {
  make_snap
  "$clean" predict in.yaml -o data.h5 --set model.xyz=data.extxyz >made 2>&1
  cat >in.yaml <<'EOF'
structures: [data.extxyz]
descriptor: {twojmax: 4, rcutfac: 4.2, elements: {Al: {radius: 0.5}, O: {radius: 0.4, weight: 0.7}}, bzero: false}
model:
  type: linear
  potential: out
  zbl: {inner: 2.0, outer: 4.5}
  groups: {odd: {energy: 10, force: 1, stress: 1e-6}, even: {energy: 20, force: 0.5, stress: 1e-6}}
EOF
}
make_forces() {
  make_snap
  "$clean" predict in.yaml -o in.h5 >made 2>&1
}
make_mdn() {
  awk 'n == 0 { if (++frame > 3) exit; n = $1 + 2 } { n--; print }' "$tutorial/silicon.extxyz" >in.extxyz
  sed -n 's/.*model=\([^ ]*\).*/\1/p' in.extxyz >names
  reference=$(head -n 1 names)
  cat >in.yaml <<EOF
structures: [in.extxyz]
descriptor: {twojmax: 2, rcutfac: 5, elements: {Si: {radius: 0.5}}, bzero: false}
model: {type: mdn, targets: $tutorial/A_all_atoms.csv, exponents: $tutorial/alphas.csv, start: $tutorial/scfV_default.dat, reference_model: $reference,
  cutoffs: [3.5, 5.0], components: 2, width: 8, layers: 1, members: 2, steps: 4, scfv: left}
EOF
}
make_apply() {
  make_mdn
  "$clean" train in.yaml -o model.h5 --set model.leave_one_out=false >made 2>&1
  printf 'structures: [in.extxyz]\nmodel: {type: mdn, file: model.h5, scfv: scfv}\n' >in.yaml
}
make_table() {
  make_describe
  "$clean" describe in.yaml -o data.h5 >made 2>&1
  printf 'data: {file: [data.h5], inputs: [/descriptors/B], targets: [atoms/position], validation: 0.2}\nmodel: {type: mlp, width: 8, layers: 1, members: 2, steps: 8, batch: 8}\n' >in.yaml
}
make_tell() {
  make_table
  "$clean" train in.yaml -o model.h5 >made 2>&1
  printf 'data: {file: data.h5}\nmodel: {type: table, file: model.h5}\n' >in.yaml
}
make_import() {
  printf '%s\n' ion,configurations,parent,added,outcome 'He I,1s2,,,converged' 'He I,1s2;2s2,1s2,2s2,converged' 'He I,1s2;1s1 2s1,1s2,1s1 2s1,max_iterations' >in.csv
}
make_pretrain() {
  make_campaign
  "$clean" campaign in.yaml -o data.h5 >made 2>&1
  printf 'data: {campaign: data.h5, validation: 0.3}\nmodel: {type: set_transformer, wall_time: 0.2 s}\n' >in.yaml
}
make_runs() {
  make_campaign
  "$clean" campaign in.yaml -o in.h5 >made 2>&1
}
make_levels() { make_runs; }
make_kilonova() { make_runs; }
make_observed() {
  make_runs
  printf 'ion,J,parity,energy_cm-1\nLi I,0.5,+,0\nLi I,0.5,+,27206.066\n' >in.csv
}
make_descriptors() {
  make_describe
  "$clean" describe in.yaml -o in.h5 >made 2>&1
}

# campaign_on RANKS FILE.h5: a campaign with a model and with runs that fail; made once for all cases
campaign_on() {
  test -e "$work/campaign-$1.h5" || {
    cat >campaign.yaml <<'EOF'
campaign:
  ions: [He I, Li I]
  orbitals: {max_n: 3, max_l: p}
  excitations: {electrons: 2, max_shift: 3}
  set_size: 2
  warm_start: false
  batch: 6
  limits: {csf: 3}
  budget: {runs: 40}
EOF
    $AUFBAU_MPI "$1" "$clean" campaign campaign.yaml -o "$work/campaign-$1.h5" >made 2>&1
  }
  ln -s "$work/campaign-$1.h5" "$2"
}
# A page and metadata of earlier are there.
make_page() {
  campaign_on 2 in.h5
  "$clean" report in.h5 --crate --author 'of earlier' >made 2>&1
  sed -i '/<h2/d' in.html
}
make_text() { campaign_on 2 in.h5; }
make_status() { campaign_on 2 in.h5; }
make_scaling() {
  campaign_on 1 in.h5
  campaign_on 2 other.h5
}
make_single() {
  make_atom
  "$clean" atom in.yaml -o in.h5 >made 2>&1
}
make_arrays() { make_descriptors; }
make_io() { :; }
make_bench_campaign() {
  printf '%s\n' 'campaign:' '  ions: [He I]' '  orbitals: {max_n: 2, max_l: s}' '  excitations: {electrons: 1, max_shift: 1}' '  set_size: 1' \
    '  strategy: breadth' '  budget: {runs: 2}' >in.yaml
}
make_bench_describe() { make_describe; }
