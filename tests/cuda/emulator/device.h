/* What the emulated libraries share of the emulated device: streams, which they give work to. A stream does
 * it when it is waited for, so that what another one wants of it earlier is not there; or, while it is
 * captured, keeps it for graphs. */
#ifndef HONE_EMULATED_DEVICE_H
#define HONE_EMULATED_DEVICE_H

#include "cuda_api.h"

/* Does something with a copy of `what` that is aligned as it is. */
typedef hone_cu_result hone_emulated_act(void *what);

/* What one kernel does. Its error is that of the call, where the stream cannot take it, or later of who
 * waits. */
hone_cu_result hone_emulated_enqueue(hone_cu_stream stream, const void *what, size_t bytes,
                                     hone_emulated_act *act);

/* A device that is lost gives nothing back. */
int hone_emulated_is_lost(void);

#endif
