#include "telemetry/line_log.h"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>

#include <atomic>
#include <cstddef>
#include <mutex>
#include <string>
#include <utility>

#include "telemetry/line_writer.h"

namespace outbox_relay::telemetry {

namespace {

/// `%v` is the body, which begins with the level.
std::string pattern_for(LogFormat format) {
  const std::string time = "%Y-%m-%dT%H:%M:%S.%eZ";
  switch (format) {
    case LogFormat::text:
      return time + " %v";
    case LogFormat::logfmt:
      return "ts=" + time + " %v";
    case LogFormat::json:
      return R"({"ts":")" + time + R"(",%v})";
  }
  return "%v";
}

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warn:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

/// The index in `all_log_levels`.
std::size_t index_of(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::trace:
    case spdlog::level::debug:
      return static_cast<std::size_t>(LogLevel::debug);
    case spdlog::level::warn:
      return static_cast<std::size_t>(LogLevel::warn);
    case spdlog::level::err:
    case spdlog::level::critical:
      return static_cast<std::size_t>(LogLevel::error);
    case spdlog::level::info:
    case spdlog::level::off:
    case spdlog::level::n_levels:
      break;
  }
  return static_cast<std::size_t>(LogLevel::info);
}

/// spdlog serialises the calls to `sink_it_`.
class DescriptorSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit DescriptorSink(int descriptor) : writer_(descriptor) {}

  [[nodiscard]] LogCounts counts() const {
    LogCounts counts;
    for (std::size_t at = 0; at < written_.size(); ++at) counts.written[at] = written_[at].load();
    counts.suppressed = suppressed_.load();
    return counts;
  }
  void count_suppressed() { suppressed_.fetch_add(1); }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    if (writer_.write({line.data(), line.size()})) {
      written_[index_of(message.level)].fetch_add(1);
    } else {
      count_suppressed();
    }
  }
  void flush_() override {}  // nothing is buffered

  LineWriter writer_;
  std::array<std::atomic<std::uint64_t>, std::size(all_log_levels)> written_{};
  std::atomic<std::uint64_t> suppressed_{0};
};

}  // namespace

struct LineLog::Implementation {
  Implementation(const LogOptions& options, Time source)
      : time(std::move(source)),
        format(
            options.format.value_or(isatty(options.descriptor) == 1 ? LogFormat::text : LogFormat::logfmt)),
        sink(std::make_shared<DescriptorSink>(options.descriptor)),
        logger("outbox-relay", sink) {
    sink->set_formatter(std::make_unique<spdlog::pattern_formatter>(pattern_for(format),
                                                                    spdlog::pattern_time_type::utc, "\n"));
    logger.set_level(to_spdlog(options.level));
    logger.set_error_handler([this](const std::string&) { sink->count_suppressed(); });
  }

  Time time;
  LogFormat format;
  std::shared_ptr<DescriptorSink> sink;
  spdlog::logger logger;
};

LineLog::LineLog(const LogOptions& options, Time time)
    : implementation_(std::make_unique<Implementation>(options, std::move(time))) {}

LineLog::~LineLog() = default;

void LineLog::write(LogLevel level, std::string_view message, LogFields fields) noexcept {
  auto& [time, format, sink, logger] = *implementation_;
  if (!logger.should_log(to_spdlog(level))) return;
  try {
    const auto body = format_body(format, level, message, fields);
    logger.log(time.wall(), spdlog::source_loc{}, to_spdlog(level),
               spdlog::string_view_t(body.data(), body.size()));
  } catch (...) {  // out of memory: a log line is worth less than what is under way
    sink->count_suppressed();
  }
}

void LineLog::set_level(LogLevel level) noexcept {
  implementation_->logger.set_level(to_spdlog(level));
}

void LineLog::count_suppressed() noexcept {
  implementation_->sink->count_suppressed();
}

LogCounts LineLog::counts() const noexcept {
  return implementation_->sink->counts();
}

}  // namespace outbox_relay::telemetry
