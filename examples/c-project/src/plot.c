/* Curves of characters. */

#include "plot.h"
#include "value.h"
#include "variable.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void plot(tree of)
{
    double values[PLOT_COLUMNS], low = HUGE_VAL, high = -HUGE_VAL;
    char line[PLOT_COLUMNS + 1];

    for (int column = 0; column < PLOT_COLUMNS; column++) {
        variable_set("x", -5 + 10.0 * column / (PLOT_COLUMNS - 1));
        values[column] = value(of);
        low = fmin(low, values[column]);
        high = fmax(high, values[column]);
    }
    for (int row = 0; row < PLOT_ROWS; row++) {
        memset(line, ' ', PLOT_COLUMNS);
        line[PLOT_COLUMNS] = '\0';
        for (int column = 0; column < PLOT_COLUMNS; column++) {
            double part = high > low ? (high - values[column]) / (high - low) : 0.5;
            if (isfinite(part) && (int)(part * (PLOT_ROWS - 1) + 0.5) == row)
                line[column] = '*';
        }
        for (int end = PLOT_COLUMNS; end > 0 && line[end - 1] == ' '; end--)
            line[end - 1] = '\0';
        printf("%s\n", line);
    }
    printf("from %.4g to %.4g\n", low, high);
}
