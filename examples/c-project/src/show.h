#ifndef SHOW_H
#define SHOW_H

#include "tree.h"

/* Writes an expression, with no more parentheses than it takes. */
void show(tree whole);

#endif
