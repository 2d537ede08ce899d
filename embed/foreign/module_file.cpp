#include <cstdint>
#include <string_view>

#include "embed/carried/gunzip.hpp"
#include "embed/foreign/foreign_python.hpp"

extern "C" const char scaler_foreign_module[];  // module_file.S
extern "C" const std::uint64_t scaler_foreign_module_size;

namespace scaler::embed {

std::string foreign_module_file() {
  return gunzip({scaler_foreign_module, scaler_foreign_module_size});
}

}  // namespace scaler::embed
