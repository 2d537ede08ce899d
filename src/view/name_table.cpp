#include "scaler/view/name_table.hpp"

#include <algorithm>
#include <utility>

#include "scaler/view/formats.hpp"

namespace scaler::view {

std::string NameTable::shown(std::string_view bytes) {
  return display_text(bytes.substr(0, name_bytes_max));
}

NameTable::NameTable() {
  entries_.push_back({{}, 1});
  numbers_.emplace(std::string(), 0);
}

std::uint32_t NameTable::hold(std::string_view bytes) {
  std::string name = shown(bytes);
  if (const auto known = numbers_.find(name); known != numbers_.end()) {
    ++entries_[known->second].holders;
    return known->second;
  }
  if (unused_.empty()) {
    unused_.push_back(static_cast<std::uint32_t>(entries_.size()));
    entries_.emplace_back();
  }
  const std::uint32_t number = unused_.back();
  unused_.pop_back();
  numbers_.emplace(name, number);
  entries_[number] = {std::move(name), 1};
  new_.push_back(number);
  return number;
}

void NameTable::release(std::uint32_t number) {
  if (--entries_[number].holders > 0) return;
  numbers_.erase(entries_[number].name);
  unused_.push_back(number);
}

std::vector<std::uint32_t> NameTable::held() const {
  std::vector<std::uint32_t> found;
  for (std::uint32_t number = 0; number < entries_.size(); ++number)
    if (entries_[number].holders > 0) found.push_back(number);
  return found;
}

std::vector<std::uint32_t> NameTable::take_new() {
  std::vector<std::uint32_t> taken = std::exchange(new_, {});
  std::sort(taken.begin(), taken.end());
  taken.erase(std::unique(taken.begin(), taken.end()), taken.end());
  std::erase_if(taken, [&](std::uint32_t number) { return entries_[number].holders == 0; });
  return taken;
}

}  // namespace scaler::view
