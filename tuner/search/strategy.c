#include "strategy.h"

#include <string.h>

static const hone_strategy *const strategies[] = {
#define HONE_STRATEGY(name) &hone_strategy_##name,
#include "strategies.def"
#undef HONE_STRATEGY
};

int hone_strategy_count(void) { return (int)(sizeof strategies / sizeof strategies[0]); }

const hone_strategy *hone_strategy_at(int index) {
    return index >= 0 && index < hone_strategy_count() ? strategies[index] : NULL;
}

const hone_strategy *hone_strategy_find(const char *name) {
    for (int i = 0; i < hone_strategy_count(); i++) {
        if (strcmp(strategies[i]->name, name) == 0)
            return strategies[i];
    }
    return NULL;
}
