#ifndef SIMPLIFY_H
#define SIMPLIFY_H

#include "tree.h"

/* The same with less in it: `0 * x` and `x ^ 1` go away, and numbers are put together. */
tree simplify(tree whole);

#endif
