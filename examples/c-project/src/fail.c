/* Errors: a line that cannot be understood ends with a message, and the next one is read. */

#include "fail.h"

#include <stdarg.h>
#include <stdio.h>

jmp_buf fail_target;
char fail_message[200];

void fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(fail_message, sizeof fail_message, format, arguments);
    va_end(arguments);
    longjmp(fail_target, 1);
}
