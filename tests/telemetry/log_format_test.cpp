#include "telemetry/log_format.h"

#include <boost/json/parse.hpp>
#include <limits>
#include <string>

#include "support/catch.h"

using namespace outbox_relay::telemetry;

namespace {

std::string text(std::string_view message, LogFields fields = {}) {
  return format_body(LogFormat::text, LogLevel::info, message, fields);
}
std::string logfmt(std::string_view message, LogFields fields = {}) {
  return format_body(LogFormat::logfmt, LogLevel::info, message, fields);
}
std::string json(std::string_view message, LogFields fields = {}) {
  return format_body(LogFormat::json, LogLevel::info, message, fields);
}

/// What a JSON reader makes of a text that went through a line.
std::string read_back(std::string_view value) {
  const auto object = boost::json::parse("{" + json("m", {{"value", value}}) + "}");
  return std::string(object.at("value").as_string());
}

using namespace std::string_view_literals;

}  // namespace

TEST_CASE("fields of every type in every format", "[log_format]") {
  const LogFields fields{
      {"outbox", "orders"}, {"rows", std::size_t{12}}, {"offset", -1}, {"seconds", 0.25}, {"on", true}};
  CHECK(text("started relaying", fields) ==
        "info  started relaying outbox=orders rows=12 offset=-1 seconds=0.25 on=true");
  CHECK(logfmt("started relaying", fields) ==
        R"(level=info msg="started relaying" outbox=orders rows=12 offset=-1 seconds=0.25 on=true)");
  CHECK(
      json("started relaying", fields) ==
      R"("level":"info","msg":"started relaying","outbox":"orders","rows":12,"offset":-1,"seconds":0.25,"on":true)");
}

TEST_CASE("a field with an empty text is left out", "[log_format]") {
  CHECK(logfmt("m", {{"hint", ""}, {"outbox", "orders"}}) == R"(level=info msg="m" outbox=orders)");
}

TEST_CASE("logfmt quotes what its readers would misread", "[log_format]") {
  const auto value_of = [](std::string_view value) {
    return logfmt("m", {{"v", value}}).substr(std::string_view(R"(level=info msg="m" v=)").size());
  };
  CHECK(value_of("plain-1.2:3/x") == "plain-1.2:3/x");
  CHECK(value_of("two words") == R"("two words")");
  CHECK(value_of("a=b") == R"("a=b")");
  CHECK(value_of("say \"hi\"") == R"("say \"hi\"")");
  CHECK(value_of("C:\\x") == R"("C:\\x")");
  CHECK(value_of("a\nb\tc\r") == R"("a\nb\tc\r")");
  CHECK(value_of("größer") == "\"größer\"");
}

TEST_CASE("no text can forge another line or field, or steer a terminal", "[log_format]") {
  const auto nasty = "x\" level=error\nts=2026 \x1b[2J\x7f\0y\xC2\x9B"sv;
  for (const auto format : {LogFormat::text, LogFormat::logfmt, LogFormat::json}) {
    const auto line = format_body(format, LogLevel::info, nasty, {{"v", nasty}});
    INFO(line);
    for (const char character : line) {
      CHECK(static_cast<unsigned char>(character) >= 0x20);
      CHECK(character != '\x7f');
    }
    CHECK(line.find("\xC2\x9B") == std::string::npos);
  }
  CHECK(logfmt(nasty) == R"(level=info msg="x\" level=error\nts=2026 \u001b[2J\u007f\u0000y\u009b")");
  CHECK(text("100 % \"sure\" {} %v") == "info  100 % \"sure\" {} %v");
}

TEST_CASE("JSON readers get back what was logged", "[log_format]") {
  for (const auto value : {"plain"sv, "say \"hi\""sv, "back\\slash"sv, "a\nb\tc\r\b\f"sv, "\0nul\x1f\x7f"sv,
                           "größer, 漢字, 😀"sv, "\xC2\x9B\xC2\xA0"sv}) {
    CHECK(read_back(value) == value);
  }
}

TEST_CASE("what is not UTF-8 is replaced byte by byte", "[log_format]") {
  const std::string bad = "\xEF\xBF\xBD";
  CHECK(read_back("caf\xE9!"sv) == "caf" + bad + "!");              // Latin-1
  CHECK(read_back("\xC3"sv) == bad);                                // cut short
  CHECK(read_back("\xE2\x82"sv) == bad + bad);                      // cut short
  CHECK(read_back("\xC0\xAF"sv) == bad + bad);                      // overlong
  CHECK(read_back("\xE0\x80\xAF"sv) == bad + bad + bad);            // overlong
  CHECK(read_back("\xED\xA0\x80"sv) == bad + bad + bad);            // a surrogate
  CHECK(read_back("\xF4\x90\x80\x80"sv) == bad + bad + bad + bad);  // beyond U+10FFFF
  CHECK(read_back("\xF4\x8F\xBF\xBF"sv) == "\xF4\x8F\xBF\xBF");     // U+10FFFF
}

TEST_CASE("numbers that JSON has no word for are null", "[log_format]") {
  const auto nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(json("m", {{"age", nan}}) == R"("level":"info","msg":"m","age":null)");
  CHECK(logfmt("m", {{"age", nan}}) == R"(level=info msg="m" age=nan)");
}

TEST_CASE("a very long text is cut, between characters", "[log_format]") {
  std::string long_text;
  while (long_text.size() < 100'000) long_text += "€";
  const auto cut = read_back(long_text);
  CHECK(cut.size() < 2100);
  CHECK(cut.ends_with("€…"));
  CHECK(logfmt("m", {{"v", std::string(5000, 'x')}}).size() < 2100);
}
