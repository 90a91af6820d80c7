/* Two or four doubles that are worked on together, wherever they lie in an array: AFB_FOUR(p) is p[0 ... 3]. Any compiler that knows
 * GNU C makes of them what the processor has.
 *
 * AFB_CLONES: functions that are compiled twice, for any processor and for one with AVX2, and chosen when the program starts. The standard C
 * that the program is written in joins no product to a sum and reorders none, so that both give the same bits. */
#ifndef AFB_CORE_VECTOR_H
#define AFB_CORE_VECTOR_H

typedef double afb_four __attribute__((vector_size(32), aligned(8), may_alias));
#define AFB_FOUR(p) (*(const afb_four *)(p))
typedef double afb_two __attribute__((vector_size(16), aligned(8), may_alias));

#if defined __x86_64__ && defined __gnu_linux__ && defined __has_attribute && !defined __SANITIZE_ADDRESS__
#if __has_attribute(target_clones)
#define AFB_CLONES __attribute__((target_clones("avx2", "default")))
#endif
#endif
#ifndef AFB_CLONES
#define AFB_CLONES
#endif

#endif
