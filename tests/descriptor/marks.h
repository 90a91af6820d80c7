/* Tables that programs write into the documentation. */
#ifndef AFB_TESTS_DESCRIPTOR_MARKS_H
#define AFB_TESTS_DESCRIPTOR_MARKS_H

/* Replaces what stands between the lines <!-- NAME begin --> and <!-- NAME end --> of a file. 0 on success. */
int write_between_marks(const char *path, const char *name, const char *text);

/* "x86-64 with AVX-512, 2 cores" */
const char *machine_class(void);

#endif
