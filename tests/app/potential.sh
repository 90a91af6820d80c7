# To be sourced after expect.sh: structures and a potential made here, and comparisons of tables.

# structures FRAMES FILE: extended XYZ of two elements, atoms displaced from a lattice in skewed cells; 8, 27, 64 ... atoms
structures() {
  awk -v frames="$1" 'BEGIN {
    srand(1)
    for (f = 0; f < frames; f++) {
      side = 2 + f % 3
      printf "%d\nLattice=\"%g 0 0 %g %g 0 0 %g %g\" Properties=species:S:1:pos:R:3 pbc=\"T T T\" name=frame-%d group=%s\n", side ^ 3,
        2.6 * side, 0.3 * side, 2.5 * side, 0.2 * side, 2.7 * side, f, f % 2 ? "odd" : "even"
      for (i = 0; i < side; i++) for (j = 0; j < side; j++) for (k = 0; k < side; k++) {
        a = i + 0.2 * rand(); b = j + 0.2 * rand(); c = k + 0.2 * rand()
        printf "%s %.10f %.10f %.10f\n", rand() < 0.4 ? "O" : "Al", 2.6 * a + 0.3 * b, 2.5 * b + 0.2 * c, 2.7 * c
      }
    }
  }' >"$2"
}

# potential NAME: .snapcoeff and .snapparam of Al and O, 2J = 4
potential() {
  awk 'BEGIN {
    srand(2); print "# made for a test\n2 15"
    for (e = 0; e < 2; e++) {
      print e ? "O 0.4 0.7" : "Al 0.5 1"
      for (k = 0; k < 15; k++) printf "%.12f\n", (rand() - 0.5) * (k ? 0.1 : 6)
    }
  }' >"$1.snapcoeff"
  printf 'rcutfac 4.2\ntwojmax 4\nbzeroflag 0\n' >"$1.snapparam"
}

# same FILE FILE TOLERANCE: the same words, and numbers that differ by no more than TOLERANCE of the larger of them and 1
same() {
  awk -v tolerance="$3" 'function size(x) { return x < 0 ? -x : x }
  NR == FNR { line[FNR] = $0; n = FNR; next }
  {
    if (FNR > n) { bad = 1; exit }
    sub(/ *#.*/, ""); sub(/ *#.*/, "", line[FNR])
    m = split($0, mine, "[ ,]+"); if (split(line[FNR], other, "[ ,]+") != m) { bad = 1; exit }
    for (k = 1; k <= m; k++) if (mine[k] != other[k]) {
      scale = size(mine[k]) > size(other[k]) ? size(mine[k]) : size(other[k]); if (scale < 1) scale = 1
      if (!(size(mine[k] - other[k]) <= tolerance * scale)) { print "# line " FNR ": " mine[k] " and " other[k]; bad = 1; exit }
    }
  }
  END { exit bad || FNR < n }' "$1" "$2"
}
