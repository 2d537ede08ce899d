#pragma once

#include <cstddef>
#include <span>
#include <string_view>

// The Python sources inside the program (embed.cmake says which).
namespace scaler::embed {

struct CarriedModule {
  std::string_view name;    // "scaler_runtime.run"
  bool is_package = false;  // its source is an __init__.py
  std::string_view source;  // UTF-8, as the file had it; lives as long as the program
};

std::span<const CarriedModule> carried_modules();
const CarriedModule* find_carried(std::string_view name);  // nullptr: not carried

}  // namespace scaler::embed
