#include "postgres/result.h"

#include <libpq-fe.h>

#include <charconv>

#include "postgres/binary.h"

namespace outbox_relay::postgres {

Result::Result(pg_result* taken) : result_(taken, &PQclear) {}

int Result::rows() const {
  return PQntuples(result_.get());
}

int Result::columns() const {
  return PQnfields(result_.get());
}

std::size_t Result::affected() const {
  const std::string_view count = PQcmdTuples(result_.get());
  std::size_t number = 0;
  std::from_chars(count.data(), count.data() + count.size(), number);
  return number;
}

bool Result::is_null(int row, int column) const {
  return PQgetisnull(result_.get(), row, column) != 0;
}

std::size_t Result::size(int row, int column) const {
  return static_cast<std::size_t>(PQgetlength(result_.get(), row, column));
}

std::string_view Result::bytes(int row, int column) const {
  return {PQgetvalue(result_.get(), row, column), size(row, column)};
}

std::int64_t Result::bigint(int row, int column) const {
  return read_number<std::int64_t>(bytes(row, column));
}

bool Result::boolean(int row, int column) const {
  return read_number<std::uint8_t>(bytes(row, column)) != 0;
}

}  // namespace outbox_relay::postgres
