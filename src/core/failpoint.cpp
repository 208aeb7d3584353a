#include "core/failpoint.h"

#ifdef OUTBOX_RELAY_FAILPOINTS

#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <list>
#include <stdexcept>
#include <string>

namespace outbox_relay::core {
namespace {

struct Point {
  std::string name;
  bool is_mutation = false;
  bool is_bug = false;
  std::atomic<long> passes_left{0};
};

std::list<Point> read_points() {
  std::list<Point> points;
  const char* const text = std::getenv("OUTBOX_RELAY_FAILPOINTS");
  std::string_view rest = text != nullptr ? text : "";
  while (!rest.empty()) {
    const std::string_view item = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), item.size() + 1));
    const auto equals = item.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view action = item.substr(equals + 1);
    Point& point = points.emplace_back();
    point.name = item.substr(0, equals);
    point.is_mutation = action == "on";
    point.is_bug = action.starts_with("bug@");
    const auto at = action.find('@');
    if (at == std::string_view::npos) continue;
    long count = 0;
    std::from_chars(action.data() + at + 1, action.data() + action.size(), count);
    point.passes_left = count;
  }
  return points;
}

Point* find(std::string_view name) {
  static std::list<Point> points = read_points();
  for (Point& point : points) {
    if (point.name == name) return &point;
  }
  return nullptr;
}

}  // namespace

void failpoint(std::string_view name) {
  Point* const point = find(name);
  if (point == nullptr || point->is_mutation || --point->passes_left != 0) return;
  if (point->is_bug) throw std::logic_error{"failpoint " + point->name};
  std::raise(SIGKILL);
}

bool is_mutated(std::string_view name) {
  const Point* const point = find(name);
  return point != nullptr && point->is_mutation;
}

}  // namespace outbox_relay::core

#endif
