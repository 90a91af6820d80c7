/* The columns of tokens and of the global vector: one list, from which the enumeration, the documentation and the widths
 * come. X(name, unit, description). Private to features.c, documented through afb_feature_token_columns. */
#ifndef AFB_CAMPAIGN_FEATURE_COLUMNS_H
#define AFB_CAMPAIGN_FEATURE_COLUMNS_H

/* Occupation differences against the ground configuration by place in the order of energies, counted from the outermost
 * occupied orbital. */
#define AFB_FEATURE_PLACES(X)                                                                                          \
  X(place_m3, "", "electrons more than in the ground configuration in the third orbital below the outermost, or deeper") \
  X(place_m2, "", "the same, second orbital below")                                                                    \
  X(place_m1, "", "the same, next orbital below")                                                                      \
  X(place_0, "", "the same, outermost occupied orbital")                                                               \
  X(place_1, "", "the same, first orbital above")                                                                      \
  X(place_2, "", "the same, second above") X(place_3, "", "the same, third above")                                     \
  X(place_4, "", "the same, fourth above") X(place_5, "", "the same, fifth above")                                     \
  X(place_6, "", "the same, sixth above") X(place_7, "", "the same, seventh above")                                    \
  X(place_8, "", "the same, eighth above") X(place_9, "", "the same, ninth above")                                     \
  X(place_10, "", "the same, tenth above") X(place_11, "", "the same, eleventh above or higher")

#define AFB_FEATURE_TOKENS(X)                                                                                          \
  X(is_configuration, "", "1 for a configuration")                                                                     \
  X(is_ground, "", "1 for the ground configuration")                                                                   \
  X(is_added, "", "1 for the configuration that is added")                                                             \
  X(is_started, "", "1 when the starting orbitals were converged with this configuration")                             \
  X(ground_parity, "", "1 for the parity of the ground configuration")                                                 \
  X(moved, "", "electrons moved from the ground configuration")                                                        \
  X(k1, "", "places that the outermost moved electron went up the order of energies")                                  \
  X(k2, "", "the same, next moved electron") X(k3, "", "the same, third")                                              \
  X(energy, "ionisation energy", "estimated energy above the ground configuration over the estimated binding of the outermost orbital") \
  X(weight, "", "estimated share of the optimised levels that belong to it")                                           \
  X(wanted, "", "estimated fraction of its levels that are optimised")                                                 \
  X(log_levels, "", "ln of its number of levels")                                                                      \
  X(energy_rank, "", "configurations of its parity estimated below it")                                                \
  X(near, "", "ln(1e-3 + energy distance to the nearest other of its parity / ionisation energy)")                     \
  X(differ_1, "", "other configurations of the set that differ by one electron")                                       \
  X(differ_2, "", "the same, two electrons, same parity")                                                              \
  X(open_shells, "", "open shells") X(open_electrons, "", "electrons in open shells")                                  \
  X(delta_s, "", "s electrons more than in the ground configuration") X(delta_p, "", "the same, p")                    \
  X(delta_d, "", "the same, d") X(delta_f, "", "the same, f and beyond")                                               \
  AFB_FEATURE_PLACES(X)                                                                                                \
  X(is_orbital, "", "1 for an orbital")                                                                                \
  X(n, "", "principal quantum number")                                                                                 \
  X(l_s, "", "1 for l = 0") X(l_p, "", "1 for l = 1") X(l_d, "", "1 for l = 2") X(l_f, "", "1 for l >= 3")             \
  X(in_ground, "", "1 when occupied in the ground configuration")                                                      \
  X(brought, "", "1 when only the added configuration occupies it")                                                    \
  X(in_start, "", "1 when the starting orbitals contain it as converged")                                              \
  X(place, "", "place in the order of energies, from the outermost occupied orbital")                                  \
  X(binding, "ionisation energy", "estimated binding over that of the outermost occupied orbital")                     \
  X(log_binding, "", "ln of the estimated binding in hartree")                                                         \
  X(log_r, "", "ln of the estimated <r> in bohr")                                                                      \
  X(largest_q, "", "largest occupation in a configuration")                                                            \
  X(log_occupation, "", "log10(1e-4 + estimated occupation in the optimised levels)")                                  \
  X(occupying, "", "configurations that occupy it") X(occupying_share, "", "their fraction of the set")                \
  X(occupying_singly, "", "configurations with one electron in it")                                                    \
  X(occupying_even, "", "configurations of the ground configuration's parity that occupy it")                          \
  X(least_moved, "", "fewest electrons moved in a configuration that occupies it")                                     \
  X(least_energy, "ionisation energy", "lowest estimated energy of a configuration that occupies it")                  \
  X(missing_below, "", "orbitals of lower n and the same l that no configuration occupies")                            \
  X(open_below, "", "the set's open orbitals of lower n, same l") X(open_above, "", "the same, higher n")              \
  X(weak_below, "", "open orbitals of the same l that are less occupied (estimated) and of lower n")                   \
  X(l_crowd, "", "orbitals of this l that the ground configuration does not occupy")                                   \
  X(r_next, "", "ln of the ratio of <r> to that of the next lower open orbital of the same l, 0 without one")          \
  X(l_deepest, "", "orbitals of lower n and the same l that are closed everywhere")

