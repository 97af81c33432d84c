/* Expressions as people write them. */

#include "show.h"

#include <stdio.h>

static int strength(tree of)
{
    switch (of->kind) {
    case ADD:
    case SUBTRACT:
        return 1;
    case MULTIPLY:
    case DIVIDE:
        return 2;
    case NEGATE:
        return 3;
    case POWER:
        return 4;
    case NUMBER:
        return of->number < 0 ? 3 : 5;
    default:
        return 5;
    }
}

static void part(tree of, int least)
{
    if (strength(of) >= least) {
        show(of);
        return;
    }
    putchar('(');
    show(of);
    putchar(')');
}

void show(tree whole)
{
    static const char *const signs[] = {[ADD] = " + ", [SUBTRACT] = " - ", [MULTIPLY] = " * ", [DIVIDE] = " / ", [POWER] = "^"};
    int own = strength(whole);

    switch (whole->kind) {
    case NUMBER:
        printf("%.10g", whole->number);
        break;
    case NAME:
        fputs(whole->name, stdout);
        break;
    case NEGATE:
        putchar('-');
        part(whole->left, own);
        break;
    case CALL:
        fputs(whole->name, stdout);
        putchar('(');
        show(whole->left);
        putchar(')');
        break;
    default:
        part(whole->left, whole->kind == POWER ? own + 1 : own);
        fputs(signs[whole->kind], stdout);
        part(whole->right, whole->kind == SUBTRACT || whole->kind == DIVIDE ? own + 1 : own);
    }
}
