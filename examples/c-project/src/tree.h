#ifndef TREE_H
#define TREE_H

#define NAME_SIZE 32

enum kind { NUMBER, NAME, NEGATE, ADD, SUBTRACT, MULTIPLY, DIVIDE, POWER, CALL };

/* An expression. What is not used by its kind is zero. */
struct tree {
    enum kind kind;
    double number;
    char name[NAME_SIZE];
    const struct tree *left, *right;
};

typedef const struct tree *tree;

tree tree_number(double number);
tree tree_name(const char *name);
tree tree_call(const char *name, tree argument);
tree tree_negate(tree of);
tree tree_join(enum kind kind, tree left, tree right);

int tree_is(tree one, double number);

#endif