#define AFB_FEATURE_GLOBALS(X)                                                                                         \
  X(z, "", "nuclear charge") X(charge, "", "charge of the ion") X(electrons, "", "electrons")                          \
  X(log_ionisation, "", "ln of the estimated binding of the outermost orbital in hartree")                             \
  X(outer_n, "", "n of the outermost occupied orbital")                                                                \
  X(outer_s, "", "1 when it is s") X(outer_p, "", "1 when it is p") X(outer_d, "", "1 when it is d or f")              \
  X(outer_q, "", "its occupation") X(valence, "", "electrons in open shells of the ground configuration")              \
  X(warm, "", "1 when the run starts from converged orbitals")                                                         \
  X(not_started, "", "configurations that the starting orbitals were not converged with (all, when cold)")             \
  X(size, "", "configurations") X(size_even, "", "those of the ground configuration's parity")                         \
  X(open, "", "open orbitals") X(fresh, "", "orbitals that the ground configuration does not occupy")                  \
  X(fresh_s, "", "the same, s") X(fresh_p, "", "the same, p") X(fresh_d, "", "the same, d")                            \
  X(fresh_f, "", "the same, f and beyond") X(fresh_most, "", "the same, largest number of one l")                      \
  X(unstarted_s, "", "open orbitals that are not in the start, s") X(unstarted_p, "", "the same, p")                   \
  X(unstarted_d, "", "the same, d") X(unstarted_f, "", "the same, f and beyond")                                       \
  X(missing, "", "sum over open orbitals of orbitals of lower n, same l, that no configuration occupies")              \
  X(least_log_occupation, "", "smallest log_occupation of an open orbital")                                            \
  X(sum_log_occupation, "", "sum of log_occupation over open orbitals")                                                \
  X(below_1, "", "open orbitals with an estimated occupation below 0.1") X(below_2, "", "below 0.01")                  \
  X(below_3, "", "below 0.001")                                                                                        \
  X(single_use, "", "open orbitals that one configuration alone occupies")                                             \
  X(correlation, "", "open orbitals that occur only with two or more electrons moved")                                 \
  X(largest_log_r, "", "largest log_r") X(least_binding, "", "smallest binding")                                       \
  X(log_levels_total, "", "ln of the number of levels of all configurations")                                          \
  X(log_levels_wanted, "", "ln of the number of optimised levels") X(blocks, "", "J^pi blocks")                        \
  X(nearest, "", "smallest `near`") X(mean_energy, "ionisation energy", "mean estimated energy of the configurations") \
  X(doubles, "", "configurations with two electrons moved") X(triples, "", "with three or more")                       \
  X(added_k1, "", "k1 of the added configuration") X(added_k2, "", "its k2") X(added_moved, "", "its `moved`")         \
  X(added_energy, "ionisation energy", "its estimated energy") X(added_weight, "", "its weight")                       \
  X(added_brings, "", "orbitals that it alone occupies") X(added_missing, "", "missing_below of those, summed")        \
  X(added_parity, "", "1 for the parity of the ground configuration")                                                  \
  X(added_log_occupation, "", "smallest log_occupation of the orbitals that it brings, 0 without any")

#endif
