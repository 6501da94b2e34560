// The Google Benchmark layer (libbenchmark 1.7 or newer). The library counts,
// repeats, aggregates and prints; each iteration is timed by its case.
//
// Two things of the library are worked around. It appends "/iterations:N" and
// "/manual_time" to every name, in reports as well as where it filters and
// lists: so the reporters here clear those parts, and filtering and listing
// happen here, on the plain names. And it keeps flags and context in globals
// and exits on some bad flags: so every call starts from the defaults, and the
// help callback, which the library calls before it exits, throws instead.
#include "gbench.h"

#include <benchmark/benchmark.h>
#include <regex.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using Run = benchmark::BenchmarkReporter::Run;
using Cases = std::vector<const hone_gbench_case *>;

constexpr int kBadFlags = -1, kBadFile = -2, kMaxCounters = 32;

struct BadFlag : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// ---------------------------------------------------------------------- flags

// What an earlier call in this process may have changed.
const char *const kDefaultFlags[] = {"--benchmark_list_tests=false",
                                     "--benchmark_filter=",
                                     "--benchmark_min_warmup_time=0",
                                     "--benchmark_repetitions=1",
                                     "--benchmark_enable_random_interleaving=false",
                                     "--benchmark_report_aggregates_only=false",
                                     "--benchmark_display_aggregates_only=false",
                                     "--benchmark_format=console",
                                     "--benchmark_out_format=json",
                                     "--benchmark_color=auto",
                                     "--benchmark_perf_counters=",
                                     "--benchmark_time_unit=us",
                                     "--v=0"};

// The library tells its flags to nobody, so those needed here are read again.
// The last one counts; "" for a flag without a value.
const char *find_flag(int argc, char **argv, const char *name, const char *absent) {
    const char *value = absent;
    const size_t length = std::strlen(name);
    for (int i = 1; i < argc; ++i) {
        if (std::strncmp(argv[i], name, length) != 0)
            continue;
        if (argv[i][length] == '=')
            value = argv[i] + length + 1;
        else if (argv[i][length] == '\0')
            value = "";
    }
    return value;
}

bool is_true(const std::string &value) {
    return value != "0" && value != "f" && value != "n" && value != "false" && value != "no" &&
           value != "off";
}

struct Flags {
    bool list, json, color, repeats;
    double min_time; // seconds; 0: not given
    std::string filter, out;
};

Flags read_flags(int argc, char **argv, hone_gbench_format format, const char *json_path) {
    Flags flags{};
    flags.list = is_true(find_flag(argc, argv, "--benchmark_list_tests", "false"));
    const std::string color = find_flag(argc, argv, "--benchmark_color", "auto");
    flags.color = color == "auto" ? isatty(STDOUT_FILENO) != 0 : is_true(color);
    flags.filter = find_flag(argc, argv, "--benchmark_filter", "");
    flags.min_time = std::strtod(find_flag(argc, argv, "--benchmark_min_time", "0"), nullptr);
    flags.out = json_path != nullptr ? json_path : find_flag(argc, argv, "--benchmark_out", "");
    const std::string shown =
        find_flag(argc, argv, "--benchmark_format", format == HONE_GBENCH_JSON ? "json" : "console");
    flags.json = shown == "json";
    const std::string written = find_flag(argc, argv, "--benchmark_out_format", "json");
    if ((shown != "json" && shown != "console") || written != "json")
        throw BadFlag("output comes as console or json, files as json; not as " +
                      (written != "json" ? written : shown));
    const std::string repetitions = find_flag(argc, argv, "--benchmark_repetitions", "1");
    if (std::atoi(repetitions.c_str()) < 1)
        throw BadFlag("--benchmark_repetitions=" + repetitions + " must be at least 1");
    flags.repeats = std::atoi(repetitions.c_str()) > 1;
    return flags;
}

[[noreturn]] void refuse() {
    throw BadFlag("--benchmark_time_unit must be ns, us, ms or s, and --benchmark_color must not be empty");
}

// Gives the library its flags. Throws, or returns false with the text printed,
// when there is one that it does not know.
bool set_library_flags(int argc, char **argv, const std::string &out) {
    char program[] = "hone";
    std::string out_flag = "--benchmark_out=" + out;
    std::vector<std::string> defaults(std::begin(kDefaultFlags), std::end(kDefaultFlags));
    std::vector<char *> all{argc > 0 ? argv[0] : program};
    for (std::string &flag : defaults)
        all.push_back(flag.data());
    for (int i = 1; i < argc; ++i)
        all.push_back(argv[i]);
    all.push_back(out_flag.data());
    int count = static_cast<int>(all.size());
    all.push_back(nullptr);

    auto *&context = benchmark::internal::GetGlobalContext();
    delete context;
    context = nullptr;
    benchmark::Initialize(&count, all.data(), refuse);
    return !benchmark::ReportUnrecognizedArguments(count, all.data());
}

