#ifndef ARENA_H
#define ARENA_H

#include <stddef.h>

#define ARENA_SIZE (1024 * 1024)

/* Memory that lives until the next `arena_clear`. */
void *arena_take(size_t size);
void arena_clear(void);

#endif
