/* What the emulated libraries share of the emulated device: streams, which they give work to. It is done at
 * once or, while the stream is captured, kept for graphs. */
#ifndef HONE_EMULATED_DEVICE_H
#define HONE_EMULATED_DEVICE_H

#include "cuda_api.h"

/* What one kernel does, with a copy of `what` that is aligned as it is. Its error is that of the call, or
 * later of the graph's launch. */
hone_cu_result hone_emulated_enqueue(hone_cu_stream stream, const void *what, size_t bytes,
                                     hone_cu_result (*act)(const void *what));

/* Whether the stream is captured: copies and waiting are an error then. NULL is not. */
int hone_emulated_is_captured(hone_cu_stream stream);

#endif