// ------------------------------------------------------------------ reporters

// Names as the caller gave them, and only numbers that JSON can hold: the
// library's own aggregates (the variation of an error of 0) can be NaN.
std::vector<Run> plain(const std::vector<Run> &reports) {
    std::vector<Run> runs(reports);
    for (Run &run : runs) {
        const std::string name = run.run_name.function_name;
        run.run_name = benchmark::BenchmarkName();
        run.run_name.function_name = name;
        for (auto it = run.counters.begin(); it != run.counters.end();)
            it = std::isfinite(it->second.value) ? std::next(it) : run.counters.erase(it);
        if (!std::isfinite(run.real_accumulated_time))
            run.real_accumulated_time = 0;
        if (!std::isfinite(run.cpu_accumulated_time))
            run.cpu_accumulated_time = 0;
    }
    return runs;
}

// The counters that a line of a terminal has room for; the JSON has everything.
struct Column {
    const char *counter;
    int width;
};
constexpr Column kColumns[] = {{"p50_us", 10},   {"p95_us", 10},          {"gflops", 9},
                               {"pct_peak", 10}, {"err_bound_ratio", 17}, {"samples", 9}};

// Four digits, but all that a whole part has; whole numbers as such.
std::string four_digits(double value) {
    char text[32];
    const double size = std::fabs(value);
    if (value == std::floor(value))
        std::snprintf(text, sizeof text, "%.0f", value);
    else if (size < 0.01)
        std::snprintf(text, sizeof text, "%.1e", value);
    else
        std::snprintf(text, sizeof text, "%.*f", size < 10 ? 3 : size < 100 ? 2 : size < 1000 ? 1 : 0, value);
    return text;
}

std::string right(const std::string &text, int width) {
    const size_t wide = static_cast<size_t>(width);
    return std::string(text.size() < wide ? wide - text.size() : 1, ' ') + text;
}

class PlainConsole : public benchmark::ConsoleReporter {
  public:
    // A column of names `width` wide.
    PlainConsole(bool color, size_t width)
        : ConsoleReporter(color ? OO_Color : OO_None), color_(color), width_(width) {}
    // Distributions build the library with assertions, of which it warns. They
    // are not in the timed region here.
    bool ReportContext(const Context &context) override {
        std::ostream &err = GetErrorStream();
        std::stringstream text;
        SetErrorStream(&text);
        const bool wanted = ConsoleReporter::ReportContext(context);
        SetErrorStream(&err);
        name_field_width_ = width_;
        for (std::string line; std::getline(text, line);)
            if (line.find("Library was built as DEBUG") == std::string::npos)
                err << line << "\n";
        return wanted;
    }
    void ReportRuns(const std::vector<Run> &reports) override { ConsoleReporter::ReportRuns(plain(reports)); }

  protected:
    // The library's columns are the mean and the processor's time, of the samples beside the case's as well.
    void PrintHeader(const Run &) override {
        std::string line = "benchmark";
        line.resize(width_, ' ');
        for (const Column &column : kColumns)
            line += right(column.counter, column.width);
        line += "  config";
        GetOutputStream() << line << "\n" << std::string(line.size(), '-') << "\n";
    }
    void PrintRunData(const Run &run) override {
        if (run.counters.find(kColumns[0].counter) == run.counters.end()) { // an error
            ConsoleReporter::PrintRunData(run);
            return;
        }
        const bool relative = run.aggregate_unit == benchmark::kPercentage;
        std::string name = run.benchmark_name();
        if (name.size() < width_)
            name.resize(width_, ' ');
        GetOutputStream() << (color_ ? "\033[32m" + name + "\033[m" : name);
        for (const Column &column : kColumns) {
            const auto it = run.counters.find(column.counter);
            const std::string text = it == run.counters.end() ? "-"
                                     : relative               ? four_digits(100 * it->second.value) + "%"
                                                              : four_digits(it->second.value);
            GetOutputStream() << right(text, column.width);
        }
        GetOutputStream() << "  " << run.report_label << "\n";
    }

  private:
    bool color_;
    size_t width_;
};

class PlainJson : public benchmark::JSONReporter {
  public:
    void ReportRuns(const std::vector<Run> &reports) override { JSONReporter::ReportRuns(plain(reports)); }
    void Finalize() override {
        JSONReporter::Finalize();
        GetOutputStream().flush();
        failed = !GetOutputStream().good();
    }
    bool failed = false;
};

// An empty document: the library does not call its reporters when nothing runs.
void report_nothing(PlainJson &reporter) {
    benchmark::BenchmarkReporter::Context context;
    context.name_field_width = 0;
    reporter.ReportContext(context);
    reporter.Finalize();
}

