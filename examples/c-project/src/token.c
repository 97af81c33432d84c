/* From characters to numbers, names and signs. */

#include "token.h"
#include "fail.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct token token_read(const char **text)
{
    struct token token = {TOKEN_END, 0, "", 0};
    const char *at = *text + strspn(*text, " \t\r\n");
    char *end;

    if (*at == '\0') {
        *text = at;
        return token;
    }
    if (isdigit((unsigned char)*at) || *at == '.') {
        token.kind = TOKEN_NUMBER;
        token.number = strtod(at, &end);
        if (end == at)
            fail("`%c` is no number", *at);
        *text = end;
        return token;
    }
    if (isalpha((unsigned char)*at)) {
        size_t length = 0;
        while (isalnum((unsigned char)at[length]))
            length++;
        if (length >= NAME_SIZE)
            fail("a name is too long");
        token.kind = TOKEN_NAME;
        memcpy(token.name, at, length);
        *text = at + length;
        return token;
    }
    if (!strchr("+-*/^()=", *at))
        fail("`%c` means nothing here", *at);
    token.kind = TOKEN_SIGN;
    token.sign = *at;
    *text = at + 1;
    return token;
}
