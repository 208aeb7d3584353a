#include <algorithm>
#include <sstream>
#include <utility>

#include "results.h"

namespace outbox_relay::bench {
namespace {

// In pixels.
constexpr double letter_width = 7.5;
constexpr int gap = 8;
constexpr int bar_width = 480;
constexpr int right = 120;
constexpr int row_height = 24;
constexpr int bar_height = row_height - 6;
constexpr int tick_height = 8;
constexpr int top = 44;

// All of it can be seen on white and on black, the spread on the bars, too; the bars say which arm is the
// relay.
constexpr const char* style =
    "<style>text{font:13px sans-serif;fill:#777}.title{font-weight:bold}.bar{fill:#aab4bf}"
    ".relay{fill:#58a6ff}.spread{stroke:#57606a;stroke-width:2;fill:none}</style>";

struct Bar {
  std::string name;
  Spread values;
};

/// The spread as a line with a tick at each end.
std::string whisker(double least, double most, int middle) {
  std::ostringstream path;
  const auto tick = [&path, middle](double x) {
    path << 'M' << x << ' ' << middle - tick_height / 2 << 'v' << tick_height;
  };
  tick(least);
  tick(most);
  path << 'M' << least << ' ' << middle << 'H' << most;
  return "<path class=\"spread\" d=\"" + path.str() + "\"/>";
}

}  // namespace

std::string Results::to_svg() const {
  const Column& column = shape_.columns.front();
  std::vector<Bar> bars;
  double most = 0;
  std::size_t longest_name = 0;
  for (const Arm& arm : shape_.arms) {
    const auto values = spread(arm.name, column.measure);
    if (!values) continue;
    bars.push_back({arm.name, *values});
    most = std::max(most, values->most);
    longest_name = std::max(longest_name, arm.name.size());
  }
  const auto pixels = [most](double value) { return most > 0 ? value / most * bar_width : 0; };
  const int left = static_cast<int>(static_cast<double>(longest_name) * letter_width) + 2 * gap;
  const int width = left + bar_width + right;
  const int height = top + row_height * static_cast<int>(bars.size()) + gap;
  std::ostringstream svg;
  svg << "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" << width << "\" height=\"" << height
      << "\" viewBox=\"0 0 " << width << ' ' << height << "\" role=\"img\">" << style
      << "<text class=\"title\" x=\"" << gap << "\" y=\"20\">" << shape_.title << ": " << column.title
      << "</text>\n";
  for (int y = top; const auto& [name, values] : bars) {
    const bool is_relay = name.find("relay") != std::string::npos;
    const int middle = y + bar_height / 2;
    svg << "<text x=\"" << left - gap << "\" y=\"" << middle + 4 << "\" text-anchor=\"end\">" << name
        << "</text><rect class=\"" << (is_relay ? "relay" : "bar") << "\" x=\"" << left << "\" y=\"" << y
        << "\" width=\"" << pixels(values.median) << "\" height=\"" << bar_height << "\"/>";
    if (values.least < values.most)
      svg << whisker(left + pixels(values.least), left + pixels(values.most), middle);
    svg << "<text x=\"" << left + pixels(values.most) + gap << "\" y=\"" << middle + 4 << "\">"
        << grouped(values.median, column.decimals) << "</text>\n";
    y += row_height;
  }
  svg << "</svg>\n";
  return svg.str();
}

}  // namespace outbox_relay::bench
