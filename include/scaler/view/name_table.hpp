#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace scaler::view {

// Names that many records share, each under a number for as long as somebody holds it; then the
// number may stand for another name. What comes in is any bytes, what is kept can be shown. Number
// 0 is the empty name, always.
class NameTable {
 public:
  static constexpr std::size_t name_bytes_max = 256;  // the rest of a longer one is cut off
  static std::string shown(std::string_view bytes);

  NameTable();
  std::uint32_t hold(std::string_view bytes);
  void hold_again(std::uint32_t number) { ++entries_[number].holders; }
  void release(std::uint32_t number);
  const std::string& at(std::uint32_t number) const { return entries_[number].name; }

  std::vector<std::uint32_t> held() const;  // ascending
  std::vector<std::uint32_t> take_new();    // those given a name since the last call

 private:
  struct Entry {
    std::string name;
    std::size_t holders = 0;
  };
  std::vector<Entry> entries_;
  std::vector<std::uint32_t> unused_;
  std::vector<std::uint32_t> new_;
  std::unordered_map<std::string, std::uint32_t> numbers_;
};

}  // namespace scaler::view
