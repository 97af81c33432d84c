#ifndef FAIL_H
#define FAIL_H

#include <setjmp.h>

/* Where `fail` goes back to; whoever reads a line sets it first. */
extern jmp_buf fail_target;
extern char fail_message[200];

/* Gives up the line that is worked on, and says why. Does not return. */
void fail(const char *format, ...);

#endif
