/* hone list providers: what each can run on this machine's devices, or why it can run nothing. */
#include <stdio.h>
#include <string.h>

#include "../../harness/provider.h"
#include "../../kernels/status.h"
#include "list.h"

/* What is asked of a provider, in every data type. */
enum { M = 128, N = 3072, K = 768 };
static const hone_dtype asked[] = {HONE_F32, HONE_F16, HONE_BF16, HONE_S8};
enum { ASKED = sizeof asked / sizeof asked[0] };

/* What a provider can run, device by device; `reason` where that is nothing. */
typedef struct provider_view {
    const hone_provider *provider;
    char reason[512];
    int count; /* of devices that it runs on */
    struct {
        const hone_device *device;
        int runs[ASKED];
    } on[32];
} provider_view;

static int can_run(const hone_provider *provider, const hone_device *device, hone_dtype dtype) {
    hone_problem problem;
    hone_problem_init(&problem, dtype, 0, M, N, K);
    return hone_provider_check(provider, device, &problem) == HONE_OK;
}

static void look(provider_view *view, const hone_provider *provider, const hone_context *context) {
    const hone_device *devices;
    const int count = hone_context_devices(&devices, context);
    const char *reason = hone_provider_unavailable(provider);
    *view = (provider_view){.provider = provider};
    snprintf(view->reason, sizeof view->reason, "%s", reason ? reason : "");
    for (int i = 0; i < count && !reason && view->count < (int)(sizeof view->on / sizeof *view->on); i++) {
        int any = 0;
        for (int t = 0; t < ASKED; t++) {
            any |= view->on[view->count].runs[t] = can_run(provider, &devices[i], asked[t]);
            if (t == 0 && !any && !*view->reason)
                snprintf(view->reason, sizeof view->reason, "%s", hone_error_detail());
        }
        view->on[view->count].device = &devices[i];
        view->count += any;
    }
}

typedef void (*view_function)(const provider_view *view, void *context);

static hone_status view_providers(view_function show, void *context) {
    hone_context *devices;
    provider_view view;
    hone_status status = hone_context_create(&devices);
    if (status != HONE_OK)
        return status;
    for (int i = 0; i < hone_provider_count(); i++) {
        look(&view, hone_provider_at(i), devices);
        show(&view, context);
    }
    hone_context_destroy(devices);
    return HONE_OK;
}

/* ---- for people */

/* "cpu f32 f16; opencl:0 f32" */
static void print_view(const provider_view *view, void *context) {
    char runs[512] = "";
    size_t used = 0;
    for (int i = 0; i < view->count; i++) {
        used += (size_t)snprintf(runs + used, sizeof runs - used, "%s%s", i ? "; " : "",
                                 view->on[i].device->name);
        for (int t = 0; t < ASKED && used < sizeof runs; t++)
            if (view->on[i].runs[t])
                used += (size_t)snprintf(runs + used, sizeof runs - used, " %s", hone_dtype_name(asked[t]));
        if (used >= sizeof runs)
            break;
    }
    cli_grid_row(context, 4, view->provider->name, view->provider->description,
                 view->count ? runs : "nothing", view->count ? "yes" : view->reason);
}

hone_status list_print_providers(const cli_selectors *selectors) {
    (void)selectors;
    cli_grid grid = {0};
    cli_grid_row(&grid, 4, "provider", "description", "runs here", "available");
    hone_status status = view_providers(print_view, &grid);
    if (status != HONE_OK) {
        cli_grid_clear(&grid);
        return status;
    }
    return cli_grid_print(&grid, "0000");
}

/* ---- JSON */

static void append_view(const provider_view *view, void *context) {
    json_t *runs = json_array();
    for (int i = 0; i < view->count; i++) {
        json_t *dtypes = json_array();
        for (int t = 0; t < ASKED; t++)
            if (view->on[i].runs[t])
                json_array_append_new(dtypes, json_string(hone_dtype_name(asked[t])));
        json_array_append_new(runs,
                              json_pack("{s:s, s:o}", "device", view->on[i].device->name, "dtypes", dtypes));
    }
    json_array_append_new(context,
                          json_pack("{s:s, s:s, s:b, s:s?, s:o}", "name", view->provider->name, "description",
                                    view->provider->description, "available", view->count > 0, "reason",
                                    view->count ? NULL : view->reason, "runs", runs));
}

hone_status list_providers_json(json_t *array, const cli_selectors *selectors) {
    (void)selectors;
    return view_providers(append_view, array);
}
