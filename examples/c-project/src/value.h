#ifndef VALUE_H
#define VALUE_H

#include "tree.h"

double value(tree of);

#endif
