#ifndef DERIVE_H
#define DERIVE_H

#include "tree.h"

/* The derivative with respect to a variable, not simplified. */
tree derive(tree of, const char *name);

#endif
