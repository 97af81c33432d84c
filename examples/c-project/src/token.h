#ifndef TOKEN_H
#define TOKEN_H

#include "tree.h"

enum token_kind { TOKEN_END, TOKEN_NUMBER, TOKEN_NAME, TOKEN_SIGN };

struct token {
    enum token_kind kind;
    double number;
    char name[NAME_SIZE];
    char sign;
};

/* Reads one token and moves `*text` behind it. */
struct token token_read(const char **text);

#endif
