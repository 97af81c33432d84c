#ifndef FUNCTION_H
#define FUNCTION_H

#include "tree.h"

/* A function of one argument, and its derivative as an expression of `x`. */
struct function {
    const char *name;
    double (*value)(double);
    const char *derivative;
};

/* The function of that name. Fails when there is none. */
const struct function *function_named(const char *name);

#endif
