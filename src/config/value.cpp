#include "config/value.hpp"

#include <fmt/format.h>

#include <charconv>

#include "config/option_groups.hpp"
#include "config/text.hpp"
#include "scaler/config/values.hpp"

namespace scaler::config {
namespace {

constexpr std::size_t shown_bytes_max = 300;  // of an error that repeats what was typed

Error not_allowed(const Option& option, std::string_view text) {
  const bool number = option.type == Type::integer && parse_integer(text).has_value();
  const std::string shown = number ? std::string(text) : fmt::format("'{}'", printable(text));
  return {Errc::usage, fmt::format("{} is not allowed ({})", shown, expectation(option))};
}

Result<Value> check_integer(const Option& option, const std::string& text) {
  const std::optional<std::int64_t> number = parse_integer(text);
  if (!number) return not_allowed(option, text);
  if (option.least && *number < *option.least) return not_allowed(option, text);
  if (option.most && *number > *option.most)
    return Error{Errc::usage, fmt::format("{} is not allowed ({}, at most {})", text,
                                          expectation(option), *option.most)};
  if (option.never_zero && *number == 0) return not_allowed(option, text);
  return Value(*number);
}

Result<Value> check_decimal(const Option& option, const std::string& text) {
  double number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = failure == std::errc{} && end == text.data() + text.size();
  if (!whole || !(number > 0) || number > static_cast<double>(seconds_max))
    return not_allowed(option, text);
  return Value(number);
}

Result<Value> check_flag(const Option& option, const std::string& text) {
  if (equal_ignoring_case(text, "true")) return Value(true);
  if (equal_ignoring_case(text, "false")) return Value(false);
  return not_allowed(option, text);
}

Result<Value> check_choice(const Option& option, const std::string& text) {
  for (std::string_view choice : option.choices)
    if (equal_ignoring_case(choice, text)) return Value(std::string(choice));
  return not_allowed(option, text);
}

Result<Value> check_address(const Option& option, const std::string& text) {
  auto parsed = Address::parse(text);
  if (!parsed) return Error{Errc::usage, printable(parsed.error().text, shown_bytes_max)};
  Address& address = *parsed;
  if (option.tcp_only && !address.has_port())
    return Error{Errc::usage, fmt::format("'{}' is not allowed (a tcp address, such as "
                                          "tcp://127.0.0.1:6378)",
                                          printable(text))};
  if (option.use == AddressUse::connect && address.has_port()) {
    if (address.port == 0)
      return Error{Errc::usage,
                   fmt::format("'{}' has port 0, which only a listener may have", printable(text))};
    if (address.host == "*")
      return Error{Errc::usage,
                   fmt::format("'{}' has host *, which only a listener may have", printable(text))};
  }
  return Value(std::move(address));
}

Result<Value> check_host_port(const Option& option, const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return not_allowed(option, text);
  const std::optional<std::int64_t> port = parse_integer(text.substr(colon + 1));
  if (!port || *port < 1 || *port > 65535) return not_allowed(option, text);
  return Value(text);
}

Result<Value> check_list(const Option& option, const std::vector<std::string>& words) {
  std::vector<std::string> items;
  for (const std::string& word : words) {
    if (option.type == Type::words) {
      if (!word.empty()) items.push_back(word);
      continue;
    }
    for (std::string& item : split_at(word, ','))
      if (!item.empty()) items.push_back(std::move(item));
  }
  if (items.empty() && option.need != Need::optional)
    return Error{Errc::usage,
                 fmt::format("an empty list is not allowed ({})", expectation(option))};
  return Value(std::move(items));
}

Result<Value> check_text(const Option& option, const std::string& text) {
  if (text.empty() && option.need != Need::optional) return not_allowed(option, text);
  return Value(text);
}

}  // namespace

Result<Value> check_value(const Option& option, const std::vector<std::string>& words) {
  // It would end the word where a process is given it.
  for (const std::string& word : words)
    if (word.find('\0') != std::string::npos)
      return Error{Errc::usage, fmt::format("'{}' holds a zero byte", printable(word))};
  if (option.type == Type::words || option.type == Type::comma_list)
    return check_list(option, words);
  const std::string text = words.empty() ? std::string() : words.back();
  switch (option.type) {
    case Type::integer:
      return check_integer(option, text);
    case Type::decimal:
      return check_decimal(option, text);
    case Type::flag:
      return check_flag(option, text);
    case Type::choice:
      return check_choice(option, text);
    case Type::address:
      return check_address(option, text);
    case Type::host_port:
      return check_host_port(option, text);
    case Type::capabilities:
      if (auto parsed = parse_capabilities(text); !parsed) return std::move(parsed.error());
      return Value(text);
    default:
      return check_text(option, text);
  }
}

std::vector<std::string> texts_of(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return {*text};
  if (const auto* number = std::get_if<std::int64_t>(&value)) return {std::to_string(*number)};
  if (const auto* number = std::get_if<double>(&value)) return {fmt::format("{}", *number)};
  if (const auto* truth = std::get_if<bool>(&value)) return {*truth ? "true" : "false"};
  if (const auto* address = std::get_if<Address>(&value)) return {address->to_string()};
  const auto& items = std::get<std::vector<std::string>>(value);
  return items.empty() ? std::vector<std::string>{""} : items;
}

}  // namespace scaler::config
