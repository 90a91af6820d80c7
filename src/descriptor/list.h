/* The descriptors that there are, for those who choose and list them. Not collective. */
#ifndef AFB_DESCRIPTOR_LIST_H
#define AFB_DESCRIPTOR_LIST_H

typedef struct {
  const char *name;            /* in inputs */
  const char *description, *reference;
} afb_descriptor_facts;

/* Ended by a row without a name. */
extern const afb_descriptor_facts afb_descriptors[];

#endif
