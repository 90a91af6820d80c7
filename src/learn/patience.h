/* How a rank waits for others: it polls for up to an eighth of the time that lies between its waits, then it naps. For src/learn. Not collective.
 *
 * A processor that was idle, be it for 50 us, computes more slowly by a tenth for a while, so that short waits are better polled; where
 * ranks share a processor, one that polled on would keep the one it waits for from working. */
#ifndef AFB_LEARN_PATIENCE_H
#define AFB_LEARN_PATIENCE_H

/* Zero at first. */
typedef struct {
  double since;                /* end of the last wait */
  double left;                 /* seconds that may be spent on polling */
  double now;
  long nap;                    /* ns */
} afb_patience;

void afb_patience_begin(afb_patience *patience);
/* Between two looks at what is waited for: a moment or a nap, naps of one wait growing to 0.8 ms. */
void afb_patience_pause(afb_patience *patience);
void afb_patience_end(afb_patience *patience);

#endif
