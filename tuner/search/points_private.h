/* Between the parts of points: points_enumerate.c lists them, points.c finds them. */
#ifndef HONE_TUNER_POINTS_PRIVATE_H
#define HONE_TUNER_POINTS_PRIVATE_H

#include "search.h"

/* Fills indices, count and visited of a zero-initialised `points` with a space; none legal is no failure
 * here. HONE_E_USAGE: too many; HONE_E_NOMEM. */
hone_status hone_points_enumerate(hone_points *points);

#endif
