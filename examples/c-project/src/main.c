/* A calculator: a line of input is an expression, `name = expression`, `derive expression` or `plot expression`. */

#include "arena.h"
#include "derive.h"
#include "fail.h"
#include "parse.h"
#include "plot.h"
#include "show.h"
#include "simplify.h"
#include "token.h"
#include "value.h"
#include "variable.h"

#include <stdio.h>
#include <string.h>

static void calculate(const char *line)
{
    const char *rest = line;
    struct token first = token_read(&rest), second;
    const char *after = rest;

    if (first.kind == TOKEN_END)
        return;
    second = token_read(&after);
    if (first.kind == TOKEN_NAME && second.kind == TOKEN_SIGN && second.sign == '=') {
        variable_set(first.name, value(parse(after)));
    } else if (first.kind == TOKEN_NAME && strcmp(first.name, "derive") == 0) {
        show(simplify(derive(parse(rest), "x")));
        putchar('\n');
    } else if (first.kind == TOKEN_NAME && strcmp(first.name, "plot") == 0) {
        plot(parse(rest));
    } else {
        printf("%.10g\n", value(parse(line)));
    }
}

int main(void)
{
    char line[1000];

    while (fgets(line, sizeof line, stdin)) {
        arena_clear();
        if (setjmp(fail_target) == 0)
            calculate(line);
        else
            printf("error: %s\n", fail_message);
    }
    return 0;
}
