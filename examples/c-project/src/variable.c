/* What `name = expression` has set. */

#include "variable.h"
#include "fail.h"
#include "tree.h"

#include <string.h>

static struct {
    char name[NAME_SIZE];
    double value;
} variables[VARIABLES] = {{"pi", 3.14159265358979323846}, {"e", 2.71828182845904523536}};
static int count = 2;

static int place(const char *name)
{
    int at = 0;
    while (at < count && strcmp(variables[at].name, name) != 0)
        at++;
    return at;
}

void variable_set(const char *name, double value)
{
    int at = place(name);
    if (at == VARIABLES)
        fail("there are too many variables");
    if (at == count)
        strncpy(variables[count++].name, name, NAME_SIZE - 1);
    variables[at].value = value;
}

double variable_get(const char *name)
{
    int at = place(name);
    if (at == count)
        fail("`%s` has no value", name);
    return variables[at].value;
}
