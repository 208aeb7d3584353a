// The benchmark; run.sh builds and starts it. README.md says what it measures, and how.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "machine.h"
#include "results.h"
#include "shape.h"
#include "shape_parts.h"

namespace {

using namespace outbox_relay::bench;

struct Options {
  std::vector<std::string> only;
  std::vector<std::string> arms;
  std::optional<int> repeats;
  std::optional<std::size_t> rows;
  std::optional<std::size_t> large_rows;
  std::optional<std::size_t> sent_rows;
  bool is_list = false;
  bool is_quick = false;
  bool is_check = false;
  std::filesystem::path output = "build/bench";
};

constexpr Scale full_scale{};
constexpr Scale quick_scale{.rows = 200'000,
                            .large_rows = 1'000'000,
                            .sent_rows = 500'000,
                            .repeats = 2,
                            .steady = std::chrono::seconds{8},
                            .idle = std::chrono::seconds{15}};
constexpr Scale check_scale{.rows = check_rows, .repeats = 1};

Scale scale_of(const Options& options) {
  Scale scale = options.is_check ? check_scale : options.is_quick ? quick_scale : full_scale;
  scale.repeats = options.repeats.value_or(scale.repeats);
  scale.rows = options.rows.value_or(scale.rows);
  scale.large_rows = options.large_rows.value_or(scale.large_rows);
  scale.sent_rows = options.sent_rows.value_or(scale.sent_rows);
  return scale;
}

void write(const std::filesystem::path& file, const std::string& text) {
  std::ofstream{file, std::ios::binary} << text;
}

void run_arm(Lab& lab, const Shape& shape, std::size_t arm, const std::string& turn, Results& results) {
  std::cerr << shape.name << ' ' << turn << ": " << shape.arms[arm].name << std::flush;
  Measures measures = shape.arms[arm].run(lab);
  const Column& shown = shape.columns.front();
  if (const auto value = measures.find(shown.measure); value != measures.end()) {
    std::cerr << ": " << grouped(value->second, shown.decimals) << ' ' << shown.title;
  }
  std::cerr << '\n';
  results.add(arm, std::move(measures));
}

/// One drain that does not count, because the broker is slow while its code is still being compiled.
void warm_up(Lab& lab, const Drain& drain) {
  std::cerr << "warm-up" << std::flush;
  static_cast<void>(run_drain(lab, drain));
  std::cerr << '\n';
}

/// The arms in turn, so that what else happens on the machine meets them all alike.
Results run_shape(Lab& lab, const Shape& shape, const Scale& scale) {
  Results results{shape};
  const int repeats = std::min(scale.repeats, shape.repeats.value_or(scale.repeats));
  for (int repeat = 1; repeat <= repeats; ++repeat) {
    const std::string turn = std::to_string(repeat) + '/' + std::to_string(repeats);
    for (std::size_t arm = 0; arm < shape.arms.size(); ++arm) run_arm(lab, shape, arm, turn, results);
  }
  return results;
}

bool are_kept(const Shape& shape, const Results& results) {
  return std::ranges::all_of(shape.claims, [&results](const Claim& claim) {
    const auto verdict = results.judge(claim);
    return verdict && verdict->is_kept;
  });
}

/// Those whose names contain one of the texts; all of them when there is none.
void keep_arms(Shape& shape, const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  std::erase_if(shape.arms, [&texts](const Arm& arm) {
    return std::ranges::none_of(
        texts, [&arm](const std::string& text) { return arm.name.find(text) != std::string::npos; });
  });
}

std::vector<Shape> chosen_shapes(const Options& options, const Scale& scale) {
  std::vector<Shape> shapes = make_shapes(scale);
  for (const std::string& name : options.only) {
    if (std::ranges::find(shapes, name, &Shape::name) == shapes.end())
      throw std::runtime_error("there is no shape " + name + "; --list shows them");
  }
  std::erase_if(shapes, [&options](const Shape& shape) {
    if (options.only.empty()) return options.is_quick && !options.is_list && !shape.is_quick;
    return std::ranges::find(options.only, shape.name) == options.only.end();
  });
  for (Shape& shape : shapes) keep_arms(shape, options.arms);
  return shapes;
}

void list(const std::vector<Shape>& shapes) {
  for (const Shape& shape : shapes) {
    std::cout << shape.name << ": " << shape.title << " (" << (shape.is_quick ? "quick; " : "")
              << grouped(shape.disk_gb, 1) << " GB)\n";
  }
}

int run(const Options& options) {
  const Scale scale = scale_of(options);
  const auto shapes = options.is_check ? std::vector{make_check()} : chosen_shapes(options, scale);
  if (options.is_list) {
    list(shapes);
    return 0;
  }
  std::filesystem::create_directories(options.output);
  std::cerr << "starting PostgreSQL and Kafka\n";
  Lab lab;
  const Machine machine = describe_machine(lab);
  write(options.output / "machine.md", to_markdown(machine));
  const Drain usual = relay_drain(scale.rows);
  warm_up(lab, usual);
  bool kept = true;
  for (const Shape& shape : shapes) {
    const Results results = run_shape(lab, shape, scale);
    lab.tidy_up(usual.backlog);
    write(options.output / (shape.name + ".json"), results.to_json(scale, machine));
    write(options.output / (shape.name + ".md"), results.to_markdown());
    write(options.output / (shape.name + ".svg"), results.to_svg());
    std::cout << results.to_markdown() << std::endl;
    kept = kept && are_kept(shape, results);
  }
  return options.is_check && !kept ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "Measures outbox-relay against a bare program and the usual loop; see README.md beside the source"};
  Options options;
  app.add_option("--only", options.only, "a shape, may be repeated; all of them without it");
  app.add_option("--arm", options.arms, "only arms with this in their names, may be repeated");
  app.add_option("--repeats", options.repeats, "how often each arm is run")->check(CLI::PositiveNumber);
  app.add_option("--rows", options.rows, "how many rows a backlog has")->check(CLI::PositiveNumber);
  app.add_flag("--list", options.is_list, "shows the shapes, those of --quick and the disk that each needs");
  app.add_flag("--quick", options.is_quick,
               "fewer rows and two repeats; without --only a few shapes: two minutes");
  app.add_option("--large-rows", options.large_rows, "how many rows a large backlog has");
  app.add_option("--sent-rows", options.sent_rows, "how many sent rows are retained");
  app.add_flag("--check", options.is_check, "a tiny run that fails when a count is not what it should be");
  app.add_option("--output", options.output, "where the results go")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    return run(options);
  } catch (const std::exception& error) {
    std::cerr << "\nbench: " << error.what() << '\n';
    return 1;
  }
}
