#include "embed/foreign/foreign_python.hpp"

namespace scaler::embed {

std::string_view foreign_module_file() { return {}; }

}  // namespace scaler::embed
