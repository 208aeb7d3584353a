#include <algorithm>
#include <sstream>

#include "results.h"

namespace outbox_relay::bench {
namespace {

// In pixels.
constexpr int left = 200;
constexpr int bar_width = 480;
constexpr int right = 120;
constexpr int row_height = 24;
constexpr int top = 44;

// The greys are readable on white and on black; the bars say which arm is the relay.
constexpr const char* style =
    "<style>text{font:13px sans-serif;fill:#777}.title{font-weight:bold}.bar{fill:#9aa5b1}"
    ".relay{fill:#2f81c7}.spread{stroke:#777;stroke-width:1.5}</style>";

}  // namespace

std::string Results::to_svg() const {
  const Column& column = shape_.columns.front();
  double most = 0;
  for (const Arm& arm : shape_.arms) {
    if (const auto values = spread(arm.name, column.measure)) most = std::max(most, values->most);
  }
  const auto pixels = [most](double value) { return most > 0 ? value / most * bar_width : 0; };
  const int width = left + bar_width + right;
  const int height = top + row_height * static_cast<int>(shape_.arms.size()) + 8;
  std::ostringstream svg;
  svg << "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" << width << "\" height=\"" << height
      << "\" viewBox=\"0 0 " << width << ' ' << height << "\" role=\"img\">" << style
      << "<text class=\"title\" x=\"8\" y=\"20\">" << shape_.title << ": " << column.title << "</text>\n";
  int y = top;
  for (const Arm& arm : shape_.arms) {
    const auto values = spread(arm.name, column.measure);
    if (!values) continue;
    const bool is_relay = arm.name.find("relay") != std::string::npos;
    const int middle = y + row_height / 2 - 3;
    svg << "<text x=\"" << left - 8 << "\" y=\"" << middle + 4 << "\" text-anchor=\"end\">" << arm.name
        << "</text>"
        << "<rect class=\"" << (is_relay ? "relay" : "bar") << "\" x=\"" << left << "\" y=\"" << y
        << "\" width=\"" << pixels(values->median) << "\" height=\"" << row_height - 6 << "\"/>"
        << "<line class=\"spread\" x1=\"" << left + pixels(values->least) << "\" x2=\""
        << left + pixels(values->most) << "\" y1=\"" << middle << "\" y2=\"" << middle << "\"/>"
        << "<text x=\"" << left + pixels(values->most) + 8 << "\" y=\"" << middle + 4 << "\">"
        << grouped(values->median, column.decimals) << "</text>\n";
    y += row_height;
  }
  svg << "</svg>\n";
  return svg.str();
}

}  // namespace outbox_relay::bench
