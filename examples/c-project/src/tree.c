/* Expressions as trees, which are made once and never changed. */

#include "tree.h"
#include "arena.h"

#include <string.h>

static struct tree *make(enum kind kind)
{
    struct tree *made = arena_take(sizeof *made);
    memset(made, 0, sizeof *made);
    made->kind = kind;
    return made;
}

tree tree_number(double number)
{
    struct tree *made = make(NUMBER);
    made->number = number;
    return made;
}

tree tree_name(const char *name)
{
    struct tree *made = make(NAME);
    strncpy(made->name, name, NAME_SIZE - 1);
    return made;
}

tree tree_call(const char *name, tree argument)
{
    struct tree *made = make(CALL);
    strncpy(made->name, name, NAME_SIZE - 1);
    made->left = argument;
    return made;
}

tree tree_negate(tree of)
{
    return tree_join(NEGATE, of, NULL);
}

tree tree_join(enum kind kind, tree left, tree right)
{
    struct tree *made = make(kind);
    made->left = left;
    made->right = right;
    return made;
}

int tree_is(tree one, double number)
{
    return one->kind == NUMBER && one->number == number;
}
