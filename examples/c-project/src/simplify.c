/* Makes expressions shorter, from the leaves up. */

#include "simplify.h"
#include "value.h"

static tree negated(tree of)
{
    if (of->kind == NUMBER)
        return tree_number(-of->number);
    return of->kind == NEGATE ? of->left : tree_negate(of);
}

static tree multiplied(tree left, tree right)
{
    if (tree_is(left, 0) || tree_is(right, 0))
        return tree_number(0);
    if (tree_is(left, 1))
        return right;
    if (tree_is(right, 1))
        return left;
    if (tree_is(left, -1))
        return negated(right);
    if (right->kind == DIVIDE && tree_is(right->left, 1))
        return tree_join(DIVIDE, left, right->right);
    if (left->kind == NEGATE)
        return negated(multiplied(left->left, right));
    if (right->kind == NEGATE)
        return negated(multiplied(left, right->left));
    /* Numbers go to the front. */
    if (right->kind == NUMBER)
        return multiplied(right, left);
    if (left->kind == NUMBER && right->kind == MULTIPLY && right->left->kind == NUMBER)
        return multiplied(tree_number(left->number * right->left->number), right->right);
    return tree_join(MULTIPLY, left, right);
}

static tree joined(enum kind kind, tree left, tree right)
{
    if (left->kind == NUMBER && right->kind == NUMBER && !(kind == DIVIDE && right->number == 0))
        return tree_number(value(tree_join(kind, left, right)));
    switch (kind) {
    case ADD:
        if (tree_is(left, 0))
            return right;
        if (tree_is(right, 0))
            return left;
        return right->kind == NEGATE ? tree_join(SUBTRACT, left, right->left) : tree_join(ADD, left, right);
    case SUBTRACT:
        if (tree_is(left, 0))
            return negated(right);
        if (tree_is(right, 0))
            return left;
        return right->kind == NEGATE ? tree_join(ADD, left, right->left) : tree_join(SUBTRACT, left, right);
    case MULTIPLY:
        return multiplied(left, right);
    case DIVIDE:
        return tree_is(left, 0) || tree_is(right, 1) ? left : tree_join(DIVIDE, left, right);
    case POWER:
        if (tree_is(right, 0))
            return tree_number(1);
        return tree_is(right, 1) ? left : tree_join(POWER, left, right);
    default:
        return tree_join(kind, left, right);
    }
}

tree simplify(tree whole)
{
    switch (whole->kind) {
    case NUMBER:
    case NAME:
        return whole;
    case NEGATE:
        return negated(simplify(whole->left));
    case CALL:
        return tree_call(whole->name, simplify(whole->left));
    default:
        return joined(whole->kind, simplify(whole->left), simplify(whole->right));
    }
}
