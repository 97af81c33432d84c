/* Memory for the trees of one line: taken piece by piece, given back all at once. */

#include "arena.h"
#include "fail.h"

static union {
    char bytes[ARENA_SIZE];
    double aligned;
    void *pointer;
} memory;
static size_t used;

void *arena_take(size_t size)
{
    size = (size + 15) / 16 * 16;
    if (size > ARENA_SIZE - used)
        fail("the expression is too large");
    used += size;
    return memory.bytes + used - size;
}

void arena_clear(void)
{
    used = 0;
}
