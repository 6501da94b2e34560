/* What CLBlast's own tuners found for a device: the JSON files that clblast_tuner_xgemm and others write. */
#ifndef HONE_CLBLAST_PARAMETERS_H
#define HONE_CLBLAST_PARAMETERS_H

#include <stddef.h>

#include "hone/hone.h"

enum { CLBLAST_KERNELS = 6, CLBLAST_PARAMETERS = 32 };

/* The best parameters of one of CLBlast's kernels. */
typedef struct clblast_kernel {
    const char *name; /* as CLBlastOverrideParameters knows it; NULL: not tuned */
    char file[256];
    double rate; /* of work in time, among files of the same kernel */
    int count;
    const char *names[CLBLAST_PARAMETERS]; /* into `text` */
    size_t values[CLBLAST_PARAMETERS];
    char text[1024];
} clblast_kernel;

/* Reads the tuners' files of single precision in a folder: for each kernel of a GEMM the one with the best
 * result; other kernels and precisions are passed over. HONE_E_DATA: the folder cannot be read, a file is no
 * tuner's or of another device than `device` names, or there is none of a GEMM. */
hone_status clblast_parameters_read(clblast_kernel kernels[CLBLAST_KERNELS], const char *folder,
                                    const char *device);

#endif
