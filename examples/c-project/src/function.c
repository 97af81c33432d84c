/* The functions there are. To add one is to add a line. */

#include "function.h"
#include "fail.h"

#include <math.h>
#include <string.h>

static const struct function functions[] = {
    {"sin", sin, "cos(x)"},
    {"cos", cos, "-sin(x)"},
    {"tan", tan, "1 / cos(x)^2"},
    {"exp", exp, "exp(x)"},
    {"log", log, "1 / x"},
    {"sqrt", sqrt, "1 / (2 * sqrt(x))"},
};

const struct function *function_named(const char *name)
{
    size_t count = sizeof functions / sizeof *functions;
    for (size_t at = 0; at < count; at++)
        if (strcmp(functions[at].name, name) == 0)
            return &functions[at];
    fail("there is no function `%s`", name);
    return NULL;
}
