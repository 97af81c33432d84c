#ifndef PLOT_H
#define PLOT_H

#include "tree.h"

#define PLOT_COLUMNS 64
#define PLOT_ROWS 16

/* Draws an expression of `x` from -5 to 5. */
void plot(tree of);

#endif
