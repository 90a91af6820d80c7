/* The rate of fused multiply-adds that one core reaches: what timings are compared by. Not collective. */
#ifndef AFB_NUMERIC_PEAK_H
#define AFB_NUMERIC_PEAK_H

/* 1e9 double-precision floating-point operations a second of CPU time, in the widest vectors that this processor and compiler have, data in
 * registers; a multiply-add counts two. Takes about 20 ms. */
double afb_peak_gflops(void);

#endif