// ---------------------------------------------------------------------- cases

// As the library filters: an extended regular expression found anywhere in the
// name; with "-" before it, those it is not found in.
Cases select_cases(const hone_gbench_case *cases, int count, std::string filter) {
    const bool negative = !filter.empty() && filter[0] == '-';
    if (negative)
        filter.erase(0, 1);
    if (filter.empty() || filter == "all")
        filter = ".";
    regex_t pattern;
    if (const int code = regcomp(&pattern, filter.c_str(), REG_EXTENDED | REG_NOSUB)) {
        char reason[128];
        regerror(code, &pattern, reason, sizeof reason);
        throw BadFlag("--benchmark_filter: '" + filter + "' is no regular expression: " + reason);
    }
    Cases selected;
    for (int i = 0; i < count; ++i)
        if ((regexec(&pattern, cases[i].name, 0, nullptr, 0) == 0) != negative)
            selected.push_back(&cases[i]);
    regfree(&pattern);
    return selected;
}

void run_case(benchmark::State &state, const hone_gbench_case &self) {
    for (auto _ : state) {
        const double seconds = self.iterate(self.context);
        if (seconds < 0) {
            state.SkipWithError(self.error(self.context));
            return;
        }
        state.SetIterationTime(seconds);
    }
    hone_gbench_counter counters[kMaxCounters];
    int count = kMaxCounters;
    const char *label = self.finish(self.context, counters, &count);
    for (int i = 0; i < count; ++i)
        if (std::isfinite(counters[i].value))
            state.counters[counters[i].name] = counters[i].value;
    state.SetLabel(label);
}

void register_cases(const Cases &cases, double min_time) {
    benchmark::ClearRegisteredBenchmarks();
    for (const hone_gbench_case *one : cases) {
        auto *entry = benchmark::RegisterBenchmark(one->name,
                                                   [one](benchmark::State &state) { run_case(state, *one); });
        const int64_t iterations = one->iterations(one->context, min_time);
        entry->UseManualTime()->Iterations(iterations > 0 ? iterations : 1);
    }
}

void run_cases(const Cases &cases, const Flags &flags, PlainJson &file) {
    PlainJson json;
    size_t width = std::strlen("benchmark");
    for (const hone_gbench_case *one : cases)
        width = std::max(width, std::strlen(one->name) + (flags.repeats ? std::strlen("_median") : 0));
    PlainConsole console(flags.color, width);
    benchmark::BenchmarkReporter *display = &console;
    if (flags.json)
        display = &json;
    register_cases(cases, flags.min_time);
    benchmark::RunSpecifiedBenchmarks(display, flags.out.empty() ? nullptr : &file, "all");
    benchmark::ClearRegisteredBenchmarks();
}

void report_no_cases(const Flags &flags, std::ofstream &out, PlainJson &file) {
    std::cerr << "no benchmark matches '" << flags.filter << "'\n";
    PlainJson json;
    if (flags.json)
        report_nothing(json);
    if (!flags.out.empty()) {
        file.SetOutputStream(&out);
        report_nothing(file);
    }
}

int run(int argc, char **argv, const hone_gbench_case *cases, int count, hone_gbench_format format,
        const char *json_path, const char *const *keys, const char *const *values, int pairs) {
    const Flags flags = read_flags(argc, argv, format, json_path);
    if (!set_library_flags(argc, argv, flags.out))
        return kBadFlags;
    for (int i = 0; i < pairs; ++i)
        benchmark::AddCustomContext(keys[i], values[i]);

    const Cases selected = select_cases(cases, count, flags.filter);
    if (flags.list) {
        for (const hone_gbench_case *one : selected)
            std::cout << one->name << "\n";
        std::cout.flush();
        return static_cast<int>(selected.size());
    }
    // The library would exit over a file that it cannot open.
    std::ofstream out;
    if (!flags.out.empty()) {
        out.open(flags.out);
        if (!out.is_open())
            return kBadFile;
    }
    PlainJson file;
    if (selected.empty())
        report_no_cases(flags, out, file);
    else {
        out.close();
        run_cases(selected, flags, file);
    }
    return file.failed ? kBadFile : static_cast<int>(selected.size());
}

} // namespace

extern "C" int hone_gbench_run(int argc, char **argv, const hone_gbench_case *cases, int count,
                               hone_gbench_format format, const char *json_path, const char *const *keys,
                               const char *const *values, int pairs) {
    try {
        return run(argc, argv, cases, count, format, json_path, keys, values, pairs);
    } catch (const std::exception &error) {
        std::cerr << error.what() << "\n";
        return kBadFlags;
    }
}

extern "C" const char *hone_gbench_version(void) { return HONE_BENCHMARK_VERSION; }
