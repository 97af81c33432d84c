#ifndef PARSE_H
#define PARSE_H

#include "tree.h"

/* Reads an expression, up to the end of the text. */
tree parse(const char *text);

#endif
