#include "page/html.h"

#include "support/catch.h"

using outbox_relay::page::to_html;
using outbox_relay::page::to_html_with_code;

TEST_CASE("text can leave neither its element nor its attribute", "[html]") {
  CHECK(to_html("<script>alert('a' & \"b\")</script>") ==
        "&lt;script&gt;alert(&#39;a&#39; &amp; &quot;b&quot;)&lt;/script&gt;");
}

TEST_CASE("what is in backticks is code, and a lone backtick is one", "[html]") {
  CHECK(to_html_with_code("`a` and `<b>`, or `c") == "<code>a</code> and <code>&lt;b&gt;</code>, or `c");
  CHECK(to_html_with_code("``") == "<code></code>");
}

TEST_CASE("what is no text becomes a sign that shows it", "[html]") {
  CHECK(to_html(std::string_view("a\0b\x1B[31m\xC3", 9)) == "a\uFFFDb\uFFFD[31m\uFFFD");
  CHECK(to_html("größer – 字") == "größer – 字");
}

TEST_CASE("a long text is cut between characters", "[html]") {
  CHECK(to_html(std::string(2000, 'x')) == std::string(2000, 'x'));
  CHECK(to_html(std::string(2001, 'x')) == std::string(2000, 'x') + "…");
  CHECK(to_html(std::string(1999, 'x') + "ü") == std::string(1999, 'x') + "…");
}
