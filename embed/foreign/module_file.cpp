#include "embed/foreign/foreign_python.hpp"

extern "C" const char scaler_foreign_module[];  // module_file.S
extern "C" const char scaler_foreign_module_end[];

namespace scaler::embed {

std::string_view foreign_module_file() {
  return {scaler_foreign_module,
          static_cast<std::size_t>(scaler_foreign_module_end - scaler_foreign_module)};
}

}  // namespace scaler::embed
