#ifndef VARIABLE_H
#define VARIABLE_H

#define VARIABLES 100

void variable_set(const char *name, double value);

/* The value of a variable. Fails when it has none. */
double variable_get(const char *name);

#endif
