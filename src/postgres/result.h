#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct pg_result;

namespace outbox_relay::postgres {

/// What one statement returned, in binary. Views into it live as long as any copy: copies share the memory.
class Result {
 public:
  explicit Result(pg_result* taken);

  [[nodiscard]] int rows() const;
  [[nodiscard]] int columns() const;
  /// Rows touched by an UPDATE, DELETE or INSERT.
  [[nodiscard]] std::size_t affected() const;
  [[nodiscard]] bool is_null(int row, int column) const;
  /// In bytes; 0 for NULL too.
  [[nodiscard]] std::size_t size(int row, int column) const;
  /// Empty for NULL too.
  [[nodiscard]] std::string_view bytes(int row, int column) const;
  [[nodiscard]] std::string text(int row, int column) const { return std::string{bytes(row, column)}; }
  [[nodiscard]] std::int64_t bigint(int row, int column) const;
  [[nodiscard]] bool boolean(int row, int column) const;

 private:
  std::shared_ptr<pg_result> result_;
};

}  // namespace outbox_relay::postgres
