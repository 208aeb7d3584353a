#include "core/utf8.h"

#include "support/catch.h"

using outbox_relay::core::beginning_of;
using outbox_relay::core::is_text;

TEST_CASE("the beginning of a text ends between two characters", "[utf8]") {
  CHECK(beginning_of("abc", 3) == "abc");
  CHECK(beginning_of("abc", 2) == "ab");
  CHECK(beginning_of("aü", 3) == "aü");
  CHECK(beginning_of("aü", 2) == "a");
  CHECK(beginning_of("a😀b", 5) == "a😀");
  CHECK(beginning_of("a😀b", 4) == "a");
  CHECK(beginning_of("😀", 0).empty());
}

TEST_CASE("the beginning of what is no text has an end, too", "[utf8]") {
  CHECK(beginning_of("\x80\x80\x80\x80\x80\x80\x80\x80", 7).size() == 4);
}

TEST_CASE("text is UTF-8 without zeros", "[utf8]") {
  CHECK(is_text(""));
  CHECK(is_text("aü😀\n"));
  CHECK_FALSE(is_text("\x85"));
  CHECK_FALSE(is_text("a\xC3"));
  CHECK_FALSE(is_text(std::string_view{"a\0b", 3}));
}
