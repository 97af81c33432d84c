/* Derivatives, by the rules that one learns at school. */

#include "derive.h"
#include "fail.h"
#include "function.h"
#include "parse.h"

#include <string.h>

static tree times(tree left, tree right)
{
    return tree_join(MULTIPLY, left, right);
}

/* An expression with `with` in the place of `x`. */
static tree put(tree into, tree with)
{
    switch (into->kind) {
    case NUMBER:
        return into;
    case NAME:
        return strcmp(into->name, "x") == 0 ? with : into;
    case CALL:
        return tree_call(into->name, put(into->left, with));
    case NEGATE:
        return tree_negate(put(into->left, with));
    default:
        return tree_join(into->kind, put(into->left, with), put(into->right, with));
    }
}

static tree power(tree of, const char *name)
{
    tree base = of->left, exponent = of->right, less;

    if (exponent->kind == NUMBER) {
        less = tree_number(exponent->number - 1);
        return times(times(exponent, tree_join(POWER, base, less)), derive(base, name));
    }
    /* a^b is exp(b log a). */
    return times(of, derive(times(exponent, tree_call("log", base)), name));
}

tree derive(tree of, const char *name)
{
    tree left = of->left, right = of->right;

    switch (of->kind) {
    case NUMBER:
        return tree_number(0);
    case NAME:
        return tree_number(strcmp(of->name, name) == 0);
    case NEGATE:
        return tree_negate(derive(left, name));
    case ADD:
    case SUBTRACT:
        return tree_join(of->kind, derive(left, name), derive(right, name));
    case MULTIPLY:
        return tree_join(ADD, times(derive(left, name), right), times(left, derive(right, name)));
    case DIVIDE:
        left = tree_join(SUBTRACT, times(derive(left, name), right), times(left, derive(right, name)));
        return tree_join(DIVIDE, left, tree_join(POWER, right, tree_number(2)));
    case POWER:
        return power(of, name);
    case CALL:
        return times(put(parse(function_named(of->name)->derivative), left), derive(left, name));
    }
    fail("this has no derivative");
    return of;
}
