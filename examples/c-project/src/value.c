/* What an expression comes to. */

#include "value.h"
#include "fail.h"
#include "function.h"
#include "variable.h"

#include <math.h>

double value(tree of)
{
    double divisor;

    switch (of->kind) {
    case NUMBER:
        return of->number;
    case NAME:
        return variable_get(of->name);
    case NEGATE:
        return -value(of->left);
    case ADD:
        return value(of->left) + value(of->right);
    case SUBTRACT:
        return value(of->left) - value(of->right);
    case MULTIPLY:
        return value(of->left) * value(of->right);
    case DIVIDE:
        divisor = value(of->right);
        if (divisor == 0)
            fail("nothing can be divided by 0");
        return value(of->left) / divisor;
    case POWER:
        return pow(value(of->left), value(of->right));
    case CALL:
        return function_named(of->name)->value(value(of->left));
    }
    return 0;
}
