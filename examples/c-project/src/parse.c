/* From tokens to a tree, by one function for each level of precedence. */

#include "parse.h"
#include "fail.h"
#include "token.h"

static const char *rest;
static struct token next;
static int depth;

#define DEEPEST 500

static void step(void)
{
    next = token_read(&rest);
}

static int takes(char sign)
{
    if (next.kind != TOKEN_SIGN || next.sign != sign)
        return 0;
    step();
    return 1;
}

static tree sum(void);

static tree primary(void)
{
    struct token token = next;
    tree inner;

    if (token.kind == TOKEN_NUMBER) {
        step();
        return tree_number(token.number);
    }
    if (token.kind == TOKEN_NAME) {
        step();
        if (!takes('('))
            return tree_name(token.name);
    } else if (!takes('(')) {
        fail(token.kind == TOKEN_END ? "something is missing at the end" : "`%c` is out of place", token.sign);
    }
    inner = sum();
    if (!takes(')'))
        fail("`)` is missing");
    return token.kind == TOKEN_NAME ? tree_call(token.name, inner) : inner;
}

/* `-x^2` is `-(x^2)`, and `2^-1` is a half. */
static tree power(void)
{
    tree left;

    if (++depth > DEEPEST)
        fail("the expression is too deep");
    if (takes('-')) {
        left = tree_negate(power());
    } else {
        left = primary();
        if (takes('^'))
            left = tree_join(POWER, left, power());
    }
    depth--;
    return left;
}

static tree product(void)
{
    tree left = power();
    for (;;) {
        if (takes('*'))
            left = tree_join(MULTIPLY, left, power());
        else if (takes('/'))
            left = tree_join(DIVIDE, left, power());
        else
            return left;
    }
}

static tree sum(void)
{
    tree left = product();
    for (;;) {
        if (takes('+'))
            left = tree_join(ADD, left, product());
        else if (takes('-'))
            left = tree_join(SUBTRACT, left, product());
        else
            return left;
    }
}

tree parse(const char *text)
{
    tree whole;

    rest = text;
    depth = 0;
    step();
    whole = sum();
    if (next.kind != TOKEN_END)
        fail("there is too much at the end");
    return whole;
}
