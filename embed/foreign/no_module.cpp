#include "embed/foreign/foreign_python.hpp"

namespace scaler::embed {

std::string foreign_module_file() { return {}; }

}  // namespace scaler::embed
