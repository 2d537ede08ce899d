#include "scaler/config/values.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config/text.hpp"

namespace scaler::config {
namespace {

Result<Capability> parse_item(std::string_view item) {
  const std::size_t equals = item.find('=');
  const std::string_view name = trimmed(item.substr(0, equals));
  if (name.empty())
    return Error{Errc::usage,
                 fmt::format("'{}' has no name before the = (for example cpu=4)", printable(item))};
  if (equals == std::string_view::npos) return Capability(name, -1);
  const std::string_view quantity = trimmed(item.substr(equals + 1));
  if (quantity.empty()) return Capability(name, -1);
  const std::optional<std::int64_t> number = parse_integer(quantity);
  if (!number)
    return Error{Errc::usage, fmt::format("'{}': '{}' is not a whole number (for example cpu=4)",
                                          printable(item), printable(quantity))};
  return Capability(name, *number);
}

}  // namespace

Result<std::vector<Capability>> parse_capabilities(std::string_view text) {
  std::vector<Capability> capabilities;
  for (const std::string& item : split_at(text, ',')) {
    if (trimmed(item).empty()) continue;
    SCALER_TRY(capability, parse_item(item));
    const auto known =
        std::find_if(capabilities.begin(), capabilities.end(),
                     [&](const Capability& c) { return c.first == capability.first; });
    if (known == capabilities.end()) {
      capabilities.push_back(std::move(capability));
    } else {
      known->second = capability.second;
    }
  }
  return capabilities;
}

std::string to_string(const std::vector<Capability>& capabilities) {
  std::string text;
  for (const auto& [name, quantity] : capabilities) {
    if (!text.empty()) text += ',';
    text += quantity == -1 ? name : fmt::format("{}={}", name, quantity);
  }
  return text;
}

}  // namespace scaler::config
