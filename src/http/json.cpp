#include "scaler/http/json.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdint>

namespace scaler::http {

namespace {

constexpr unsigned depth_max = 32;

class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  Result<Json> whole() {
    SCALER_TRY(found, value(0));
    skip_space();
    if (!rest_.empty()) return wrong("something after its end");
    return found;
  }

 private:
  static Error wrong(std::string_view what) {
    return {Errc::bad_message, fmt::format("json: {}", what)};
  }

  void skip_space() {
    while (!rest_.empty() && std::string_view(" \t\r\n").find(rest_[0]) != std::string_view::npos)
      rest_.remove_prefix(1);
  }
  bool take(std::string_view word) {
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  bool take_mark(char mark) {
    skip_space();
    return take(std::string_view(&mark, 1));
  }

  Result<Json> value(unsigned depth) {
    if (depth > depth_max) return wrong("too deep");
    skip_space();
    if (take("null")) return Json();
    if (take("true")) return Json(true);
    if (take("false")) return Json(false);
    if (take("{")) return object(depth);
    if (take("[")) return list(depth);
    if (rest_.starts_with('"')) {
      SCALER_TRY(found, text());
      return Json(std::move(found));
    }
    return number();
  }

  Result<Json> object(unsigned depth) {
    Json::Object members;
    if (take_mark('}')) return Json(std::move(members));
    do {
      skip_space();
      SCALER_TRY(name, text());
      if (!take_mark(':')) return wrong("a member without ':'");
      SCALER_TRY(member, value(depth + 1));
      members.insert_or_assign(std::move(name), std::move(member));
    } while (take_mark(','));
    if (!take_mark('}')) return wrong("an object that does not end");
    return Json(std::move(members));
  }

  Result<Json> list(unsigned depth) {
    Json::List entries;
    if (take_mark(']')) return Json(std::move(entries));
    do {
      SCALER_TRY(entry, value(depth + 1));
      entries.push_back(std::move(entry));
    } while (take_mark(','));
    if (!take_mark(']')) return wrong("a list that does not end");
    return Json(std::move(entries));
  }

  Result<Json> number() {
    double found = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), found);
    if (error != std::errc() || end == rest_.data()) return wrong("no value");
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return Json(found);
  }

  Result<std::string> text() {
    if (!take("\"")) return wrong("a text without '\"'");
    std::string found;
    while (!rest_.empty() && rest_[0] != '"') {
      const char next = rest_[0];
      rest_.remove_prefix(1);
      if (static_cast<unsigned char>(next) < 0x20) return wrong("a control character in a text");
      if (next != '\\') {
        found += next;
        continue;
      }
      if (Status escaped = escape(found); !escaped) return std::move(escaped.error());
    }
    if (!take("\"")) return wrong("a text that does not end");
    return found;
  }

  Status escape(std::string& found) {
    constexpr std::string_view marks = "\"\\/bfnrt";
    constexpr std::string_view meant = "\"\\/\b\f\n\r\t";
    if (rest_.empty()) return wrong("a text that does not end");
    const char mark = rest_[0];
    rest_.remove_prefix(1);
    if (const std::size_t at = marks.find(mark); at != std::string_view::npos) {
      found += meant[at];
      return ok();
    }
    if (mark != 'u') return wrong("an unknown escape");
    SCALER_TRY(unit, code_unit());
    std::uint32_t code = unit;
    if (code >= 0xd800 && code < 0xdc00) {
      if (!take("\\u")) return wrong("half a surrogate pair");
      SCALER_TRY(low, code_unit());
      if (low < 0xdc00 || low > 0xdfff) return wrong("half a surrogate pair");
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    append_utf8(found, code);
    return ok();
  }

  Result<std::uint32_t> code_unit() {
    std::uint32_t unit = 0;
    if (rest_.size() < 4 ||
        std::from_chars(rest_.data(), rest_.data() + 4, unit, 16).ptr != rest_.data() + 4)
      return wrong("\\u without four digits");
    rest_.remove_prefix(4);
    return unit;
  }

  static void append_utf8(std::string& to, std::uint32_t code) {
    const auto put = [&](std::uint32_t byte) { to += static_cast<char>(byte); };
    const auto tail = [&](unsigned shift) { put(0x80 | ((code >> shift) & 0x3f)); };
    if (code < 0x80) {
      put(code);
    } else if (code < 0x800) {
      put(0xc0 | (code >> 6));
      tail(0);
    } else if (code < 0x10000) {
      put(0xe0 | (code >> 12));
      tail(6);
      tail(0);
    } else {
      put(0xf0 | (code >> 18));
      tail(12);
      tail(6);
      tail(0);
    }
  }

  std::string_view rest_;
};

}  // namespace

Result<Json> Json::parse(std::string_view text) { return Parser(text).whole(); }

const Json* Json::find(std::string_view name) const {
  const auto found = members_.find(name);
  return found == members_.end() ? nullptr : &found->second;
}

std::optional<std::string> Json::text(std::string_view name) const {
  const Json* member = find(name);
  if (member == nullptr || member->as_text() == nullptr) return std::nullopt;
  return *member->as_text();
}

std::optional<double> Json::number(std::string_view name) const {
  const Json* member = find(name);
  return member == nullptr ? std::nullopt : member->as_number();
}

std::optional<double> Json::as_number() const {
  return kind_ == Kind::number ? std::optional(number_) : std::nullopt;
}

std::string json_text(std::string_view text) {
  std::string quoted = "\"";
  for (const char character : text) {
    const auto code = static_cast<unsigned char>(character);
    if (character == '"' || character == '\\')
      quoted += {'\\', character};
    else if (code < 0x20)
      quoted += fmt::format("\\u{:04x}", code);
    else
      quoted += character;
  }
  return quoted + '"';
}

}  // namespace scaler::http
