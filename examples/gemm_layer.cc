/* The layer of gemm_gelu.c from C++: objects that free themselves, failures that are
 * thrown, one type that holds what a layer needs from call to call.
 *
 *     gemm_layer [DATABASE] */
#include <hone/hone.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

namespace {

struct hone_error : std::runtime_error {
    explicit hone_error(hone_status status) : std::runtime_error(hone_error_detail()), status(status) {}
    hone_status status;
};

void check(hone_status status) {
    if (status != HONE_OK)
        throw hone_error(status);
}

template <auto destroy> struct deleter {
    template <class T> void operator()(T *object) const { destroy(object); }
};
using context_ptr = std::unique_ptr<hone_context, deleter<hone_context_destroy>>;
using db_ptr = std::unique_ptr<hone_db, deleter<hone_db_close>>;
using plan_ptr = std::unique_ptr<hone_plan, deleter<hone_plan_destroy>>;
using memory_ptr = std::unique_ptr<void, deleter<std::free>>;

/* make<db_ptr>(hone_db_open, path): any of the functions that create. */
template <class Pointer, class Create, class... Arguments>
Pointer make(Create create, Arguments... arguments) {
    typename Pointer::pointer object = nullptr;
    check(create(&object, arguments...));
    return Pointer(object);
}

/* y = act(x . weights + bias). The weights are packed once; one call at a time. */
class layer {
  public:
    layer(hone_context *context, const hone_problem &problem, const char *config, const float *weights,
          std::vector<float> bias)
        : plan(make<plan_ptr>(hone_plan_create, context, "cpu", &problem, config, 0)), problem(problem),
          bias(std::move(bias)) {
        packed.reset(std::aligned_alloc(HONE_PACK_ALIGN, hone_plan_packed_size(plan.get())));
        if (!packed)
            throw std::bad_alloc();
        check(hone_plan_pack(packed.get(), plan.get(), weights, problem.n));
    }

    void operator()(float *y, const float *x) {
        hone_args args = {};
        args.a = x;
        args.lda = problem.k;
        args.b = packed.get();
        args.c = y;
        args.ldc = problem.n;
        args.bias = bias.data();
        check(hone_plan_execute(plan.get(), &args));
    }

    const char *config() const { return hone_plan_config(plan.get()); }

  private:
    plan_ptr plan;
    hone_problem problem;
    std::vector<float> bias;
    memory_ptr packed;
};

int run(const char *database) {
    hone_activation gelu;
    hone_problem problem;
    hone_match match;
    check(hone_activation_parse(&gelu, "gelu_tanh"));
    hone_problem_init(&problem, HONE_F32, gelu, 128, 3072, 768);

    auto context = make<context_ptr>(hone_context_create);
    auto db = database ? make<db_ptr>(hone_db_open, database) : db_ptr();
    check(hone_db_lookup(&match, db.get(), context.get(), "cpu", &problem, nullptr));

    /* Inputs whose result is known: each product is 1/4 . 1/8, each sum K of them and the bias. */
    std::vector<float> x(size_t(problem.m * problem.k), 0.25F), y(size_t(problem.m * problem.n));
    std::vector<float> weights(size_t(problem.k * problem.n), 0.125F);
    layer up(context.get(), problem, match.config, weights.data(),
             std::vector<float>(size_t(problem.n), -23.0F));
    std::printf("match   %s\nconfig  %s\n", hone_match_kind_name(match.kind), up.config());
    up(y.data(), x.data());
    double sum = double(problem.k) / 32 - 23, expected = hone_activation_reference(gelu, sum, nullptr);
    std::printf("C[0,0] %.6f, expected %.6f\n", double(y.front()), expected);
    return std::fabs(y.front() - expected) <= 1e-5 && y.front() == y.back() ? 0 : 1;
}

} // namespace

int main(int argc, char **argv) try {
    return run(argc > 1 ? argv[1] : nullptr);
} catch (const std::exception &error) {
    std::fprintf(stderr, "gemm_layer: %s\n", error.what());
    return 1;
}
