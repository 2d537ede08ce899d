#include "view/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace scaler::view {

std::string_view name_of(wire::TaskState state) {
  constexpr std::array<std::string_view, 11> names = {"waiting",
                                                      "running",
                                                      "canceling",
                                                      "balance_canceling",
                                                      "success",
                                                      "failed",
                                                      "failed_worker_died",
                                                      "canceled",
                                                      "canceled_not_found",
                                                      "balance_canceled",
                                                      "worker_disconnecting"};
  return names.at(static_cast<std::size_t>(state));
}

std::string_view name_of(scheduler::Standing standing) {
  constexpr std::array<std::string_view, 7> names = {"unknown", "waiting",   "waiting_for_inputs",
                                                     "running", "canceling", "balance_canceling",
                                                     "graph"};
  return names.at(static_cast<std::size_t>(standing));
}

std::string printable(std::string_view text) {
  std::string shown;
  for (const char letter : text) {
    const auto code = static_cast<unsigned char>(letter);
    if (code >= 0x20 && code < 0x7f)
      shown += letter;
    else
      shown += fmt::format("\\x{:02x}", code);
  }
  return shown;
}

std::string megabytes(std::uint64_t bytes) {
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

std::string percent(std::uint16_t permille) { return fmt::format("{:.1f}%", permille / 10.0); }

std::string listed(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " and " : ", ";
    text += printable(words[i]);
  }
  return text;
}

std::string capabilities_text(const wire::Capabilities& offered) {
  std::string text;
  for (const wire::Capability& one : offered) {
    if (!text.empty()) text += ", ";
    text += printable(one.name);
    if (one.value != -1) text += fmt::format("={}", one.value);
  }
  return text;
}

std::string plural(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string columns(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i)
      line += i + 1 == row.size() ? row[i] : fmt::format("{:{}}  ", row[i], widths[i]);
    text += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
  }
  return text;
}

}  // namespace scaler::view
