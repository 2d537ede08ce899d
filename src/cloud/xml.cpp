#include "scaler/cloud/xml.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdint>

namespace scaler::cloud {

namespace {

constexpr unsigned depth_max = 32;
constexpr std::size_t elements_max = 100'000;
constexpr std::string_view space = " \t\r\n";

class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  Result<Xml> whole() {
    SCALER_CHECK(skip_between());
    SCALER_TRY(root, element(0));
    SCALER_CHECK(skip_between());
    if (!rest_.empty()) return wrong("something after its end");
    return root;
  }

 private:
  static Error wrong(std::string_view what) {
    return {Errc::bad_message, fmt::format("xml: {}", what)};
  }

  bool take(std::string_view word) {
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  void skip_space() { rest_.remove_prefix(std::min(rest_.find_first_not_of(space), rest_.size())); }
  // Up to and with `mark`.
  Status skip_past(std::string_view mark) {
    const std::size_t at = rest_.find(mark);
    if (at == std::string_view::npos) return wrong(fmt::format("no '{}'", mark));
    rest_.remove_prefix(at + mark.size());
    return ok();
  }
  Status skip_between() {
    while (true) {
      skip_space();
      if (take("<?")) {
        SCALER_CHECK(skip_past("?>"));
      } else if (take("<!--")) {
        SCALER_CHECK(skip_past("-->"));
      } else {
        return ok();
      }
    }
  }

  Result<std::string> name() {
    const std::size_t end = std::min(rest_.find_first_of(" \t\r\n/>=<\"'&!"), rest_.size());
    if (end == 0) return wrong("an element without a name");
    std::string found(rest_.substr(0, end));
    rest_.remove_prefix(end);
    return found;
  }

  Result<Xml> element(unsigned depth) {
    if (depth == depth_max) return wrong("too deep");
    if (++elements_ > elements_max) return wrong("too many elements");
    if (!take("<")) return wrong("no element");
    Xml found;
    SCALER_TRY(own, name());
    found.name = std::move(own);
    SCALER_CHECK(skip_attributes());
    if (take("/>")) return found;
    if (!take(">")) return wrong("a tag that does not end");
    while (!take("</")) SCALER_CHECK(content(found, depth));
    SCALER_TRY(closing, name());
    skip_space();
    if (closing != found.name || !take(">")) return wrong("a tag that does not end as it began");
    return found;
  }

  Status skip_attributes() {
    while (true) {
      skip_space();
      if (rest_.empty() || rest_[0] == '>' || rest_[0] == '/') return ok();
      SCALER_TRY(attribute, name());
      skip_space();
      if (!take("=")) return wrong("an attribute without a value");
      skip_space();
      const char quote = rest_.empty() ? ' ' : rest_[0];
      if (quote != '"' && quote != '\'') return wrong("an attribute without quotes");
      rest_.remove_prefix(1);
      SCALER_CHECK(skip_past(std::string_view(&quote, 1)));
    }
  }

  Status content(Xml& into, unsigned depth) {
    if (rest_.empty()) return wrong("an element that does not end");
    if (take("<!--")) return skip_past("-->");
    if (take("<?")) return skip_past("?>");
    if (take("<![CDATA[")) {
      const std::size_t end = rest_.find("]]>");
      into.text += rest_.substr(0, end);
      return skip_past("]]>");
    }
    if (rest_[0] == '<') {
      SCALER_TRY(child, element(depth + 1));
      into.children.push_back(std::move(child));
      return ok();
    }
    const std::size_t end = std::min(rest_.find('<'), rest_.size());
    SCALER_CHECK(unescape(rest_.substr(0, end), into.text));
    rest_.remove_prefix(end);
    return ok();
  }

  static Status unescape(std::string_view text, std::string& into) {
    while (!text.empty()) {
      const std::size_t plain = std::min(text.find('&'), text.size());
      into += text.substr(0, plain);
      text.remove_prefix(plain);
      if (text.empty()) return ok();
      const std::size_t end = text.find(';');
      if (end == std::string_view::npos || end > 10) return wrong("an entity that does not end");
      SCALER_CHECK(entity(text.substr(1, end - 1), into));
      text.remove_prefix(end + 1);
    }
    return ok();
  }

  static Status entity(std::string_view name, std::string& into) {
    if (name == "amp") return put(into, '&');
    if (name == "lt") return put(into, '<');
    if (name == "gt") return put(into, '>');
    if (name == "quot") return put(into, '"');
    if (name == "apos") return put(into, '\'');
    const bool hexadecimal = name.starts_with("#x");
    if (!name.starts_with("#")) return wrong("an unknown entity");
    name.remove_prefix(hexadecimal ? 2 : 1);
    std::uint32_t code = 0;
    const auto [end, error] =
        std::from_chars(name.data(), name.data() + name.size(), code, hexadecimal ? 16 : 10);
    if (error != std::errc() || end != name.data() + name.size() || code > 0x10ffff)
      return wrong("an unknown character");
    append_utf8(into, code);
    return ok();
  }
  static Status put(std::string& into, char character) {
    into += character;
    return ok();
  }
  static void append_utf8(std::string& into, std::uint32_t code) {
    const unsigned tails = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    constexpr std::uint32_t heads[] = {0, 0xc0, 0xe0, 0xf0};
    into += static_cast<char>(heads[tails] | (code >> (6 * tails)));
    for (unsigned i = tails; i-- > 0;) into += static_cast<char>(0x80 | ((code >> (6 * i)) & 0x3f));
  }

  std::string_view rest_;
  std::size_t elements_ = 0;
};

}  // namespace

Result<Xml> Xml::parse(std::string_view text) { return Parser(text).whole(); }

const Xml* Xml::find(std::string_view child) const {
  for (const Xml& each : children)
    if (each.name == child) return &each;
  return nullptr;
}

const Xml* Xml::walk(std::string_view path) const {
  const Xml* here = this;
  while (here != nullptr && !path.empty()) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    here = here->find(path.substr(0, slash));
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return here;
}

std::string Xml::at(std::string_view path) const {
  const Xml* found = walk(path);
  return found == nullptr ? std::string() : found->text;
}

}  // namespace scaler::cloud
