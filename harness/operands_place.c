/* Operands in the memory of a device that has its own. */
#include "../kernels/status.h"
#include "operands.h"

static hone_status place(void **out, const hone_device *device, const void *from, size_t bytes) {
    const hone_memory *memory = device->backend->memory;
    hone_status status = memory->allocate(out, device, bytes);
    return status ? status : memory->write(device, *out, from, bytes);
}

hone_status hone_operands_place(hone_operands *operands, const hone_device *device) {
    if (!device->backend->memory)
        return HONE_OK;
    operands->device = device;
    const hone_problem *p = &operands->problem;
    const size_t a_gap = (size_t)(operands->lda - p->k) * hone_dtype_size(p->a_type);
    const size_t b_gap =
        (size_t)(operands->ldb - (p->weights_transposed ? p->k : p->n)) * hone_dtype_size(p->dtype);
    /* Neither has a gap after its last row. */
    hone_status status =
        place(&operands->device_a, device, operands->a, hone_operands_input(operands).bytes - a_gap);
    if (!status)
        status =
            place(&operands->device_b, device, operands->b, hone_operands_weights(operands).bytes - b_gap);
    if (!status)
        status = place(&operands->device_c_block, device, operands->c_block, operands->c_block_size);
    return status;
}

hone_status hone_operands_send_c(const hone_operands *operands) {
    const hone_device *device = operands->device;
    return device ? device->backend->memory->write(device, operands->device_c_block, operands->c_block,
                                                   operands->c_block_size)
                  : HONE_OK;
}

hone_status hone_operands_fetch_c(hone_operands *operands) {
    const hone_device *device = operands->device;
    return device ? device->backend->memory->read(device, operands->c_block, operands->device_c_block,
                                                  operands->c_block_size)
                  : HONE_OK;
}

void hone_operands_unplace(hone_operands *operands) {
    const hone_device *device = operands->device;
    void *const places[] = {operands->device_a, operands->device_b, operands->device_c_block};
    for (int i = 0; device && i < (int)(sizeof places / sizeof *places); i++)
        device->backend->memory->release(device, places[i]);
    operands->device = NULL;
    operands->device_a = operands->device_b = operands->device_c_block = NULL;
}
